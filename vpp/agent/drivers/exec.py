"""A device behind the site's own programs: one that reads it, one that commands it, one that releases it.

For everything that has no driver of its own. The programs are started without a shell, get JSON on
their standard input and answer JSON on their standard output:

    read      stdin {}                    stdout {"quantities": {"reduction_kw": 0.0, ...}, "alarms": []}
    apply     stdin {"reduction_kw": ..., "increase_kw": ..., "recovery_limit_kw": ... or null,
                     "hold_s": ...}       stdout {"outcome": "applied" or "pending", "detail": ""}, or nothing
    release   stdin {}                    stdout as for apply

Exit code 0 is success. A program that says nothing about its command has confirmed nothing: the command is
pending until the readings show it, while a release is over. Another exit code is a command that was not
carried out, or a reading that failed. A program that does not end in time is killed with all that it has
started, and what became of its command is not known.
"""

import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal, Self, TypeVar

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    ValidationError,
    model_validator,
)

from vpp.agent.device_place import METER, DevicePlace
from vpp.agent.drivers.site_program import Command, check_programs, run_program
from vpp.agent.drivers.table import DriverTable, read_table
from vpp.foundation.device_terms import (
    Applied,
    DeviceCondition,
    DeviceError,
    Health,
    Outcome,
    Reading,
    Setpoint,
)
from vpp.foundation.errors import InvalidInput

T = TypeVar("T", bound=BaseModel)


class ExecTable(DriverTable):
    """The programs of one device.

    Attributes:
        read: Program and arguments that read the device.
        apply: Program and arguments that command it; absent for a meter.
        release: Program and arguments that give it back; absent for a meter.
        timeout: A program that runs for longer is killed, in the machine's time.
        without_watchdog: Whether the site accepts that the device holds its last command if this
            machine dies; not needed where the programs see to it that it lets go after `hold_s`.
        lets_go_itself: Whether they do.
    """

    read: Command
    apply: Command | None = None
    release: Command | None = None
    timeout: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(minutes=5))] = timedelta(seconds=10)
    without_watchdog: bool = False
    lets_go_itself: bool = False

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.apply is None) != (self.release is None):
            raise ValueError("apply and release go together: what can be commanded must be given back")
        if self.apply is not None and not (self.without_watchdog or self.lets_go_itself):
            raise ValueError(
                "give lets_go_itself = true, or accept by without_watchdog = true that it does not"
            )
        return self


class _ReadAnswer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    quantities: dict[str, FiniteFloat] = Field(min_length=1)
    alarms: tuple[str, ...] = ()
    measured_at: AwareDatetime | None = None


class _CommandAnswer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    outcome: Literal["applied", "unchanged", "pending", "failed"]
    detail: str = Field(default="", max_length=200)


class ExecDevice:
    """A device behind programs of the site (`Device`)."""

    def __init__(self, table: ExecTable, place: DevicePlace) -> None:
        """Take the programs; none is started yet."""
        self._table = table
        self._place = place
        self._failure = "has not been read yet"

    def read(self) -> Reading:
        """Run the reading program.

        Raises:
            DeviceError: It fails, does not end in time, or answers nonsense.
        """
        try:
            read = self._read()
        except DeviceError as error:
            self._failure = str(error)
            raise
        self._failure = ""
        measured_at = self._place.clock.now() if read.measured_at is None else read.measured_at
        return Reading(measured_at, read.quantities, read.alarms)

    def _read(self) -> _ReadAnswer:
        code, answer = self._run(self._table.read, {})
        if code != 0:
            raise DeviceError(f"the reading program ended with {code}")
        return _parsed(_ReadAnswer, answer, "reading")

    def apply(self, setpoint: Setpoint) -> Applied:
        """Run the commanding program.

        Raises:
            DeviceError: It does not end in time, or answers nonsense.
        """
        limit_kw = setpoint.recovery_limit_kw
        return self._commanded(
            self._table.apply,
            {
                "reduction_kw": setpoint.reduction_kw,
                "increase_kw": setpoint.increase_kw,
                "recovery_limit_kw": None if math.isinf(limit_kw) else limit_kw,
                "hold_s": self._place.command_hold.total_seconds(),
            },
            Outcome.PENDING,
        )

    def release(self) -> Applied:
        """Run the releasing program.

        Raises:
            DeviceError: It does not end in time, or answers nonsense.
        """
        if self._table.release is None:
            return Applied(Outcome.UNCHANGED, self._place.clock.now(), "takes no commands")
        return self._commanded(self._table.release, {}, Outcome.APPLIED)

    def _commanded(self, command: Command | None, order: Mapping[str, object], silent: Outcome) -> Applied:
        now = self._place.clock.now()
        if command is None:
            return Applied(Outcome.FAILED, now, "takes no commands")
        code, answer = self._run(command, order)
        if code != 0:
            return Applied(Outcome.FAILED, now, f"the program ended with {code}")
        if not answer.strip():
            return Applied(silent, now)
        said = _parsed(_CommandAnswer, answer, "command")
        return Applied(Outcome(said.outcome), now, said.detail)

    def health(self) -> DeviceCondition:
        """Return whether the last reading succeeded."""
        return DeviceCondition(Health.LOST if self._failure else Health.OK, detail=self._failure)

    def close(self) -> None:
        """Nothing is open."""

    def _run(self, command: Command, order: Mapping[str, object]) -> tuple[int, str]:
        return run_program(
            command,
            order,
            folder=self._place.folder,
            timeout=self._table.timeout,
            whose=self._place.resource_id,
        )


def _parsed(model: type[T], answer: str, what: str) -> T:
    try:
        return model.model_validate_json(answer)
    except ValidationError as error:
        raise DeviceError(f"the answer to a {what} is no answer: {error.errors()[0]['msg']}") from error


def device_of(table: Mapping[str, object], place: DevicePlace) -> ExecDevice:
    """Build the device that a table describes.

    Raises:
        InvalidInput: A key is unknown, missing or wrong, or a program named by its path is not there.
    """
    settings = read_table(ExecTable, table, place.where)
    if place.kind != METER and settings.apply is None:
        raise InvalidInput(f"{place.where}.apply is missing: a device that is not a meter takes commands")
    check_programs(
        place.folder,
        {f"{place.where}.{name}": getattr(settings, name) for name in ("read", "apply", "release")},
    )
    return ExecDevice(settings, place)
