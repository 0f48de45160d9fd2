"""Readings in any order, laid on one regular grid."""

from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp.foundation.errors import InvalidInput
from vpp.foundation.series import hours
from vpp.telemetry.meter_cells import cell_error
from vpp.telemetry.meter_format import MeterFormat, StampSide
from vpp.telemetry.reading_flag import ReadingFlag

_MICROSECOND = timedelta(microseconds=1)
_HOUR_US = 3.6e9
# Ten years of minutes: a wrong year in one stamp should be an error, not a machine out of memory.
_MAX_INTERVALS = 5_300_000


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """One site's rows of a table.

    Attributes:
        site: Whose rows.
        instants: Stamps, UTC. Shape (N,).
        amounts: Values in the table's unit; NaN is a gap. Shape (N,).
        rows: Row numbers, for errors. Shape (N,).
    """

    site: str
    instants: pd.DatetimeIndex
    amounts: npt.NDArray[np.float64]
    rows: npt.NDArray[np.int64]

    def take(self, which: npt.NDArray[np.int64]) -> "Readings":
        """Return some of the rows."""
        return Readings(self.site, self.instants[which], self.amounts[which], self.rows[which])


@dataclass(frozen=True, slots=True, eq=False)
class RegularReadings:
    """The same rows on a grid.

    Attributes:
        first_at: Start of the first interval, UTC.
        step: Length of an interval.
        power: Power, the table's unit or its unit of energy per hour; NaN is a gap. Shape (T,).
        flag: `ReadingFlag` bits. Shape (T,), int32.
        notes: What was done to the rows.
    """

    first_at: pd.Timestamp
    step: timedelta
    power: npt.NDArray[np.float64]
    flag: npt.NDArray[np.int32]
    notes: tuple[str, ...]


def in_order(table: Readings) -> tuple[Readings, npt.NDArray[np.bool_], tuple[str, ...]]:
    """Sort rows by time and keep one of each stamp.

    Args:
        table: Rows in any order. Shape (N,).

    Returns:
        Rows with growing stamps; which of them stand for several that differ; and what was done. Of rows
        that differ the first of the table is kept. Shapes (M,).
    """
    notes = []
    stamps = table.instants.asi8
    order = np.argsort(stamps, kind="stable")
    if not np.array_equal(order, np.arange(len(order))):
        notes.append("rows were out of order: sorted by time")
        table, stamps = table.take(order), stamps[order]
    # An empty cell beside a reading of the same interval says nothing: readings come first.
    with_value = np.lexsort((np.arange(len(stamps)), np.isnan(table.amounts), stamps))
    table = table.take(with_value)
    is_first = np.ones(len(stamps), dtype=np.bool_)
    is_first[1:] = np.diff(stamps) != 0
    kept_of = np.cumsum(is_first) - 1
    kept = table.take(np.flatnonzero(is_first))
    is_other = ~np.isnan(table.amounts) & (table.amounts != kept.amounts[kept_of])
    is_conflict = np.zeros(len(kept.rows), dtype=np.bool_)
    is_conflict[kept_of[is_other]] = True
    repeats = int(np.count_nonzero(~is_first & ~is_other))
    if repeats:
        notes.append(f"{repeats} repeated readings dropped")
    if is_conflict.any():
        notes.append(f"{np.count_nonzero(is_conflict)} intervals with readings that differ: flagged")
    return kept, is_conflict, tuple(notes)


def on_one_grid(table: Readings, options: MeterFormat) -> RegularReadings:
    """Lay rows on a regular grid.

    Args:
        table: Rows in any order. Shape (N,).
        options: Which end of its interval a stamp names, the step, and what to average over.

    Returns:
        The grid from the start of the first interval to that of the last. Shape (T,).

    Raises:
        InvalidInput: One reading and no step; a stamp off the grid; a grid too long to be meant; nothing
            that can be averaged over the step asked for.
    """
    kept, is_conflict, notes = in_order(table)
    if options.mean_step is not None:
        return _averaged(kept, is_conflict, notes, options)
    step = options.step or commonest_step(kept)
    if options.meter_unit.is_energy:
        kept = replace(kept, amounts=kept.amounts / hours(step))
    position = grid_positions(kept, step)
    first_at = kept.instants[0] - (step if options.stamp is StampSide.END else timedelta(0))
    return _laid(kept, is_conflict, notes, position, first_at, step)


