"""Cumulative registers: from counts to the energy of intervals, and the check against them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.foundation.series import hours, regular
from vpp.telemetry.grid import within
from vpp.telemetry.meter_format import MeterFormat
from vpp.telemetry.meter_grid import Readings, commonest_step, grid_positions, in_order
from vpp.telemetry.meter_readings import MeterReadings, RegisterBridge
from vpp.telemetry.reading_flag import ReadingFlag

# What interval readings and the register may differ by: one part in a thousand, or one pulse.
SUM_CHECK_RATIO = 0.001


@dataclass(frozen=True, slots=True)
class SumCheck:
    """Interval readings beside the register's count of the same span.

    Attributes:
        intervals_kwh: Sum of the intervals, kWh.
        register_kwh: What the register counted, kWh.
        allowed_kwh: Largest difference that is not an error, kWh.
    """

    intervals_kwh: float
    register_kwh: float
    allowed_kwh: float

    @property
    def holds(self) -> bool:
        """Whether the two agree; never where either is not a number."""
        return bool(abs(self.intervals_kwh - self.register_kwh) <= self.allowed_kwh)


def sum_check(net_power_kw: pd.Series, bridge: RegisterBridge, pulse_kwh: float = 0.0) -> SumCheck:
    """Compare interval readings with what the register counted.

    Args:
        net_power_kw: Mean net power, kW, regular, UTC; NaN is a gap. Shape (T,).
        bridge: What the register counted over some span.
        pulse_kwh: Energy of one pulse of the register, kWh, at least 0.

    Returns:
        Both sums; the check fails where an interval of the span is missing.

    Source:
        The 0.1 % or one pulse of the project's rules for meter data.

    Example:
        >>> from datetime import UTC, datetime, timedelta
        >>> noon, hour = datetime(2026, 3, 2, 12, tzinfo=UTC), timedelta(hours=1)
        >>> power_kw = regular([500.0, 500.9], noon, hour)
        >>> sum_check(power_kw, RegisterBridge(Interval(noon, noon + 2 * hour), 1000.0)).holds
        True
    """
    index = pd.DatetimeIndex(net_power_kw.index)
    step = pd.Timedelta(index.freq)  # type: ignore[arg-type]  # a regular series has a fixed frequency
    inside = net_power_kw[within(index, bridge.interval)]
    total_kwh = float(inside.sum(skipna=False)) * hours(step.to_pytimedelta())
    if len(inside) != bridge.interval.duration // step:
        total_kwh = float("nan")
    allowed_kwh = max(SUM_CHECK_RATIO * abs(bridge.energy_kwh), pulse_kwh)
    return SumCheck(total_kwh, bridge.energy_kwh, allowed_kwh)


def from_register(table: Readings, options: MeterFormat) -> MeterReadings:
    """Turn the counts of a register into mean power.

    A count that is missing or given twice with different values is passed over; what the register counted
    meanwhile becomes a bridge. A count below the one before is a rollover where the register's digits are
    known and less than half its range was used, otherwise a reset: the energy between is not known.

    Args:
        table: Counts at their stamps, in any order. Shape (N,).
        options: Unit, digits and step.

    Returns:
        Power of the intervals between counts, one fewer than the grid has stamps.

    Raises:
        InvalidInput: Fewer than 2 counts, a stamp off the grid, or a count beyond the register's digits.
    """
    kept, is_conflict, notes = in_order(table)
    step = options.step or commonest_step(kept)
    if len(kept.rows) <= 1:
        commonest_step(kept)  # refuses a single count, whatever the step
    position = grid_positions(kept, step)
    if options.mean_step is not None:
        raise InvalidInput(
            "mean_step is given for a register, expected none: its counts can be read at any step",
            mean_step=str(options.mean_step),
        )
    flag = np.full(int(position[-1]), ReadingFlag.MISSING, dtype=np.int32)
    for at in position[is_conflict]:
        flag[max(at - 1, 0) : at + 1] |= ReadingFlag.CONFLICT
    is_read = ~np.isnan(kept.amounts) & ~is_conflict
    counts, ends = kept.amounts[is_read], position[is_read]
    energy, is_rollover = _counted(counts, options.register_digits)
    notes += (f"{np.count_nonzero(is_rollover)} rollovers of the register",) if is_rollover.any() else ()
    power_kw, bridges = np.full(len(flag), np.nan), []
    for first, last, counted in zip(ends[:-1], ends[1:], energy * options.factor, strict=True):
        if np.isnan(counted):
            flag[first:last] |= ReadingFlag.RESET
        elif last - first == 1:
            power_kw[first] = counted / hours(step)
            flag[first] &= ~ReadingFlag.MISSING
        else:
            begin = kept.instants[0].to_pydatetime() + int(first) * step
            bridges.append(RegisterBridge(Interval(begin, begin + int(last - first) * step), float(counted)))
    series = regular(power_kw, kept.instants[0].to_pydatetime(), step)
    return MeterReadings(table.site, series, flag, tuple(bridges), notes)


def _counted(
    counts: npt.NDArray[np.float64], digits: int | None
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Return the differences of counts, NaN across a reset, and where the register rolled over."""
    difference = np.diff(counts)
    is_rollover = np.zeros(len(difference), dtype=np.bool_)
    if digits is not None:
        full = 10.0**digits
        if len(counts) and (counts.max() >= full or counts.min() < 0.0):
            wrong = counts[np.argmax(np.abs(counts))]
            raise InvalidInput(
                f"the register counts {wrong:g}, expected 0 to below {full:g} of {digits} digits",
                register_digits=str(digits),
                value=f"{wrong:g}",
            )
        is_rollover = (difference < 0.0) & (difference + full < full / 2.0)
        difference = np.where(is_rollover, difference + full, difference)
    return np.where(difference < 0.0, np.nan, difference), is_rollover
