"""From a table of meter readings to one regular series per site."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp.foundation.errors import InvalidInput
from vpp.foundation.series import regular
from vpp.telemetry.meter_cells import cell_error, column_of, read_instants, read_numbers
from vpp.telemetry.meter_format import MeterFormat
from vpp.telemetry.meter_grid import Readings, on_one_grid
from vpp.telemetry.meter_readings import MeterReadings
from vpp.telemetry.registers import from_register

# The most that the clocks of one place are moved, and how often in a year.
_MAX_OFFSET_SPREAD_MIN = 120
_MAX_OFFSET_CHANGES_PER_YEAR = 4
_DAYS_PER_YEAR = 366.0


def read_meter_table(frame: pd.DataFrame, options: MeterFormat, *, first_row: int = 1) -> list[MeterReadings]:
    """Read a table of meter readings.

    Rows may come in any order; they are sorted, and a note says so. Repeats of the same value are dropped
    and noted; where several values are given for one interval the first is kept and flagged CONFLICT. A
    missing row and an empty cell are the same gap. Nothing is filled in.

    Args:
        frame: One row per reading. Shape (N, columns).
        options: Columns, units and stamps.
        first_row: Number of the table's first row, for errors.

    Returns:
        Readings of each site, in order of its name.

    Raises:
        InvalidInput: The table is empty; a column is missing; a cell cannot be read; a site has one reading
            and no stated step, stamps off its grid, several steps, or stamps whose offsets cannot be those
            of one place. The message names the cell and what was expected.

    Example:
        >>> frame = pd.DataFrame({
        ...     "start_time": ["2026-03-02T12:00Z", "2026-03-02T12:15Z", "2026-03-02T12:45Z"],
        ...     "energy_kwh": [20.0, 21.0, 22.0],
        ... })
        >>> [site] = read_meter_table(frame, MeterFormat("energy_kwh", "kWh"))
        >>> site.net_power_kw.tolist()
        [80.0, 84.0, nan, 88.0]
    """
    instants_of = column_of(frame, options.time_column)
    values_of = column_of(frame, options.value_column)
    if frame.empty:
        raise InvalidInput("the table has no readings, expected at least one row", rows="0")
    instants, offsets = read_instants(instants_of, first_row)
    values = read_numbers(values_of, first_row)
    results = []
    for site, rows in _sites(frame, options, first_row):
        if offsets is not None:
            _check_offsets(options.time_column, instants[rows], offsets[rows], rows + first_row)
        table = Readings(site, instants[rows], values[rows], rows + first_row)
        results.append(_readings(table, options))
    return sorted(results, key=lambda readings: readings.site)


def _sites(
    frame: pd.DataFrame, options: MeterFormat, first_row: int
) -> Iterator[tuple[str, npt.NDArray[np.int64]]]:
    """Yield the rows of each site."""
    if options.site_column not in frame.columns:
        yield "", np.arange(len(frame))
        return
    column = column_of(frame, options.site_column)
    names_of = column.astype("str").str.strip()
    nameless = np.flatnonzero((column.isna() | (names_of == "")).to_numpy())
    if len(nameless):
        raise cell_error(options.site_column, first_row + int(nameless[0]), "", "the name of a site")
    codes, names = pd.factorize(names_of)
    for code, name in enumerate(names):
        yield str(name), np.flatnonzero(codes == code)


def _readings(table: Readings, options: MeterFormat) -> MeterReadings:
    """Turn one site's rows into power on a grid."""
    if options.is_register:
        return from_register(table, options)
    found = on_one_grid(table, options)
    power_kw = regular(found.power * options.factor, found.first_at.to_pydatetime(), found.step)
    return MeterReadings(table.site, power_kw, found.flag, notes=found.notes)


def _check_offsets(
    column: str, instants: pd.DatetimeIndex, offsets: npt.NDArray[np.int64], rows: npt.NDArray[np.int64]
) -> None:
    """Refuse stamps that the clocks of several places must have given."""
    in_time = np.argsort(instants.asi8, kind="stable")
    ordered = offsets[in_time]
    changes = np.flatnonzero(np.diff(ordered))
    if not len(changes):
        return
    years = (instants[in_time[-1]] - instants[in_time[0]]).days / _DAYS_PER_YEAR + 1.0
    is_one_place = np.ptp(ordered) <= _MAX_OFFSET_SPREAD_MIN
    if not is_one_place or len(changes) > _MAX_OFFSET_CHANGES_PER_YEAR * years:
        at = int(in_time[changes[0] + 1])
        raise cell_error(
            column,
            int(rows[at]),
            f"{instants[at].isoformat()} given with {int(offsets[at]):+d} min",
            f"one time zone per site; the stamp before is given with {int(ordered[changes[0]]):+d} min",
        )
