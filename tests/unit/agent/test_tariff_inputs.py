from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from vpp.agent.tariff_inputs import read_calls, read_series
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def file(folder: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path = folder / "data.csv"
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


def test_rows_in_any_order_and_gaps(tmp_path: Path) -> None:
    path = file(
        tmp_path, "price_per_mwh,start_utc", "30,2026-07-01T14:00:00Z", "10,2026-07-01 12:00:00+00:00",
        ",2026-07-01T13:00:00Z", "-5.5,2026-07-01T16:00:00Z", encoding="utf-8-sig",
    )  # fmt: skip
    series = read_series(path, "price_per_mwh", HOUR, 1000)
    assert series is not None
    assert (series.start, series.step) == (NOON, HOUR)
    assert series.values == (Decimal("0.01"), None, Decimal("0.03"), None, Decimal("-0.0055"))


def test_a_file_without_rows_knows_nothing(tmp_path: Path) -> None:
    assert read_series(file(tmp_path, "start_utc,price_per_mwh"), "price_per_mwh", HOUR) is None
    assert read_calls(file(tmp_path, "start_utc,end_utc")) == ()


def test_a_row_cut_short_is_a_gap(tmp_path: Path) -> None:
    series = read_series(
        file(tmp_path, "start_utc,price_per_mwh", "2026-07-01T12:00:00Z"), "price_per_mwh", HOUR
    )
    assert series is not None
    assert series.values == (None,)


def test_calls_are_spans(tmp_path: Path) -> None:
    path = file(tmp_path, "start_utc,end_utc", "2026-07-01T12:00:00Z,2026-07-01T13:00:00Z")
    assert read_calls(path) == (Interval(NOON, NOON + HOUR),)


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (("start,price_per_mwh", "2026-07-01T12:00:00Z,1"), "no column start_utc"),
        (("start_utc,price_per_mwh", "noon,1"), "line 2: 'noon' is no instant"),
        (("start_utc,price_per_mwh", "2026-07-01T12:00:00,1"), "line 2.*not in UTC"),
        (("start_utc,price_per_mwh", "2026-07-01T12:00:00+02:00,1"), "not in UTC"),
        (("start_utc,price_per_mwh", "2026-07-01T12:00:00Z,dear"), "line 2: price_per_mwh is 'dear'"),
        (("start_utc,price_per_mwh", "2026-07-01T12:00:00Z,inf"), "finite"),
        (
            ("start_utc,price_per_mwh", "2026-07-01T12:00:00Z,1", "2026-07-01T12:00:00Z,1"),
            "line 3: .* given twice",
        ),
        (("start_utc,price_per_mwh", "2026-07-01T12:00:00Z,1", "2026-07-01T12:30:00Z,1"), "off the grid"),
        (("start_utc,price_per_mwh", "2026-07-01T12:00:00Z,1", "3026-07-01T12:00:00Z,1"), "200000 at most"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, lines: tuple[str, ...], why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        read_series(file(tmp_path, *lines), "price_per_mwh", HOUR)


def test_a_missing_file_and_one_that_is_no_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_calls(tmp_path / "none.csv")
    (tmp_path / "bad.csv").write_bytes(b"start_utc,end_utc\n\xff\xfe")
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_calls(tmp_path / "bad.csv")
    with pytest.raises(InvalidInput, match="is not after start"):
        read_calls(file(tmp_path, "start_utc,end_utc", "2026-07-01T12:00:00Z,2026-07-01T12:00:00Z"))
