"""Modbus TCP: batteries, UPSs and meters whose registers are given as data.

Library: pymodbus. A command is written in this order: expiry, power, enable, heartbeat; then power and
enable are read back, and only what the device holds counts as applied.
"""

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field
from pymodbus.client import ModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ModbusPDU

from vpp.agent.device_place import METER, DevicePlace
from vpp.agent.drivers.power_command import FULL_RATIO, PowerLimits, power_order
from vpp.agent.drivers.register_map import CommandRegisters, Register, RegisterMap, TableName
from vpp.agent.drivers.table import DriverTable, read_file, read_table
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


class ModbusTable(DriverTable):
    """A device on Modbus TCP.

    Attributes:
        host: Name or address.
        port: TCP port.
        unit: Unit identifier behind the address.
        registers: File of the register map, relative to the configuration's folder.
        timeout: Longest wait for an answer.
        limits: What the device can do; for devices that take commands.
        without_watchdog: Accept that the device, whose map has neither expiry nor heartbeat, keeps its
            last command if the agent's machine dies.
    """

    host: str = Field(min_length=1)
    port: int = Field(default=502, ge=1, le=65535)
    unit: int = Field(default=1, ge=0, le=255)
    registers: Path
    timeout: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(minutes=1))] = timedelta(seconds=3)
    limits: PowerLimits | None = None
    without_watchdog: bool = False


def device_of(table: Mapping[str, object], place: DevicePlace) -> "ModbusDevice":
    """Build the device that a table describes.

    Raises:
        InvalidInput: The table or the register map is wrong.
    """
    # What the library says of every unanswered request, the site says once.
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
    settings = read_table(ModbusTable, table, place.where)
    registers = read_file(RegisterMap, place.folder / settings.registers, f"{place.where}.registers")
    if place.kind == METER:
        if not {"net_power_kw", "import_kwh"} & set(registers.quantities):
            raise InvalidInput(
                f"{place.where}.registers {settings.registers} has neither net_power_kw nor import_kwh"
            )
        return ModbusDevice(settings, registers, place)
    if "reduction_kw" not in registers.quantities:
        raise InvalidInput(f"{place.where}.registers {settings.registers} has no reduction_kw")
    command = registers.command
    if command is not None:
        if settings.limits is None:
            raise InvalidInput(f"{place.where}.limits is missing, expected max_reduction_kw at least")
        if command.expiry is None and command.heartbeat is None and not settings.without_watchdog:
            raise InvalidInput(
                f"{place.where}: the register map has neither command.expiry nor command.heartbeat, so the "
                "device would keep a command if this machine died; without_watchdog = true accepts that"
            )
        if command.expiry is not None:
            try:
                command.expiry.registers(place.command_hold.total_seconds(), registers.word_order)
            except ValueError as error:
                raise InvalidInput(f"{place.where}: command_hold {place.command_hold}: {error}") from error
    return ModbusDevice(settings, registers, place)


