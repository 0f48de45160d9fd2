"""Small CSV files that go with a meter's: spans, temperatures, sites."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from vpp.foundation.errors import InvalidInput, NotFound

FIRST_ROW = 2  # people count lines, and the first one is the header


def read_csv_table(
    path: Path, option: str, needed: Sequence[str], allowed: Sequence[str] = ()
) -> pd.DataFrame:
    """Read a CSV file as texts.

    Args:
        path: The file, UTF-8 with a header.
        option: The option that named it, for complaints.
        needed: Columns it must have.
        allowed: Columns it may have; others are refused, because one misspelt would be ignored.

    Returns:
        One row per line, all texts, empty cells as "". Shape (N, columns).

    Raises:
        NotFound: There is no such file.
        InvalidInput: It cannot be read, is empty, or its columns are not those expected.
    """
    expected = ",".join([*needed, *(f"[{name}]" for name in allowed)])
    try:
        frame = pd.read_csv(
            path, dtype=str, keep_default_na=False, encoding="utf-8-sig", skipinitialspace=True
        )
    except FileNotFoundError:
        raise NotFound(f"{option} {path} does not exist; check the path", path=str(path)) from None
    except OSError as error:
        raise InvalidInput(f"{option} {path} cannot be read: {error.strerror}", path=str(path)) from None
    except pd.errors.EmptyDataError:
        raise InvalidInput(
            f"{option} {path} is empty, expected a header {expected} and rows", path=str(path)
        ) from None
    except (UnicodeDecodeError, pd.errors.ParserError) as error:
        raise InvalidInput(
            f"{option} {path} is not a CSV file in UTF-8: {str(error).strip()}", path=str(path)
        ) from None
    found = [str(name) for name in frame.columns]
    missing = [name for name in needed if name not in found]
    unknown = [name for name in found if name not in {*needed, *allowed}]
    if missing or unknown or len(set(found)) < len(found):
        raise InvalidInput(
            f"{option} {path} has the columns {','.join(found)}, expected {expected}", path=str(path)
        )
    return frame


def cell(path: Path, row: int, column: str, value: str, expected: str) -> InvalidInput:
    """Make the error that names a cell.

    Args:
        path: The file.
        row: Number of the row below the header, from 0.
        column: Its column.
        value: What stands there.
        expected: What should.
    """
    return InvalidInput(
        f"{path}, line {row + FIRST_ROW}, {column}: {value!r}, expected {expected}",
        path=str(path),
        row=str(row + FIRST_ROW),
        column=column,
    )
