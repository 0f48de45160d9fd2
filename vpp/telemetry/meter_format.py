"""How a table of meter readings is to be read."""

import enum
from dataclasses import dataclass
from datetime import timedelta

from vpp.foundation.errors import InvalidInput
from vpp.telemetry.units import MeterUnit, meter_unit


class StampSide(enum.Enum):
    """Which end of its interval a reading's stamp names."""

    START = "start"
    END = "end"


@dataclass(frozen=True, slots=True)
class MeterFormat:
    """The columns, units and stamps of a table of readings.

    Attributes:
        value_column: Column of the values.
        unit: Their unit, as people write it: kW, MWh, 万千瓦时. A unit of energy means energy per interval,
            or a register's count where `is_register`.
        time_column: Column of the stamps: ISO 8601 with offset, or instants.
        site_column: Column that tells the sites apart; a table without it is of one site.
        stamp: Which end of its interval a stamp names; a register is always read at the stamp itself.
        step: Length of the intervals; None to take the commonest distance of the stamps.
        mean_step: Average whatever steps the table has over intervals of this length; None to refuse
            a table of several steps.
        is_register: The values are counts that only grow, until they roll over or are reset.
        register_digits: Digits before the decimal point after which the register starts again at 0.
        is_export_positive: The table counts feeding the grid as positive.

    Example:
        >>> MeterFormat("energy_kwh", "kWh", stamp=StampSide.END).meter_unit.is_energy
        True
    """

    value_column: str = "net_power_kw"
    unit: str = "kW"
    time_column: str = "start_time"
    site_column: str = "site"
    stamp: StampSide = StampSide.START
    step: timedelta | None = None
    mean_step: timedelta | None = None
    is_register: bool = False
    register_digits: int | None = None
    is_export_positive: bool = False

    def __post_init__(self) -> None:
        """Refuse combinations that mean nothing."""
        if self.is_register and not self.meter_unit.is_energy:
            raise InvalidInput(
                f"unit is {self.unit!r}, expected a unit of energy of a register, such as kWh", unit=self.unit
            )
        if self.register_digits is not None and not (self.is_register and self.register_digits > 0):
            raise InvalidInput(
                f"register_digits is {self.register_digits}, expected at least 1, and of a register only",
                register_digits=str(self.register_digits),
            )
        for name, span in (("step", self.step), ("mean_step", self.mean_step)):
            if span is not None and span <= timedelta(0):
                raise InvalidInput(f"{name} is {span}, expected a time above 0", **{name: str(span)})

    @property
    def meter_unit(self) -> MeterUnit:
        """The unit, read."""
        return meter_unit(self.unit)

    @property
    def factor(self) -> float:
        """What a value is multiplied by to be kW or kWh with consumption positive."""
        return -self.meter_unit.factor if self.is_export_positive else self.meter_unit.factor
