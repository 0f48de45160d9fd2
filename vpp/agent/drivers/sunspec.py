"""SunSpec devices on Modbus TCP: batteries and meters that describe themselves by published models.

Library: pysunspec2, which brings the models' definitions. Which models a device has is found by asking it.

| what | models |
|---|---|
| power of a battery or inverter | 701, or 101-103, 111-113 (`W`, positive into the grid) |
| state of charge | 713 (`SoC`), 802 (`SoC`) or 124 (`ChaState`) |
| alarms | 701 (`Alrm`), 713 (`Sta`), 802 (`Evt1`) |
| command | 704 (`WSet` in watts), or 124 (`InWRte`, `OutWRte`), each with its reversion timer |
| meter | 201-204, 211-214 (`W`, `TotWhImp`, `TotWhExp`) |

Source: SunSpec Alliance, Information Model Reference; the definitions are those of pysunspec2.
"""

import struct
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field
from sunspec2.device import ModelError
from sunspec2.modbus.client import (
    SunSpecModbusClientDeviceTCP,
    SunSpecModbusClientError,
    SunSpecModbusValueError,
)
from sunspec2.modbus.modbus import ModbusClientError

from vpp.agent.device_place import METER, DevicePlace
from vpp.agent.drivers.checked_socket import CheckedSocket
from vpp.agent.drivers.power_command import PowerLimits, power_order
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

R = TypeVar("R")
LONGEST_REVERSION_S = 65_534
"""Longest reversion time that both models can hold, s: 65535 in a 16-bit register says that there is none."""
POWER_MODELS = (701, 101, 102, 103, 111, 112, 113)
METER_MODELS = (201, 202, 203, 204, 211, 212, 213, 214)
CHARGE_POINTS = ((713, "SoC"), (802, "SoC"), (124, "ChaState"))
ALARM_POINTS = ((701, "Alrm"), (802, "Evt1"))
STORAGE_ERROR = 2
"""`Sta` of model 713: ERROR."""
WATTS = 1
"""`WSetMod` of model 704: the setpoint is in watts."""
WATT_POINTS = ("WSetEna", "WSetMod", "WSet")
RATE_POINTS = ("StorCtl_Mod", "OutWRte", "InWRte")
"""What must be read back as it was written, by model."""
BOTH_DIRECTIONS = 3
"""`StorCtl_Mod` of model 124: charging and discharging limits are both in force."""


class SunSpecTable(DriverTable):
    """A SunSpec device.

    Attributes:
        host: Name or address.
        port: TCP port.
        unit: Unit identifier behind the address.
        timeout: Longest wait for an answer.
        limits: What the device can do; for devices that take commands.
        command_model: Which model commands it; None for 704 where it has it, otherwise 124.
        reads_counters: Whether a meter's energy counters are used, which keep every watt-hour between two
            readings; not for counters too coarse for the metering interval.
        import_sign: 1 if the meter's `W` is positive for consumption, -1 if for generation.
        without_watchdog: Accept a device without a reversion timer, which keeps its last command if the
            agent's machine dies.
    """

    host: str = Field(min_length=1)
    port: int = Field(default=502, ge=1, le=65535)
    unit: int = Field(default=1, ge=0, le=255)
    timeout: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(minutes=1))] = timedelta(seconds=3)
    limits: PowerLimits | None = None
    command_model: Literal[704, 124] | None = None
    reads_counters: bool = True
    import_sign: Literal[1, -1] = 1
    without_watchdog: bool = False


def device_of(table: Mapping[str, object], place: DevicePlace) -> "SunSpecDevice":
    """Build the device that a table describes.

    Raises:
        InvalidInput: The table is wrong.
    """
    settings = read_table(SunSpecTable, table, place.where)
    if place.kind != METER and settings.limits is None:
        raise InvalidInput(f"{place.where}.limits is missing, expected max_reduction_kw at least")
    return SunSpecDevice(settings, place)


