from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from vpp.foundation.errors import InvalidInput
from vpp.portfolio.money_rules import PayRule
from vpp.settlement.csv_cell import Cell, cell_text, guarded, unguarded
from vpp.settlement.line_code import LineCode
from vpp.settlement.run_type import RunType
from vpp.telemetry.quality import MeterQuality


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("", ""),
        ("north-1", "north-1"),
        (Decimal("-0.50"), "-0.50"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1E-7"), "0.0000001"),
        (-3, "-3"),
        (RunType.INITIAL, "INITIAL"),
        (LineCode.AGG_FEE, "AGG_FEE"),
        (MeterQuality.BAD, "BAD"),  # an int as well, but never written as its number
        (PayRule.AS_CLEAR, "as_clear"),
        (datetime(2026, 3, 2, 17, tzinfo=UTC), "2026-03-02T17:00:00Z"),
    ],
)
def test_every_kind_of_value_has_one_text(value: Cell, text: str) -> None:
    assert cell_text(value) == text


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "'quoted"],  # noqa: RUF001  the full-width sign is the point
)
def test_formulas_are_disarmed_and_come_back(text: str) -> None:
    assert guarded(text) == "'" + text
    assert unguarded(guarded(text)) == text


def test_negative_numbers_are_not_text() -> None:
    assert cell_text(Decimal(-1)) == "-1"
    assert cell_text("-1") == "'-1"


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity")])
def test_only_finite_numbers_are_written(value: Decimal) -> None:
    with pytest.raises(InvalidInput, match="expected a finite one"):
        cell_text(value)


@pytest.mark.parametrize("zone", [None, timezone(timedelta(hours=1))])
def test_only_utc_is_written(zone: timezone | None) -> None:
    with pytest.raises(InvalidInput, match="is not in UTC"):
        cell_text(datetime(2026, 3, 2, 17, tzinfo=zone))
