"""A Modbus device's registers as data: where its quantities, alarms and commands are."""

import math
import struct
from collections.abc import Iterable, Sequence
from typing import Literal, Self

from pydantic import Field, model_validator

from vpp.agent.drivers.table import DriverTable

WordOrder = Literal["big", "little"]
TableName = Literal["holding", "input", "coil", "discrete"]
FORMATS = {
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "uint64": "Q",
    "float32": "f",
    "float64": "d",
}
MOST_REGISTERS = 125
"""Most registers in one request. Source: MODBUS Application Protocol Specification V1.1b3, section 6.3."""


class Register(DriverTable):
    """One number in one or several registers.

    Attributes:
        address: Of the first register, counted from 0 as on the wire.
        table: Which of the device's tables.
        type: How the number is stored, most significant byte first within a register.
        scale: Value per count, in the unit of the quantity; negative where the device counts the
            other way.
        offset: Added after scaling.
        not_available: Count by which the device says that it does not know.
    """

    address: int = Field(ge=0, le=65535)
    table: Literal["holding", "input"] = "holding"
    type: Literal["int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"] = "uint16"
    scale: float = Field(default=1.0, allow_inf_nan=False)
    offset: float = Field(default=0.0, allow_inf_nan=False)
    not_available: int | None = None

    @model_validator(mode="after")
    def _scales(self) -> Self:
        if self.scale == 0.0:
            raise ValueError("scale is 0, expected the value of one count")
        return self

    @property
    def size(self) -> int:
        """Number of registers."""
        return struct.calcsize(f">{FORMATS[self.type]}") // 2

    def value(self, registers: Sequence[int], word_order: WordOrder) -> float:
        """Return what registers say, in the quantity's unit; NaN where the device does not know."""
        count = self.count(registers, word_order)
        if count == self.not_available:
            return math.nan
        return count * self.scale + self.offset

    def count(self, registers: Sequence[int], word_order: WordOrder) -> float:
        """Return the number as it is stored."""
        words = registers if word_order == "big" else list(reversed(registers))
        (count,) = struct.unpack(f">{FORMATS[self.type]}", struct.pack(f">{self.size}H", *words))
        return float(count) if "float" in self.type else int(count)

    def registers(self, value: float, word_order: WordOrder) -> list[int]:
        """Return registers that say a value, rounded to a whole count where counts are whole.

        Raises:
            ValueError: The value does not fit.

        Example:
            >>> Register(address=0, type="int16", scale=0.1).registers(-5.0, "big")
            [65486]
        """
        count = (value - self.offset) / self.scale
        try:
            packed = struct.pack(f">{FORMATS[self.type]}", count if "float" in self.type else round(count))
        except (struct.error, OverflowError, ValueError) as error:
            raise ValueError(f"{value:g} does not fit a register of type {self.type}") from error
        words = list(struct.unpack(f">{self.size}H", packed))
        return words if word_order == "big" else words[::-1]


class Flag(DriverTable):
    """One bit: of a register, or a coil or discrete input.

    Attributes:
        address: Counted from 0 as on the wire.
        table: Which of the device's tables.
        bit: Which bit of a register, 0 for the least significant; not for coils and inputs.
        is_raised_by: The bit's value that raises the alarm.
    """

    address: int = Field(ge=0, le=65535)
    table: TableName = "holding"
    bit: int = Field(default=0, ge=0, le=15)
    is_raised_by: bool = True

    def is_raised(self, word: int) -> bool:
        """Return whether a register, or a coil's 0 or 1, raises the alarm."""
        return bool(word >> self.bit & 1) == self.is_raised_by


class Switch(DriverTable):
    """A register that turns something on and off.

    Attributes:
        address: Of the holding register.
        on: Count that turns it on.
        off: Count that turns it off.
    """

    address: int = Field(ge=0, le=65535)
    on: int = Field(default=1, ge=0, le=65535)
    off: int = Field(default=0, ge=0, le=65535)

    @model_validator(mode="after")
    def _turns(self) -> Self:
        if self.on == self.off:
            raise ValueError(f"on and off are both {self.on}, expected two values")
        return self


class CommandRegisters(DriverTable):
    """How the device is commanded.

    Attributes:
        power: Power that it is to give, kW, positive to lower the site's consumption.
        enable: Turns the command on; without it, a power of 0 lets the device go.
        expiry: After how many seconds without a new power the device lets go by itself.
        heartbeat: A counter that must change for the device to keep the command.
    """

    power: Register
    enable: Switch | None = None
    expiry: Register | None = None
    heartbeat: Register | None = None

    @model_validator(mode="after")
    def _are_writable(self) -> Self:
        for name in ("power", "expiry", "heartbeat"):
            register = getattr(self, name)
            if register is not None and register.table != "holding":
                raise ValueError(f"command.{name} is in table {register.table}, expected holding")
        return self


class RegisterMap(DriverTable):
    """All that the driver must know of a kind of device.

    Attributes:
        name: Of the kind of device.
        source: Where the addresses are from.
        word_order: Order of the registers of a long number: most significant first is `big`.
        largest_gap: Registers that may be read along between two wanted ones; 0 for devices that
            refuse to read what is not there.
        quantities: Registers by the reading's quantity.
        alarms: Bits by the alarm's name.
        command: How it is commanded; None for what is only read.
    """

    name: str = Field(min_length=1)
    source: str = Field(min_length=1)
    word_order: WordOrder = "big"
    largest_gap: int = Field(default=0, ge=0, le=100)
    quantities: dict[str, Register] = Field(min_length=1)
    alarms: dict[str, Flag] = Field(default_factory=dict)
    command: CommandRegisters | None = None

    def blocks(self) -> dict[TableName, list[range]]:
        """Return the fewest requests that read all quantities and alarms: addresses by table."""
        wanted: dict[TableName, set[int]] = {}
        for register in self.quantities.values():
            addresses = range(register.address, register.address + register.size)
            wanted.setdefault(register.table, set()).update(addresses)
        for flag in self.alarms.values():
            wanted.setdefault(flag.table, set()).add(flag.address)
        whole = [range(each.address, each.address + each.size) for each in self.quantities.values()]
        return {table: _blocks(sorted(each), self.largest_gap, whole) for table, each in wanted.items()}


def _blocks(addresses: Sequence[int], largest_gap: int, whole: Iterable[range]) -> list[range]:
    """Join addresses into ranges; a number of several registers is never cut."""
    inner = {address for each in whole for address in each[1:]}
    blocks: list[range] = []
    for address in addresses:
        last = blocks[-1] if blocks else None
        if (
            last is not None
            and address - last.stop <= largest_gap
            and (address in inner or address - last.start <= MOST_REGISTERS - 4)
        ):
            blocks[-1] = range(last.start, address + 1)
        else:
            blocks.append(range(address, address + 1))
    return blocks
