from datetime import UTC, date, datetime, timedelta

import pytest
import typer

from vpp.cli.baseline.stamps import instant, option_date, option_instant, option_span
from vpp.foundation.interval import Interval

FIVE = datetime(2026, 1, 19, 17, tzinfo=UTC)


def test_any_offset_is_read_as_the_same_instant() -> None:
    for text in ("2026-01-19T17:00Z", "2026-01-19T18:00+01:00", "2026-01-19 11:00:00-06:00"):
        assert instant(text) == FIVE


def test_an_instant_without_offset_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'2026-01-19T17:00' has no offset from UTC, expected ISO 8601"):
        instant("2026-01-19T17:00")


def test_a_slip_names_the_option_and_the_value() -> None:
    with pytest.raises(typer.BadParameter, match=r"--notice: 'noon' is not an instant"):
        option_instant("--notice", "noon")
    with pytest.raises(typer.BadParameter, match=r"--exclude: '19.1.2026' is not a date"):
        option_date("--exclude", "19.1.2026")


def test_a_span_is_two_instants_of_any_offset() -> None:
    expected = Interval(FIVE, FIVE + timedelta(hours=1, minutes=30))
    assert option_span("--event", "2026-01-19T18:00+01:00/2026-01-19T18:30Z") == expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("2026-01-19T17:00Z", "is not START/END"),
        ("2026-01-19T17:00Z/2026-01-19T17:00Z", "is not after the start"),
        ("2026-01-19T17:00Z/2026-01-19T18:00", "has no offset"),
    ],
)
def test_a_span_that_is_none_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(typer.BadParameter, match=complaint):
        option_span("--event", text)


def test_a_date_is_a_date() -> None:
    assert option_date("--exclude", " 2026-01-19 ") == date(2026, 1, 19)
