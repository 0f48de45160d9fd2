"""The cells of a table of readings: stamps become instants, values numbers, or a cell is named."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp.foundation.errors import InvalidInput

# Only after a time of day: a date alone ends in what looks like one.
_OFFSET = r"[Tt ]\d{2}.*?([Zz]|[+-]\d{2}:?(?:\d{2})?)$"
_EXPECTED = "an ISO 8601 time with its offset from UTC, such as 2026-03-02T12:00:00+01:00"
_GAP_WORDS = frozenset({"", "nan", "null", "none", "n/a", "na", "-"})


def cell_error(column: str, row: int, value: object, expected: str) -> InvalidInput:
    """Make the error that names a cell.

    Args:
        column: Name of the column.
        row: Number of the row, as the table's reader counts.
        value: What stands there.
        expected: What should.
    """
    shown = repr(value) if isinstance(value, str) else str(value)
    return InvalidInput(
        f"row {row}, {column}: {shown}, expected {expected}",
        row=str(row),
        column=column,
        value=str(value),
        expected=expected,
    )


def column_of(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return a column of a table.

    Raises:
        InvalidInput: There is none of that name, or more than one.
    """
    count = list(frame.columns).count(name)
    if count != 1:
        found = ", ".join(map(str, frame.columns)) or "none"
        raise InvalidInput(
            f"{count or 'no'} columns named {name!r}, expected exactly one; columns: {found}", column=name
        )
    column: pd.Series = frame[name]
    return column


def read_instants(column: pd.Series, first_row: int) -> tuple[pd.DatetimeIndex, npt.NDArray[np.int64] | None]:
    """Read a column of stamps that say which instant they mean.

    Args:
        column: Texts in ISO 8601 with offset, or instants of any one zone. Shape (N,).
        first_row: Number of the first row, for errors.

    Returns:
        Instants, UTC, and the offsets that the texts stated, minutes; None for a column of instants.
        Shapes (N,).

    Raises:
        InvalidInput: A stamp is missing, cannot be read or has no offset. The message names the cell.
    """
    name = str(column.name)
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        if not isinstance(column.dtype, pd.DatetimeTZDtype):
            raise cell_error(name, first_row, str(column.iloc[0]), f"{_EXPECTED}, or a stated time zone")
        missing = np.flatnonzero(column.isna().to_numpy())
        if len(missing):
            raise cell_error(name, first_row + int(missing[0]), "", "a time")
        return _plain(pd.DatetimeIndex(column).tz_convert("UTC")), None
    texts = column.astype("str").str.strip()
    stated = texts.str.extract(_OFFSET, expand=False)
    parsed = pd.to_datetime(texts.where(stated.notna()), utc=True, format="ISO8601", errors="coerce")
    unread = np.flatnonzero(parsed.isna().to_numpy())
    if len(unread):
        at = int(unread[0])
        is_naive = pd.notna(pd.to_datetime(texts.iloc[at], format="ISO8601", errors="coerce"))
        expected = f"{_EXPECTED}, or a stated time zone" if is_naive else _EXPECTED
        raise cell_error(name, first_row + at, column.iloc[at], expected)
    minutes = {text: _offset_minutes(text) for text in stated.unique()}
    return _plain(pd.DatetimeIndex(parsed)), stated.map(minutes).to_numpy(dtype=np.int64)


def read_numbers(column: pd.Series, first_row: int) -> npt.NDArray[np.float64]:
    """Read a column of numbers; an empty cell is a gap.

    Args:
        column: Numbers, or texts of them. Shape (N,).
        first_row: Number of the first row, for errors.

    Returns:
        Float values, NaN for gaps. Shape (N,).

    Raises:
        InvalidInput: A cell holds something else, or an infinite value. The message names the cell.
    """
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    is_empty = column.isna()
    if not pd.api.types.is_numeric_dtype(column.dtype):
        is_empty |= column.astype("str").str.strip().str.lower().isin(_GAP_WORDS)
    wrong = np.flatnonzero((np.isnan(numbers) & ~is_empty.to_numpy(dtype=np.bool_)) | np.isinf(numbers))
    if len(wrong):
        at = int(wrong[0])
        raise cell_error(str(column.name), first_row + at, column.iloc[at], "a finite number, or nothing")
    return numbers


def _plain(index: pd.DatetimeIndex) -> pd.DatetimeIndex:
    return index.as_unit("us").rename(None)


def _offset_minutes(text: str) -> int:
    if text in "Zz":
        return 0
    digits = text[1:].replace(":", "")
    minutes = 60 * int(digits[:2]) + int(digits[2:] or 0)
    return -minutes if text[0] == "-" else minutes
