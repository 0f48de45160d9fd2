"""A cooling plant behind BACnet/IP: read by points, commanded by its setpoint or its demand limit.

    setpoint   T = T0 + reduction / s   with s kW per kelvin, T0 the setpoint when the driver began
    limit      L = P0 - reduction       with P0 the plant's power when the driver began
               L = P0 + recovery limit  while it recovers; never above the limit found
    reduction  P0 - P                   at the point of connection, measured

Written at one priority of the point's priority array and given back by writing Null there, so that the
site's own control and its operators (higher priorities) keep the last word. What the point shows
afterwards decides whether the command was carried out.

Source: ANSI/ASHRAE 135 (BACnet), commandable objects and priority arrays. Power saved per kelvin is the
site's own figure; the ladder of response times says how long it takes to show.
"""

import asyncio
import logging
import math
from collections.abc import Coroutine, Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal, Self, TypeVar

from bacpypes3.apdu import ErrorRejectAbortNack
from bacpypes3.ipv4.app import NormalApplication
from bacpypes3.local.device import DeviceObject
from bacpypes3.pdu import Address, IPv4Address
from bacpypes3.primitivedata import Null, ObjectIdentifier, Real
from pydantic import Field, model_validator

from vpp.agent.device_place import METER, DevicePlace
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

A = TypeVar("A")
T = TypeVar("T")
BEFORE = ("power_kw", "command")
"""What is remembered of the time before the first command."""
TRIES = 3
"""How often a request is sent within its timeout."""
PRESENT_VALUE = "present-value"
SHOWN_TOLERANCE = 1e-3
"""A point that shows the written value within this holds it: BACnet's reals are single precision."""
LEAST_CHANGE_KW = 1e-6
log = logging.getLogger(__name__)


class PointTable(DriverTable):
    """One point of the plant.

    Attributes:
        point: Type and number, such as `analog-value,3`.
        scale: The point's value is multiplied by this: 0.001 for W.
    """

    point: str = Field(pattern=r"^(analog|binary|multi-state)-(input|output|value),[0-9]{1,7}$")
    scale: float = Field(default=1.0)

    @model_validator(mode="after")
    def _has_scale(self) -> Self:
        if not math.isfinite(self.scale) or self.scale == 0.0:
            raise ValueError(f"scale is {self.scale}, expected a finite number other than 0")
        return self


class SetpointTable(DriverTable):
    """Commanding by the temperature of the leaving water or of the supply air.

    Attributes:
        point: The commandable setpoint, Celsius.
        kw_per_kelvin: Power saved per kelvin that it is raised, kW at the point of connection.
        largest_rise_kelvin: Most that it is raised.
        largest_drop_kelvin: Most that it is lowered, to draw more; 0 for not at all.
    """

    point: str = Field(pattern=r"^analog-(output|value),[0-9]{1,7}$")
    kw_per_kelvin: float = Field(gt=0, le=1e6)
    largest_rise_kelvin: float = Field(gt=0, le=15)
    largest_drop_kelvin: float = Field(default=0.0, ge=0, le=15)


class LimitTable(DriverTable):
    """Commanding by the plant's demand limit.

    Attributes:
        point: The commandable limit.
        full_scale_kw: Electric power that 1 (or 100, with `percent`) of the point stands for; absent
            where the point is in kW.
        percent: Whether the point counts in percent of `full_scale_kw`.
        least_kw: The limit is never set below this.
    """

    point: str = Field(pattern=r"^analog-(output|value),[0-9]{1,7}$")
    full_scale_kw: float | None = Field(default=None, gt=0, le=1e6)
    percent: bool = False
    least_kw: float = Field(ge=0, le=1e6)

    @model_validator(mode="after")
    def _has_scale(self) -> Self:
        if self.percent and self.full_scale_kw is None:
            raise ValueError("percent needs full_scale_kw")
        return self

    @property
    def kw_per_unit(self) -> float:
        """Electric power of one unit of the point, kW."""
        full_kw = 1.0 if self.full_scale_kw is None else self.full_scale_kw
        return full_kw / 100.0 if self.percent else full_kw


class BacnetTable(DriverTable):
    """A cooling plant behind one BACnet/IP controller.

    Attributes:
        address: The controller, `host[:port]`.
        local_address: Where the driver speaks from, `host/bits[:port]`.
        device_instance: The driver's own number, free in the network.
        priority: Priority of its commands, 1 to 16; operators have lower numbers.
        timeout: Of each request, in the machine's time.
        power: Electric power of the plant.
        quantities: Further points by the quantity they show.
        alarms: Points that are active, or other than 0, while something is wrong, by what it is.
        setpoint: Commanding by a setpoint.
        limit: Commanding by a demand limit; one of the two.
        without_watchdog: Accepts that the plant keeps a command if this machine dies: BACnet has no
            command that ends by itself.
    """

    address: str = Field(min_length=3)
    local_address: str = Field(min_length=3)
    device_instance: int = Field(ge=0, le=4_194_302)
    priority: int = Field(default=10, ge=1, le=16)
    timeout: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(minutes=1))] = timedelta(seconds=5)
    power: PointTable
    quantities: dict[str, PointTable] = Field(default_factory=dict)
    alarms: dict[str, PointTable] = Field(default_factory=dict)
    setpoint: SetpointTable | None = None
    limit: LimitTable | None = None
    without_watchdog: Literal[True]

    @model_validator(mode="after")
    def _has_one_command(self) -> Self:
        if (self.setpoint is None) == (self.limit is None):
            raise ValueError("give either setpoint or limit")
        return self


