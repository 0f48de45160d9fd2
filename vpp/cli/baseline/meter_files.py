"""Meter files of analysts: CSV or Parquet, one site or many."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.like_slots import like_slots, week_hours
from vpp.baseline.local_stamps import utc_starts
from vpp.baseline.public_holidays import public_holidays
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.telemetry.edit_rules import EditRules
from vpp.telemetry.edited_series import EditedSeries
from vpp.telemetry.editing import edited
from vpp.telemetry.grid import within
from vpp.telemetry.meter_cells import column_of
from vpp.telemetry.meter_format import MeterFormat, StampSide
from vpp.telemetry.meter_readings import MeterReadings
from vpp.telemetry.meter_table import read_meter_table
from vpp.telemetry.sufficiency import CALTRACK, FLEXMETER, RECURVE, Sufficiency, sufficiency

_UNITS = {"net_power_kw": "kW", "energy_kwh": "kWh"}


@dataclass(frozen=True, slots=True, eq=False)
class SiteLoad:
    """One site out of a meter file, ready to calculate with.

    Attributes:
        site: Its name in the file, or the file's name without its ending.
        path: The file.
        series: Raw and edited load.
        calendar: Its civil time, and the public holidays of the years that the readings touch.
        sufficiency: Whether it was metered well enough, by each published rule.
    """

    site: str
    path: Path
    series: EditedSeries
    calendar: SiteCalendar
    sufficiency: tuple[Sufficiency, ...]


def read_meter_files(  # noqa: PLR0913  each is an option of the command line
    paths: Sequence[Path],
    *,
    time_zone: str = "UTC",
    holidays: str | None = None,
    extra_holidays: frozenset[date] = frozenset(),
    naive_zone: str | None = None,
    meter_format: MeterFormat | None = None,
    rules: EditRules | None = None,
    hidden: Sequence[Interval] = (),
) -> dict[str, SiteLoad]:
    """Read meter files, and validate and edit what they hold.

    A file has a column `start_time` (ISO 8601 with offset) and one of `net_power_kw` and `energy_kwh` (of the
    interval); several sites are told apart by a column `site`. Other columns are passed over.

    Args:
        paths: CSV files, gzipped or not, or Parquet files.
        time_zone: IANA name of the sites' civil time.
        holidays: Place whose public holidays the sites keep, such as GB-ENG; None for none.
        extra_holidays: Further civil dates that count as holidays.
        naive_zone: Zone of stamps without offset; None to refuse them.
        meter_format: Other columns, units and stamps; None for those named above.
        rules: Limits of validation and estimation; None for the usual ones.
        hidden: Spans whose readings stand for no others, such as past events.

    Returns:
        The sites by name, in the order of the files and by name within each.

    Raises:
        InvalidInput: A file cannot be read, or two hold the same site. The message names file, row, column,
            value and what was expected.
    """
    sites: dict[str, SiteLoad] = {}
    for path in paths:
        for readings in read_readings(path, naive_zone=naive_zone, meter_format=meter_format):
            if readings.site in sites:
                raise InvalidInput(
                    f"{path}: site {readings.site!r} is also in {sites[readings.site].path}, expected once",
                    file=str(path),
                    site=readings.site,
                )
            index = pd.DatetimeIndex(readings.net_power_kw.index)
            calendar = site_calendar(index, time_zone, holidays, extra_holidays)
            sites[readings.site] = site_load(readings, path, calendar, hidden=hidden, rules=rules)
    return sites


def site_load(
    readings: MeterReadings,
    path: Path,
    calendar: SiteCalendar,
    *,
    hidden: Sequence[Interval] = (),
    rules: EditRules | None = None,
) -> SiteLoad:
    """Validate and edit one site's readings.

    Args:
        readings: As read from a file.
        path: The file.
        calendar: The site's civil time and holidays, which tell its like days.
        hidden: Spans whose readings stand for no others, such as past events.
        rules: Limits of validation and estimation; None for the usual ones.

    Returns:
        The site's load with flags, reasons and verdicts.
    """
    index = pd.DatetimeIndex(readings.net_power_kw.index)
    is_hidden = np.zeros(len(index), dtype=np.bool_)
    for span in hidden:
        is_hidden |= within(index, span)
    series = edited(
        readings.net_power_kw,
        like=like_slots(calendar, index, readings.step),
        flag=readings.flag,
        hidden=is_hidden,
        bridges=readings.bridges,
        rules=rules,
        notes=readings.notes,
    )
    return SiteLoad(readings.site, path, series, calendar, _verdicts(series, calendar))


def site_calendar(
    index: pd.DatetimeIndex,
    time_zone: str,
    holidays: str | None,
    extra_holidays: frozenset[date] = frozenset(),
) -> SiteCalendar:
    """Return the calendar of a site with the holidays of the years that its readings touch.

    The years before and after are included, as an event or a forecast may lie just past them.

    Args:
        index: Interval starts, UTC. Shape (T,).
        time_zone: IANA name.
        holidays: Place whose public holidays count, such as US-TX; None for none.
        extra_holidays: Further civil dates.

    Raises:
        InvalidInput: The time zone or the place is unknown.
    """
    years = range(index[0].year - 1, index[-1].year + 2)
    listed = public_holidays(holidays, years) if holidays else frozenset()
    return SiteCalendar(time_zone, listed | extra_holidays)


def read_readings(
    path: Path, *, naive_zone: str | None = None, meter_format: MeterFormat | None = None
) -> list[MeterReadings]:
    """Read one meter file, without editing.

    Args:
        path: The file; its ending tells the kind: .csv, .csv.gz, .parquet.
        naive_zone: Zone of stamps without offset; None to refuse them.
        meter_format: Columns, units and stamps; None for `start_time` and one of `net_power_kw` and
            `energy_kwh`.

    Returns:
        Readings of each site, by name.

    Raises:
        InvalidInput: As `read_meter_files`.
    """
    is_parquet = path.suffix == ".parquet"
    # Rows of a CSV file are counted as an editor counts lines; its first line holds the names.
    first_row = 1 if is_parquet else 2
    try:
        frame = read_frame(path, is_parquet=is_parquet)
        options = meter_format or format_of(frame)
        if naive_zone is not None:
            frame, options = with_instants(frame, options, naive_zone, first_row)
        found = read_meter_table(frame, options, first_row=first_row)
    except InvalidInput as error:
        raise InvalidInput(f"{path}: {error}", file=str(path), **error.metadata) from error
    name = path.name.removesuffix(".gz").rpartition(".")[0] or path.name
    return [readings if readings.site else replace(readings, site=name) for readings in found]


def _verdicts(series: EditedSeries, calendar: SiteCalendar) -> tuple[Sufficiency, ...]:
    """Judge by what was read, not by what was estimated."""
    read_kw = np.where(series.is_edited, np.nan, series.raw_kw.to_numpy(dtype=np.float64))
    day, week_hour = week_hours(calendar, pd.DatetimeIndex(series.raw_kw.index))
    rules = (CALTRACK, RECURVE, FLEXMETER)
    return tuple(sufficiency(read_kw, day, week_hour, series.step, rule) for rule in rules)


def read_frame(path: Path, *, is_parquet: bool) -> pd.DataFrame:
    """Read a file's table; the cells of a CSV file stay texts.

    Raises:
        InvalidInput: There is no such file, or it cannot be read.
    """
    if not path.is_file():
        raise InvalidInput("no such file, expected a CSV or Parquet file")
    try:
        if is_parquet:
            return pd.read_parquet(path)
        # Every cell stays a text, so that an error can show what stands in the file.
        return pd.read_csv(path, dtype="str", keep_default_na=False, skip_blank_lines=False)
    except pd.errors.EmptyDataError as error:
        raise InvalidInput("the file is empty, expected a line of column names and readings") from error
    except (ValueError, OSError, UnicodeDecodeError, csv.Error) as error:
        kind = "a Parquet file" if is_parquet else "a CSV file in UTF-8"
        raise InvalidInput(f"cannot be read ({str(error).strip()}), expected {kind}") from error


def format_of(frame: pd.DataFrame) -> MeterFormat:
    """Choose by the columns that are there."""
    named = [column for column in _UNITS if column in frame.columns]
    if len(named) != 1:
        found = ", ".join(map(str, frame.columns)) or "none"
        raise InvalidInput(
            f"columns are {found}; expected start_time and exactly one of net_power_kw and energy_kwh",
            columns=found,
        )
    return MeterFormat(named[0], _UNITS[named[0]])


def with_instants(
    frame: pd.DataFrame, options: MeterFormat, zone: str, first_row: int
) -> tuple[pd.DataFrame, MeterFormat]:
    """Turn a column of stamps without offset into interval starts; leave one with offsets alone."""
    stamps = column_of(frame, options.time_column)
    wall = pd.to_datetime(stamps, format="ISO8601", errors="coerce") if len(stamps) else stamps
    if not isinstance(wall.dtype, np.dtype) or wall.dtype.kind != "M" or wall.isna().any():
        return frame, options  # the reader of cells says what is wrong, if anything is
    index = pd.DatetimeIndex(wall).as_unit("us")
    sites = None
    if options.site_column in frame.columns:
        sites = pd.factorize(frame[options.site_column])[0]
    end_step = None
    if options.stamp is StampSide.END and not options.is_register:
        end_step = options.step or _commonest_distance(index)
    starts = utc_starts(index, zone, end_step=end_step, sites=sites, first_row=first_row)
    return frame.assign(**{options.time_column: starts}), replace(options, stamp=StampSide.START)


def _commonest_distance(wall: pd.DatetimeIndex) -> timedelta:
    distances = wall.unique().sort_values().diff()[1:]
    if not len(distances):
        raise InvalidInput("one stamp alone, expected at least 2, or a stated step", readings="1")
    return pd.Timedelta(distances.value_counts().index[0]).to_pytimedelta()