class ModbusDevice:
    """One device on Modbus TCP."""

    def __init__(self, settings: ModbusTable, registers: RegisterMap, place: DevicePlace) -> None:
        """Prepare; the first call connects."""
        self._settings = settings
        self._map = registers
        self._place = place
        self._client: ModbusTcpClient | None = None
        self._beat = 0
        self._is_full = False
        self._condition = DeviceCondition(Health.OK)

    def read(self) -> Reading:
        """Read all quantities and alarms, in as few requests as the map allows."""
        words: dict[tuple[TableName, int], int] = {}
        at = self._place.clock.now()
        for table, blocks in self._map.blocks().items():
            for block in blocks:
                answer = self._words(table, block)
                words.update({(table, a): word for a, word in zip(block, answer, strict=True)})
        quantities = {}
        for name, register in self._map.quantities.items():
            held = [words[register.table, register.address + n] for n in range(register.size)]
            value = register.value(held, self._map.word_order)
            if math.isinf(value):
                raise DeviceError(f"{name} reads infinity")
            if math.isfinite(value):
                quantities[name] = value
        self._is_full = quantities.get("state_of_charge_ratio", 0.0) >= FULL_RATIO
        if self._map.command is None and self._place.kind != METER:
            quantities["available"] = 0.0
        alarms = tuple(
            name for name, flag in self._map.alarms.items() if flag.is_raised(words[flag.table, flag.address])
        )
        health = Health.ALARM if alarms else Health.OK
        self._condition = DeviceCondition(health, at, alarms=alarms, detail="; ".join(alarms))
        return Reading(at, quantities, alarms)

    def apply(self, setpoint: Setpoint) -> Applied:
        """Write a setpoint, and read back what the device holds."""
        command, limits = self._map.command, self._settings.limits
        if command is None or limits is None:
            return self._applied(Outcome.FAILED, "is only read")
        order = power_order(setpoint, limits)
        if order.is_refused:
            return self._applied(Outcome.FAILED, order.remark)
        if order.power_kw is None:
            return self.release()
        if order.power_kw == 0.0 and command.enable is None and limits.recharge == "own":
            # Without a switch a power of 0 lets the device go, and then it recharges as it likes.
            released = self.release()
            if released.outcome is Outcome.FAILED or self._is_full:
                return released
            return self._applied(Outcome.FAILED, "recharges by itself, which cannot be limited")
        return self._commanded(command, order.power_kw, order.remark)

    def _commanded(self, command: CommandRegisters, power_kw: float, remark: str) -> Applied:
        order = self._map.word_order
        try:
            power = command.power.registers(power_kw, order)
        except ValueError as error:
            return self._applied(Outcome.FAILED, str(error))
        held_before = self._held(command.power)
        if command.expiry is not None:
            self._write(
                command.expiry.address,
                command.expiry.registers(self._place.command_hold.total_seconds(), order),
            )
        self._write(command.power.address, power)
        if command.enable is not None:
            self._write(command.enable.address, [command.enable.on])
        if command.heartbeat is not None:
            self._beat = (self._beat + 1) % 30_000
            self._write(command.heartbeat.address, command.heartbeat.registers(self._beat, order))
        return self._confirmed(command, power, held_before, remark)

    def _confirmed(
        self, command: CommandRegisters, power: Sequence[int], held_before: Sequence[int], remark: str
    ) -> Applied:
        held = self._held(command.power)
        if held != power:
            held_kw = command.power.value(held, self._map.word_order)
            told_kw = command.power.value(power, self._map.word_order)
            return self._applied(Outcome.FAILED, f"holds {held_kw:g} kW, was told {told_kw:g} kW")
        if command.enable is not None:
            (enabled,) = self._words("holding", range(command.enable.address, command.enable.address + 1))
            if enabled != command.enable.on:
                return self._applied(Outcome.FAILED, "does not take commands: its switch stays off")
        outcome = Outcome.UNCHANGED if held_before == power else Outcome.APPLIED
        return self._applied(outcome, remark)

    def release(self) -> Applied:
        """Turn the command off and its power to 0, and read that back."""
        command = self._map.command
        if command is None:
            return self._applied(Outcome.UNCHANGED, "is only read")
        if command.enable is not None:
            self._write(command.enable.address, [command.enable.off])
        nothing = command.power.registers(0.0, self._map.word_order)
        self._write(command.power.address, nothing)
        if command.enable is not None:
            (enabled,) = self._words("holding", range(command.enable.address, command.enable.address + 1))
            if enabled != command.enable.off:
                return self._applied(Outcome.FAILED, "its switch stays on")
        elif self._held(command.power) != nothing:
            return self._applied(Outcome.FAILED, "keeps its power")
        return self._applied(Outcome.APPLIED)

    def health(self) -> DeviceCondition:
        """Return what the last calls found."""
        return self._condition

    def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            self._client.close()  # type: ignore[no-untyped-call]  # the library leaves it untyped
            self._client = None

    def _applied(self, outcome: Outcome, detail: str = "") -> Applied:
        return Applied(outcome, self._place.clock.now(), detail)

    def _held(self, register: Register) -> list[int]:
        return self._words(register.table, range(register.address, register.address + register.size))

    def _words(self, table: TableName, block: range) -> list[int]:
        """Read a range of registers, or of bits as 0 and 1."""
        client = self._connected()
        read = {
            "holding": client.read_holding_registers,
            "input": client.read_input_registers,
            "coil": client.read_coils,
            "discrete": client.read_discrete_inputs,
        }[table]
        answer = self._asked(lambda: read(block.start, count=len(block), device_id=self._settings.unit))
        if table in {"coil", "discrete"}:
            words = [int(bit) for bit in answer.bits[: len(block)]]
        else:
            words = list(answer.registers)
        if len(words) != len(block):
            self.close()
            raise DeviceError(f"answers {len(words)} of {len(block)} {table} registers from {block.start}")
        return words

    def _write(self, address: int, registers: list[int]) -> None:
        client = self._connected()
        self._asked(lambda: client.write_registers(address, registers, device_id=self._settings.unit))

    def _asked(self, ask: Callable[[], ModbusPDU]) -> ModbusPDU:
        try:
            answer = ask()
        except (ModbusException, OSError) as error:
            self.close()  # what comes later would be taken for the answer to something else
            raise DeviceError("does not answer") from error
        if answer.isError():
            code = getattr(answer, "exception_code", "unknown")
            raise DeviceError(f"refuses with exception code {code}")
        return answer

    def _connected(self) -> ModbusTcpClient:
        if self._client is None:
            settings = self._settings
            client = ModbusTcpClient(
                settings.host, port=settings.port, timeout=settings.timeout.total_seconds(), retries=0
            )
            try:
                is_connected = client.connect()  # type: ignore[no-untyped-call]  # as above
            except (ModbusException, OSError) as error:
                raise DeviceError("cannot be reached") from error
            if not is_connected:
                raise DeviceError("cannot be reached")
            self._client = client
        return self._client