class BacnetChiller:
    """A cooling plant behind BACnet/IP (`Device`)."""

    def __init__(self, table: BacnetTable, place: DevicePlace) -> None:
        """Take up what was remembered: power and setpoint before the driver's first command."""
        self._table = table
        self._place = place
        self._runner = asyncio.Runner()
        self._application: NormalApplication | None = None
        self._failure = "has not been read yet"
        self._before = self._recalled()

    def _recalled(self) -> dict[str, float]:
        """Return what was remembered; nothing where it cannot be read: the plant tells what it holds."""
        try:
            kept = self._place.memory.recall()
            before = {name: float(str(kept[name])) for name in BEFORE if name in kept}
        except (InvalidInput, ValueError):
            log.exception("%s: what it did before is not known any more", self._place.resource_id)
            return {}
        return before if set(before) == set(BEFORE) and all(map(math.isfinite, before.values())) else {}

    async def _in_time(self, request: Coroutine[Any, Any, A]) -> A:
        return await asyncio.wait_for(request, self._table.timeout.total_seconds())

    def _within(self, work: Coroutine[Any, Any, T]) -> T:
        """Run one exchange in the calling thread; the first request without an answer in time ends it.

        Raises:
            DeviceError: The plant does not answer, or refuses.
        """
        try:
            result = self._runner.run(work)
        except (TimeoutError, asyncio.CancelledError) as error:
            # The library gives a socket that it could not open up for good, once its opening was cancelled.
            self._begin_anew()
            self._failure = "no answer in time"
            raise DeviceError(self._failure) from error
        except ErrorRejectAbortNack as error:
            self._failure = f"the controller refuses: {error}"
            raise DeviceError(self._failure) from error
        except OSError as error:
            self._failure = f"cannot be reached: {error.strerror}"
            raise DeviceError(self._failure) from error
        self._failure = ""
        return result

    def _begin_anew(self) -> None:
        """Close the socket and everything that still waits for it; the next exchange opens another one."""
        self.close()
        self._runner = asyncio.Runner()

    def _opened(self) -> NormalApplication:
        if self._application is None:
            own = DeviceObject(
                objectIdentifier=("device", self._table.device_instance),
                objectName=f"vpp-agent-{self._table.device_instance}",
                vendorIdentifier=999,
                # A datagram that is lost is sent again before the request's time is over.
                apduTimeout=max(1, round(1000.0 * self._table.timeout.total_seconds() / TRIES)),
            )
            self._application = NormalApplication(own, IPv4Address(self._table.local_address))
        return self._application

    async def _value(self, point: str) -> float:
        value = await self._in_time(
            self._opened().read_property(Address(self._table.address), ObjectIdentifier(point), PRESENT_VALUE)
        )
        try:
            number = float(value)
        except (TypeError, ValueError) as error:
            raise DeviceError(f"{point} shows {value!r}, expected a number") from error
        if not math.isfinite(number):
            raise DeviceError(f"{point} shows {number}, expected a finite number")
        return number

    async def _write(self, point: str, value: float | None) -> None:
        await self._in_time(
            self._opened().write_property(
                Address(self._table.address),
                ObjectIdentifier(point),
                PRESENT_VALUE,
                Null(()) if value is None else Real(value),
                priority=self._table.priority,
            )
        )

    async def _holds_command(self, point: str) -> bool:
        """Whether something is written at the driver's priority."""
        slot = await self._in_time(
            self._opened().read_property(
                Address(self._table.address), ObjectIdentifier(point), "priority-array", self._table.priority
            )
        )
        return getattr(slot, "_choice", "null") != "null"

    @property
    def _command_point(self) -> str:
        command = self._table.setpoint or self._table.limit
        if command is None:  # the table's own check sees to it
            raise InvalidInput(f"{self._place.where}: give either setpoint or limit")
        return command.point

    def read(self) -> Reading:
        """Read the plant's points.

        Raises:
            DeviceError: It does not answer, or a point shows no number.
        """
        return self._within(self._read())

    async def _read(self) -> Reading:
        table = self._table
        power_kw = await self._value(table.power.point) * table.power.scale
        quantities = {
            name: await self._value(point.point) * point.scale for name, point in table.quantities.items()
        }
        alarms = [name for name, point in table.alarms.items() if await self._value(point.point) != 0.0]
        quantities["power_kw"] = power_kw
        quantities["reduction_kw"] = self._before.get("power_kw", power_kw) - power_kw
        return Reading(self._place.clock.now(), quantities, tuple(alarms))

    def apply(self, setpoint: Setpoint) -> Applied:
        """Write the setpoint or the limit, and see whether the point shows it.

        Raises:
            DeviceError: The plant does not answer: what became of the command is not known.
        """
        if max(setpoint.reduction_kw, setpoint.increase_kw) <= LEAST_CHANGE_KW:
            is_held_back = self._before and math.isfinite(setpoint.recovery_limit_kw)
            if self._table.limit is None or not is_held_back:
                return self.release()  # the recovery of a plant without a limit cannot be limited
        return self._within(self._applied(setpoint))

    async def _applied(self, setpoint: Setpoint) -> Applied:
        now, point = self._place.clock.now(), self._command_point
        if not self._before:
            if await self._holds_command(point):
                # Left over from a run that is not remembered: it would be taken for the plant's own, and
                # the change made twice.
                await self._write(point, None)
            before = {
                "power_kw": await self._value(self._table.power.point) * self._table.power.scale,
                "command": await self._value(point),
            }
            self._place.memory.remember(before)  # before the plant is told: a restart must know it
            self._before = before
        wanted, short = self._wanted(setpoint)
        if wanted is None:
            return Applied(Outcome.FAILED, now, short)
        await self._write(point, wanted)
        shown = await self._value(point)
        if abs(shown - wanted) > SHOWN_TOLERANCE * max(1.0, abs(wanted)):
            return Applied(Outcome.FAILED, now, f"shows {shown:.2f} where {wanted:.2f} was written")
        if short:
            return Applied(Outcome.FAILED, now, short)
        # That the point holds it is not that the plant follows: the power to come will tell.
        return Applied(Outcome.PENDING, now, "written")

    def _wanted(self, setpoint: Setpoint) -> tuple[float | None, str]:
        """Return what to write, and why it is less than asked."""
        base, change_kw = self._before["command"], setpoint.reduction_kw - setpoint.increase_kw
        if self._table.setpoint is not None:
            table = self._table.setpoint
            kelvin = change_kw / table.kw_per_kelvin
            within = min(max(kelvin, -table.largest_drop_kelvin), table.largest_rise_kelvin)
            if within == 0.0:
                return None, "the setpoint may not be lowered"
            return base + within, "" if within == kelvin else f"the setpoint's range ends at {within:+.1f} K"
        if self._table.limit is None or change_kw < 0.0:
            return None, "a demand limit cannot raise consumption"
        limit = self._table.limit
        if change_kw <= LEAST_CHANGE_KW:
            change_kw = -setpoint.recovery_limit_kw
        wanted_kw = self._before["power_kw"] - change_kw
        within_kw = max(wanted_kw, limit.least_kw)
        is_short = change_kw > 0.0 and within_kw > wanted_kw
        short = f"the limit's range ends at {within_kw:.1f} kW" if is_short else ""
        return min(within_kw / limit.kw_per_unit, base), short

    def release(self) -> Applied:
        """Give the point back to the site's own control.

        Raises:
            DeviceError: The plant does not answer: what became of the command is not known.
        """
        return self._within(self._released())

    async def _released(self) -> Applied:
        now, point = self._place.clock.now(), self._command_point
        was_held = await self._holds_command(point)
        if was_held:
            await self._write(point, None)
            if await self._holds_command(point):
                return Applied(Outcome.FAILED, now, "the point was not given back")
        if self._before:
            self._before = {}
            try:
                self._place.memory.remember({})
            except OSError:  # the next start gives it back once more, which does no harm
                log.exception("%s: that it was given back cannot be kept", self._place.resource_id)
        return Applied(Outcome.APPLIED if was_held else Outcome.UNCHANGED, now)

    def health(self) -> DeviceCondition:
        """Return whether the last exchange succeeded."""
        return DeviceCondition(Health.LOST if self._failure else Health.OK, detail=self._failure)

    def close(self) -> None:
        """Close the socket; a command at the plant stays."""
        application, self._application = self._application, None
        if application is not None:
            self._runner.run(_closed(application))
        self._runner.close()


async def _closed(application: NormalApplication) -> None:
    """Close an application, and let its transport finish in its own loop."""
    application.close()
    await asyncio.wait_for(asyncio.shield(_next_turn()), 1.0)


async def _next_turn() -> None:
    turned = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(turned.set_result, None)
    await turned


def device_of(table: Mapping[str, object], place: DevicePlace) -> BacnetChiller:
    """Build the device that a table describes.

    Raises:
        InvalidInput: A key is unknown, missing or wrong.
    """
    if place.kind == METER:
        raise InvalidInput(f"{place.where}: bacnet_chiller takes commands; it is no meter")
    settings = read_table(BacnetTable, table, place.where)
    try:
        Address(settings.address)
        IPv4Address(settings.local_address)
    except ValueError as error:
        raise InvalidInput(f"{place.where}: an address cannot be used: {error}") from error
    return BacnetChiller(settings, place)
