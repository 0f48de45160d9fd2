"""A UPS by SNMP: read by the UPS-MIB, commanded by the maker's own objects, which are given as data.

Library: pysnmp. The UPS-MIB itself has no object by which a UPS can be told to discharge by so many kW: its
battery tests run a fixed time or until the battery is low, which no reserve survives. So without a map of
the maker's objects the UPS is only read, and counts as not available.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from vpp.agent.device_place import METER, DevicePlace
from vpp.agent.drivers.power_command import FULL_RATIO, PowerLimits, power_order
from vpp.agent.drivers.snmp_session import SnmpSession, SnmpTable, credentials_of
from vpp.agent.drivers.table import DriverTable, read_file, read_table
from vpp.agent.drivers.ups_mib import (
    ALARM_DESCRIPTION,
    ALARMS_PRESENT,
    SCALARS,
    alarms_of,
    line_oids,
    quantities_of,
)
from vpp.foundation.device_terms import (
    Applied,
    DeviceCondition,
    Health,
    Outcome,
    Reading,
    Setpoint,
)
from vpp.foundation.errors import InvalidInput

OID = r"^\d+(\.\d+)+$"


class NumberObject(DriverTable):
    """An object that takes a number.

    Attributes:
        oid: Object identifier of the instance.
        scale: Value per count.
    """

    oid: str = Field(pattern=OID)
    scale: float = Field(default=1.0, gt=0, allow_inf_nan=False)

    def count(self, value: float) -> int:
        """Return the count that says a value."""
        return round(value / self.scale)


class SwitchObject(DriverTable):
    """An object that turns something on and off.

    Attributes:
        oid: Object identifier of the instance.
        on: Value that turns it on.
        off: Value that turns it off.
    """

    oid: str = Field(pattern=OID)
    on: int = 1
    off: int = 0

    @model_validator(mode="after")
    def _turns(self) -> Self:
        if self.on == self.off:
            raise ValueError(f"on and off are both {self.on}, expected two values")
        return self


class CommandObjects(DriverTable):
    """How a kind of UPS is told to discharge.

    Attributes:
        name: Of the kind of UPS.
        source: Where the identifiers are from.
        power: Discharge wanted, kW.
        enable: Turns the command on.
        expiry: After how many seconds without a new command it lets go by itself.
    """

    name: str = Field(min_length=1)
    source: str = Field(min_length=1)
    power: NumberObject
    enable: SwitchObject
    expiry: NumberObject | None = None


class SnmpUpsTable(SnmpTable):
    """A UPS by SNMP.

    Attributes:
        conversion_ratio: Output over input while it neither charges nor discharges; measure it.
        objects: File of the maker's command objects; absent for a UPS that is only read.
        limits: What it can do; with `objects`.
        without_watchdog: Accept objects without `expiry`: the UPS keeps discharging if the agent's
            machine dies.
    """

    conversion_ratio: float = Field(gt=0, le=1)
    objects: Path | None = None
    limits: PowerLimits | None = None
    without_watchdog: bool = False


def device_of(table: Mapping[str, object], place: DevicePlace) -> "SnmpUps":
    """Build the UPS that a table describes.

    Raises:
        InvalidInput: The table, a secret or the file of command objects is wrong.
    """
    where = place.where
    settings = read_table(SnmpUpsTable, table, where)
    if place.kind == METER:
        raise InvalidInput(f"{where}: a UPS is no meter of the site's net power")
    session = SnmpSession(settings, credentials_of(settings, place.folder, where))
    if settings.objects is None:
        return SnmpUps(settings, None, session, place)
    objects = read_file(CommandObjects, place.folder / settings.objects, f"{where}.objects")
    if settings.limits is None:
        raise InvalidInput(f"{where}.limits is missing, expected max_reduction_kw at least")
    if objects.expiry is None and not settings.without_watchdog:
        raise InvalidInput(
            f"{where}.objects {settings.objects} has no expiry, so the UPS would keep discharging if this "
            "machine died; without_watchdog = true accepts that"
        )
    return SnmpUps(settings, objects, session, place)


class SnmpUps:
    """One UPS by SNMP."""

    def __init__(
        self,
        settings: SnmpUpsTable,
        objects: CommandObjects | None,
        session: SnmpSession,
        place: DevicePlace,
    ) -> None:
        """Prepare; the first call asks the UPS."""
        self._settings = settings
        self._objects = objects
        self._session = session
        self._place = place
        self._is_discharging = False
        self._charge_ratio = 0.0
        self._condition = DeviceCondition(Health.OK)

    def read(self) -> Reading:
        """Read charge, powers and alarms."""
        at = self._place.clock.now()
        scalars = self._session.get(SCALARS)
        lines = self._session.get(line_oids(scalars))
        descriptions = self._session.walk(ALARM_DESCRIPTION) if scalars[ALARMS_PRESENT] else []
        quantities = quantities_of(scalars, lines, self._settings.conversion_ratio)
        if self._objects is None:
            quantities["available"] = 0.0
        else:
            enable = self._objects.enable
            self._is_discharging = self._session.get([enable.oid])[enable.oid] == enable.on
        self._charge_ratio = quantities["state_of_charge_ratio"]
        alarms = alarms_of(scalars, descriptions, is_commanded=self._is_discharging)
        health = Health.ALARM if alarms else Health.OK
        self._condition = DeviceCondition(health, at, alarms=alarms, detail="; ".join(alarms))
        return Reading(at, quantities, alarms)

    def apply(self, setpoint: Setpoint) -> Applied:
        """Tell the UPS to discharge, or give it back; what it holds afterwards is read again."""
        objects, limits = self._objects, self._settings.limits
        if objects is None or limits is None:
            return self._applied(Outcome.FAILED, "is only read")
        order = power_order(setpoint, limits)
        if order.is_refused:
            return self._applied(Outcome.FAILED, order.remark)
        if order.power_kw is None:
            return self.release()
        if order.power_kw <= 0.0:
            released = self.release()
            if released.outcome is Outcome.FAILED or self._charge_ratio >= FULL_RATIO:
                return released
            return self._applied(Outcome.FAILED, "recharges by itself, which cannot be limited")
        return self._told(objects, order.power_kw, order.remark)

    def _told(self, objects: CommandObjects, power_kw: float, remark: str) -> Applied:
        told = {objects.power.oid: objects.power.count(power_kw)}
        if objects.expiry is not None:
            told[objects.expiry.oid] = objects.expiry.count(self._place.command_hold.total_seconds())
        told[objects.enable.oid] = objects.enable.on
        self._session.set(told)
        kept = (objects.power.oid, objects.enable.oid)
        held = self._session.get(kept)
        if any(held[oid] != told[oid] for oid in kept):
            return self._applied(Outcome.FAILED, "holds something else than it was told")
        self._is_discharging = True
        return self._applied(Outcome.APPLIED, remark)

    def release(self) -> Applied:
        """Turn the discharge off, and read that back."""
        if self._objects is None:
            return self._applied(Outcome.UNCHANGED, "is only read")
        enable = self._objects.enable
        self._session.set({enable.oid: enable.off})
        if self._session.get([enable.oid])[enable.oid] != enable.off:
            return self._applied(Outcome.FAILED, "keeps discharging")
        self._is_discharging = False
        return self._applied(Outcome.APPLIED)

    def health(self) -> DeviceCondition:
        """Return what the last calls found."""
        return self._condition

    def close(self) -> None:
        """Close the socket."""
        self._session.close()

    def _applied(self, outcome: Outcome, detail: str = "") -> Applied:
        return Applied(outcome, self._place.clock.now(), detail)
