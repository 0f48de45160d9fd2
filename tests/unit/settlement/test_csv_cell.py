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
    [
        *("=1+1", "+1", "-1", "@SUM(A1)", "'quoted", "=HYPERLINK(0)", '=cmd|"/c calc"!A0'),
        *("\tplain", "\rplain", "\nplain", "\u202e=1", "\u200e+1"),
        *("＝1", "＋1", "－1", "＠1", "﹦1", "﹢1", "﹣1", "﹫1"),  # noqa: RUF001  wide and small signs are the point
        *(" =1", "\u3000＝1", "\ufeff=1", "\u200b\u00a0@x", "\0=1", "\v+1"),  # noqa: RUF001  as well
    ],
)
def test_formulas_are_disarmed_and_come_back(text: str) -> None:
    assert guarded(text) == "'" + text
    assert unguarded(guarded(text)) == text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("x;=1", "x;'=1"),
        ("x; =1", "x;' =1"),
        ('x;"=1"', 'x;\'"=1"'),
        ("x,@y\n-1\t＋1", "x,'@y\n'-1\t'＋1"),  # noqa: RUF001  as well
        ("x;'=1", "x;''=1"),
        ("x;'y", "x;''y"),
        (";;=1", ";;'=1"),
        ("\t=1", "'\t'=1"),
        ("\r\n=1", "'\r\n'=1"),
        ("=1;=2", "'=1;'=2"),
        ("a; b, c-d\ne", "a; b, c-d\ne"),
    ],
)
def test_formulas_behind_a_sign_that_another_program_cuts_at_are_disarmed(text: str, written: str) -> None:
    """Excel in German or French parts cells by semicolons and takes the quotes of this file for text."""
    assert guarded(text) == written
    assert unguarded(written) == text


@pytest.mark.parametrize(
    "text",
    ["north-1", "1+1", "北京=1", " plain", "\u3000東京", " ", "a@b", "２０２６"],  # noqa: RUF001  wide digits
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert guarded(text) == text == unguarded(guarded(text))


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