def grid_positions(table: Readings, step: timedelta) -> npt.NDArray[np.int64]:
    """Return how many steps each stamp lies after the first.

    Args:
        table: Rows with growing stamps. Shape (N,).
        step: Distance of the grid's stamps.

    Returns:
        Positions from 0. Shape (N,).

    Raises:
        InvalidInput: A stamp is off the grid, or the grid too long to be meant.
    """
    stamps_us = table.instants.as_unit("us").asi8
    position, beside = np.divmod(stamps_us - stamps_us[0], step // _MICROSECOND)
    off = np.flatnonzero(beside)
    if len(off):
        at = int(off[0])
        expected = (
            f"a whole number of {step} after {table.instants[0].isoformat()}; a table of several steps "
            "needs one to average over"
        )
        raise cell_error("time", int(table.rows[at]), table.instants[at].isoformat(), expected)
    if position[-1] >= _MAX_INTERVALS:
        raise cell_error(
            "time",
            int(table.rows[-1]),
            table.instants[-1].isoformat(),
            f"at most {_MAX_INTERVALS} intervals of {step} after {table.instants[0].isoformat()}",
        )
    result: npt.NDArray[np.int64] = position
    return result


def commonest_step(table: Readings) -> timedelta:
    """Return the commonest distance of growing stamps, the shorter one where two are as common.

    Raises:
        InvalidInput: There are fewer than 2 stamps.
    """
    if len(table.rows) <= 1:
        raise InvalidInput(
            f"site {table.site!r} has one reading, expected at least 2, or a stated step",
            site=table.site,
            readings="1",
        )
    distances, counts = np.unique(np.diff(table.instants.as_unit("us").asi8), return_counts=True)
    return timedelta(microseconds=int(distances[np.argmax(counts)]))


def _laid(  # noqa: PLR0913, PLR0917  one row's facts and the grid they go to
    kept: Readings,
    is_conflict: npt.NDArray[np.bool_],
    notes: tuple[str, ...],
    position: npt.NDArray[np.int64],
    first_at: pd.Timestamp,
    step: timedelta,
) -> RegularReadings:
    """Put each row at its position, gaps elsewhere."""
    values = np.full(int(position[-1]) + 1, np.nan)
    values[position] = kept.amounts
    flag = np.where(np.isnan(values), ReadingFlag.MISSING, ReadingFlag.NONE).astype(np.int32)
    flag[position[is_conflict]] |= ReadingFlag.CONFLICT
    return RegularReadings(first_at, step, values, flag, notes)


def _averaged(
    kept: Readings,
    is_conflict: npt.NDArray[np.bool_],
    notes: tuple[str, ...],
    options: MeterFormat,
) -> RegularReadings:
    """Average rows of any steps over longer intervals, each complete or a gap."""
    commonest_step(kept)  # refuses a single reading, which tells no length
    mean_step = options.mean_step or timedelta(0)
    stamps_us, wide_us = kept.instants.as_unit("us").asi8, mean_step // _MICROSECOND
    # A row lasts as long as the shorter of its distances to its neighbours: where a fine stretch turns
    # coarse this loses an interval, where it breaks off it invents nothing.
    distance_us = np.diff(stamps_us)
    last_us = np.minimum(np.append(distance_us, distance_us[-1]), np.insert(distance_us, 0, distance_us[0]))
    starts_us = stamps_us - last_us if options.stamp is StampSide.END else stamps_us
    bins = starts_us // wide_us
    position, row_of = np.unique(bins - bins[0], return_inverse=True)
    reaches_over = (starts_us + last_us - 1) // wide_us != bins
    is_whole = np.bincount(row_of, weights=last_us) == wide_us
    is_whole &= np.bincount(row_of, weights=reaches_over) == 0
    if not is_whole.any():
        raise InvalidInput(
            f"site {kept.site!r} has readings of {commonest_step(kept)}, expected some that together fill "
            f"intervals of {mean_step} from midnight UTC",
            site=kept.site,
            mean_step=str(mean_step),
        )
    power = kept.amounts / (last_us / _HOUR_US) if options.meter_unit.is_energy else kept.amounts
    mean = np.bincount(row_of, weights=power * last_us / wide_us).astype(np.float64)
    mean[~is_whole] = np.nan
    first_at = pd.Timestamp(int(bins[0]) * wide_us, unit="us", tz="UTC")
    at = first_at + pd.to_timedelta(position * wide_us, unit="us")
    wide = Readings(kept.site, pd.DatetimeIndex(at), mean, position)
    notes += (f"averaged over intervals of {mean_step}",)
    conflicts = np.bincount(row_of, weights=is_conflict) > 0
    grid_positions(wide, mean_step)
    return _laid(wide, conflicts, notes, position, first_at, mean_step)
