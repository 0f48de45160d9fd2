from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import typer

from vpp.cli.arguments import full_name, interval_count, price, span, targets_kw, utc_instant
from vpp.foundation.interval import Interval

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_an_instant_in_utc_is_read() -> None:
    assert utc_instant("2026-03-02T12:00Z") == NOON
    assert utc_instant("2026-03-02T12:00:00+00:00") == NOON


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("tomorrow", "not an instant"),
        ("2026-03-02T12:00", "no offset"),
        ("2026-03-02T21:00+09:00", "not in UTC"),
    ],
)
def test_other_instants_are_refused(text: str, complaint: str) -> None:
    with pytest.raises(typer.BadParameter, match=complaint) as refusal:
        utc_instant(text)
    assert text in str(refusal.value)


def test_a_span_must_not_be_empty() -> None:
    with pytest.raises(typer.BadParameter, match="not after"):
        span(NOON, NOON)


@pytest.mark.parametrize("text", ["much", "-1", "nan", "inf", "1,,2", ""])
def test_targets_that_are_no_reductions_are_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="reduction in kW"):
        targets_kw(text, 3)


def test_the_number_of_targets_must_fit() -> None:
    with pytest.raises(typer.BadParameter, match="has 2 values, expected 1 or one for each of 3"):
        targets_kw("1,2", 3)


def test_a_price_is_exact() -> None:
    assert price("0.1") + price("0.2") == Decimal("0.3")


@pytest.mark.parametrize("text", ["dear", "NaN", "Infinity"])
def test_prices_that_are_no_numbers_are_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="not a price"):
        price(text)


def test_intervals_are_counted() -> None:
    hour = Interval(NOON, NOON + timedelta(hours=1))
    assert interval_count(hour, timedelta(minutes=15)) == 4


def test_a_broken_interval_is_refused() -> None:
    odd = Interval(NOON, NOON + timedelta(minutes=50))
    with pytest.raises(typer.BadParameter, match="whole number"):
        interval_count(odd, timedelta(minutes=15))


def test_ids_and_names_are_both_names() -> None:
    assert full_name("sites", "north-1") == full_name("sites", "sites/north-1")
