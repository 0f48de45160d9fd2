"""A revenue meter's file as readings with their quality, ready to be sent."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp.cli.baseline.meter_files import format_of, read_frame, with_instants
from vpp.foundation.errors import InvalidInput
from vpp.telemetry.meter_cells import cell_error, column_of, read_numbers
from vpp.telemetry.meter_format import MeterFormat
from vpp.telemetry.meter_readings import MeterReadings
from vpp.telemetry.meter_table import read_meter_table
from vpp.telemetry.quality import MeterQuality
from vpp.telemetry.reading_flag import ReadingFlag

QUALITY_COLUMN, CODE_COLUMN = "quality", "quality code"
WORDS = {
    **dict.fromkeys(("ok", "a", "actual", "measured", ""), MeterQuality.OK),
    **dict.fromkeys(("estimated", "estimate", "e"), MeterQuality.ESTIMATED),
    **dict.fromkeys(("bad", "invalid"), MeterQuality.BAD),
    **dict.fromkeys(("missing", "m"), MeterQuality.MISSING),
}
"""What a file may say of a reading, in small letters; `A` and `E` are what many utilities write."""
SITE_NAMES = frozenset({"site", "siteid", "sitename"})
"""What a column that names the site may be called, in small letters and without what lies between them."""


@dataclass(frozen=True, slots=True, eq=False)
class MeterFile:
    """What a file holds of one meter.

    Attributes:
        start_at: Start of the first interval, UTC.
        step: Length of an interval.
        power_kw: Mean power, kW; NaN is a gap. Shape (N,).
        quality: `MeterQuality` codes; MISSING where there is no reading, BAD where several disagree.
            Shape (N,).
        notes: What was done to the rows: sorted, repeats dropped, disagreement flagged.
    """

    start_at: datetime
    step: timedelta
    power_kw: npt.NDArray[np.float64]
    quality: npt.NDArray[np.int8]
    notes: tuple[str, ...]

    @property
    def end_at(self) -> datetime:
        """End of the last interval."""
        return self.start_at + len(self.power_kw) * self.step


def read_meter_file(
    path: Path, site_id: str, *, meter_format: MeterFormat | None = None, naive_zone: str | None = None
) -> MeterFile:
    """Read the file of one site's meter, without editing.

    A column `site`, `site_id` or `Site` must name this site in every row. A column `quality` says how far
    each reading can be trusted: ok, estimated or bad, or A and E. Equal repeats of an interval are dropped
    and noted, and the worst that is said of them counts; an interval with readings that differ becomes bad.
    Other columns are not read, and a note says so.

    Args:
        path: CSV, gzipped or not, or Parquet.
        site_id: Whose meter it is.
        meter_format: Columns, units and stamps; None for `start_time` and one of `net_power_kw` and
            `energy_kwh`.
        naive_zone: Zone of stamps without offset; None to refuse them.

    Raises:
        InvalidInput: The file cannot be read, is of another site, or a cell is not what it should be. The
            message names file, row, column, value and what was expected.
    """
    is_parquet = path.suffix == ".parquet"
    first_row = 1 if is_parquet else 2  # the first line of a CSV file holds the names
    try:
        frame = read_frame(path, is_parquet=is_parquet)
        options = meter_format or format_of(frame)
        named = [column for column in frame.columns if _names_site(str(column), options)]
        for column in named:
            _check_site(frame, str(column), site_id, first_row)
        ignored = _ignored(frame, options, named)
        frame = frame.drop(columns=named)
        if QUALITY_COLUMN in frame.columns:
            frame = frame.assign(**{CODE_COLUMN: _codes(frame, first_row)})
        if naive_zone is not None:
            frame, options = with_instants(frame, options, naive_zone, first_row)
        [found] = read_meter_table(frame, options, first_row=first_row)
        quality = _quality(found, _told(frame, options, first_row))
    except InvalidInput as error:
        raise InvalidInput(f"{path}: {error}", file=str(path), **error.metadata) from error
    power_kw = found.net_power_kw.to_numpy(dtype=np.float64)
    start_at: datetime = found.net_power_kw.index[0].to_pydatetime()
    return MeterFile(start_at, found.step, power_kw, quality, (*ignored, *found.notes))


def _names_site(column: str, options: MeterFormat) -> bool:
    plain = "".join(filter(str.isalnum, column)).lower()
    return column == options.site_column or plain in SITE_NAMES


def _check_site(frame: pd.DataFrame, column: str, site_id: str, first_row: int) -> None:
    """Refuse rows of another site."""
    names = column_of(frame, column).astype("str").str.strip()
    others = np.flatnonzero((names != site_id).to_numpy())
    if len(others):
        first = int(others[0])
        raise cell_error(column, first_row + first, names.iloc[first], f"{site_id!r}")


def _ignored(frame: pd.DataFrame, options: MeterFormat, named: list[str]) -> tuple[str, ...]:
    """Say which columns are not read: one of them may be what was meant."""
    read = {options.time_column, options.value_column, QUALITY_COLUMN, *named}
    others = [str(column) for column in frame.columns if column not in read]
    return (f"columns not read: {', '.join(others)}",) if others else ()


def _codes(frame: pd.DataFrame, first_row: int) -> list[float]:
    """Read the column of words as codes."""
    words = column_of(frame, QUALITY_COLUMN).astype("str").str.strip().str.lower()
    codes = []
    for n, word in enumerate(words):
        if word not in WORDS:
            raise cell_error(QUALITY_COLUMN, first_row + n, word, "ok, estimated or bad")
        codes.append(float(WORDS[word]))
    return codes


def _told(frame: pd.DataFrame, options: MeterFormat, first_row: int) -> npt.NDArray[np.float64] | None:
    """Lay what the file says of each reading on the grid of its readings; None where it says nothing."""
    if CODE_COLUMN not in frame.columns:
        return None
    # An empty reading says nothing, whatever stands beside it.
    is_read = ~np.isnan(read_numbers(column_of(frame, options.value_column), first_row))
    codes = frame.assign(**{CODE_COLUMN: frame[CODE_COLUMN].where(is_read)})
    # Of several rows of one interval the first is kept: the one that says the worst of it.
    codes = codes.sort_values(CODE_COLUMN, ascending=False, kind="stable")
    as_power = replace(options, value_column=CODE_COLUMN, unit="kW", is_export_positive=False)
    [told] = read_meter_table(codes, as_power, first_row=first_row)
    return np.asarray(told.net_power_kw, dtype=np.float64)


def _quality(found: MeterReadings, told: npt.NDArray[np.float64] | None) -> npt.NDArray[np.int8]:
    is_gap = np.isnan(found.net_power_kw.to_numpy(dtype=np.float64))
    quality = np.full(len(is_gap), MeterQuality.OK, dtype=np.int8)
    if told is not None:
        quality = np.where(np.isnan(told), quality, told).astype(np.int8)
    quality[(found.flag & ReadingFlag.CONFLICT) != 0] = MeterQuality.BAD
    quality[is_gap] = MeterQuality.MISSING
    return quality