class SunSpecDevice:
    """One SunSpec device."""

    def __init__(self, settings: SunSpecTable, place: DevicePlace) -> None:
        """Prepare; the first call connects and asks the device for its models."""
        self._settings = settings
        self._place = place
        self._peer: SunSpecModbusClientDeviceTCP | None = None
        self._fresh: set[int] = set()
        self._condition = DeviceCondition(Health.OK)

    def read(self) -> Reading:
        """Read the models that matter, each once."""
        at = self._place.clock.now()
        self._fresh.clear()
        quantities = self._meter() if self._place.kind == METER else self._battery()
        alarms = tuple(self._alarms())
        health = Health.ALARM if alarms else Health.OK
        self._condition = DeviceCondition(health, at, alarms=alarms, detail="; ".join(alarms))
        return Reading(at, quantities, alarms)

    def _meter(self) -> dict[str, float]:
        model = self._read_first(METER_MODELS)
        if model is None:
            raise self._lacks("has no meter model (201-204, 211-214)")
        found: dict[str, float] = {}
        power_w, imported_wh = _value(model, "W"), _value(model, "TotWhImp")
        if power_w is not None:
            found["net_power_kw"] = self._settings.import_sign * power_w / 1000.0
        # A counter of 0 is one that the device does not keep.
        if self._settings.reads_counters and imported_wh:
            found["import_kwh"] = imported_wh / 1000.0
            found["export_kwh"] = (_value(model, "TotWhExp") or 0.0) / 1000.0
        if not found:
            raise DeviceError("its meter model shows neither power nor energy")
        return found

    def _battery(self) -> dict[str, float]:
        model = self._read_first(POWER_MODELS)
        power_w = None if model is None else _value(model, "W")
        if power_w is None:
            raise self._lacks("shows no power (models 701, 101-103, 111-113)")
        found = {"reduction_kw": power_w / 1000.0}
        for model_id, point in CHARGE_POINTS:
            charge = self._read_first((model_id,))
            percent = None if charge is None else _value(charge, point)
            if percent is not None:
                found["state_of_charge_ratio"] = percent / 100.0
                break
        return found

    def _alarms(self) -> Iterator[str]:
        """Name the bits that are raised, warnings apart."""
        for model_id, name in ALARM_POINTS:
            model = self._read_first((model_id,))
            bits = None if model is None else model.points[name].value
            if not bits:
                continue
            for symbol in model.points[name].pdef.get("symbols", ()):
                if bits >> symbol["value"] & 1 and not symbol["name"].endswith("WARNING"):
                    yield str(symbol["name"]).lower()
        storage = self._read_first((713,))
        if storage is not None and storage.points["Sta"].value == STORAGE_ERROR:
            yield "storage_error"

    def apply(self, setpoint: Setpoint) -> Applied:
        """Command the device, and read back what it holds."""
        limits = self._settings.limits
        if limits is None:
            return self._applied(Outcome.FAILED, "is only read")
        order = power_order(setpoint, limits)
        if order.is_refused:
            return self._applied(Outcome.FAILED, order.remark)
        if order.power_kw is None:
            return self.release()
        return self._told(order.power_kw, order.remark)

    def _told(self, power_kw: float, remark: str) -> Applied:
        model = self._command_model()
        in_watts = model.model_id == 704  # noqa: PLR2004  a model's number
        names, switch, on = (
            (WATT_POINTS, "WSetEna", 1) if in_watts else (RATE_POINTS, "StorCtl_Mod", BOTH_DIRECTIONS)
        )
        timer = "WSetRvrtTms" if in_watts else "InOutWRte_RvrtTms"
        held_before = _held(model, names)
        hold_s = round(self._place.command_hold.total_seconds())
        has_timer = model.points[timer].value is not None
        if not has_timer and not self._settings.without_watchdog:
            return self._applied(Outcome.FAILED, "has no reversion timer, and without_watchdog is not set")
        if has_timer:
            model.points[timer].value = min(hold_s, LONGEST_REVERSION_S)
        (self._set_watts if in_watts else self._set_rates)(model, power_kw)
        # The switch last: it comes first in the model, and would let a setpoint of before act until the new
        # one is written, or for good where the connection breaks in between.
        self._asked(model.write)
        model.points[switch].value = on
        wanted = _held(model, names)
        self._asked(model.write)
        self._asked(model.read)
        held = _held(model, names)
        if held != wanted:
            return self._applied(Outcome.FAILED, "holds another setpoint than it was told")
        if has_timer and not model.points[timer].value and not self._settings.without_watchdog:
            return self._applied(Outcome.FAILED, "keeps no reversion time: it would hold this for ever")
        outcome = Outcome.UNCHANGED if held_before == wanted else Outcome.APPLIED
        return self._applied(outcome, remark)

    def _set_watts(self, model: Any, power_kw: float) -> None:  # noqa: ANN401  the library is untyped
        points = model.points
        points["WSetMod"].value = WATTS
        if points["WSetEnaRvrt"].value is not None:
            points["WSetEnaRvrt"].value = 0  # it reverts to its own control, not to a setpoint of someone's
        self._asked(lambda: _set(points["WSet"], power_kw * 1000.0))

    def _set_rates(self, model: Any, power_kw: float) -> None:  # noqa: ANN401  the library is untyped
        """Command by shares of the largest power: at least and at most `power_kw` of discharge."""
        points = model.points
        most_w = points["WChaMax"].cvalue
        if not most_w:
            raise DeviceError("does not tell its largest power (model 124, WChaMax)")
        percent = 100.0 * power_kw * 1000.0 / most_w
        self._asked(lambda: _set(points["OutWRte"], percent))
        self._asked(lambda: _set(points["InWRte"], -percent))

    def release(self) -> Applied:
        """Turn the command off, and read that back."""
        if self._place.kind == METER:
            return self._applied(Outcome.UNCHANGED, "is only read")
        model = self._command_model()
        switch = model.points["WSetEna" if model.model_id == 704 else "StorCtl_Mod"]  # noqa: PLR2004  as above
        if not switch.value:
            return self._applied(Outcome.UNCHANGED)
        switch.value = 0
        self._asked(model.write)
        self._asked(model.read)
        if switch.value:
            return self._applied(Outcome.FAILED, "keeps its setpoint")
        return self._applied(Outcome.APPLIED)

    def health(self) -> DeviceCondition:
        """Return what the last calls found."""
        return self._condition

    def close(self) -> None:
        """Close the connection; the models are asked for again."""
        peer, self._peer = self._peer, None
        if peer is not None:
            peer.disconnect()

    def _applied(self, outcome: Outcome, detail: str = "") -> Applied:
        return Applied(outcome, self._place.clock.now(), detail)

    def _command_model(self) -> Any:  # noqa: ANN401  the library is untyped
        """Return the model that commands the device, freshly read."""
        self._fresh.clear()
        wanted = self._settings.command_model
        model = self._read_first((704, 124) if wanted is None else (wanted,))
        if model is None:
            raise self._lacks(f"has no model {wanted or '704 or 124'} to be commanded by")
        return model

    def _lacks(self, what: str) -> DeviceError:
        """Return the error, and forget the models: a garbled answer may have hidden the missing one."""
        self.close()
        return DeviceError(what)

    def _read_first(self, model_ids: tuple[int, ...]) -> Any:  # noqa: ANN401  the library is untyped
        for model_id in model_ids:
            model = self._model(model_id)
            if model is not None:
                if model_id not in self._fresh:
                    self._asked(model.read)
                    self._fresh.add(model_id)
                return model
        return None

    def _model(self, model_id: int) -> Any:  # noqa: ANN401  the library is untyped
        found = self._connected().models.get(model_id)
        return found[0] if found else None

    def _connected(self) -> SunSpecModbusClientDeviceTCP:
        if self._peer is None:
            settings = self._settings
            peer = SunSpecModbusClientDeviceTCP(
                slave_id=settings.unit,
                ipaddr=settings.host,
                ipport=settings.port,
                timeout=settings.timeout.total_seconds(),
            )
            try:
                self._asked(peer.connect)
                peer.client.socket = CheckedSocket(peer.client.socket, settings.timeout.total_seconds())
                self._asked(lambda: peer.scan(connect=False))
            except DeviceError:
                peer.disconnect()
                raise
            self._peer = peer
        return self._peer

    def _asked(self, ask: Callable[[], R]) -> R:
        try:
            return ask()
        except (SunSpecModbusValueError, ModelError) as error:
            raise DeviceError("a value does not fit its model") from error
        except (struct.error, IndexError, TypeError, ValueError) as error:
            # The library does not check an answer's length before it takes it apart.
            self.close()
            raise DeviceError("answers garbage") from error
        except (SunSpecModbusClientError, ModbusClientError, OSError) as error:
            self.close()  # what comes later would be taken for the answer to something else
            raise DeviceError(f"does not answer: {type(error).__name__}") from error


def _held(model: Any, names: tuple[str, ...]) -> tuple[Any, ...]:  # noqa: ANN401  the library is untyped
    return tuple(model.points[name].value for name in names)


def _set(point: Any, value: float) -> None:  # noqa: ANN401  the library is untyped
    point.cvalue = value


def _value(model: Any, name: str) -> float | None:  # noqa: ANN401  the library is untyped
    point = model.points.get(name)
    value = None if point is None else point.cvalue
    return None if value is None else float(value)
