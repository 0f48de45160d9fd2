from datetime import UTC, date, datetime

import pytest

from vpp.foundation.errors import InvalidInput
from vpp.settlement.version_calendar import VersionCalendar, business_day, dispute_deadline, last_day


def midnight(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


def test_a_month_s_versions_are_business_days_after_its_end() -> None:
    # March 2026 ends on a Tuesday; Good Friday is 3 April and Easter Monday 6 April.
    english = VersionCalendar(country="GB-ENG", recalc_days=(12,), final_days=15)
    assert english.initial_at("2026-03") == midnight(2026, 4, 9)
    assert english.recalcs_at("2026-03") == (midnight(2026, 4, 20),)
    assert english.final_at("2026-03") == midnight(2026, 4, 23)
    assert VersionCalendar().initial_at("2026-03") == midnight(2026, 4, 7)


def test_golden_week_puts_them_off() -> None:
    japan = VersionCalendar(country="JP")
    # April 2026 ends on a Thursday. Friday is a business day, then holidays until Wednesday 6 May.
    assert japan.initial_at("2026-04") == midnight(2026, 5, 12)


def test_a_line_may_be_disputed_until_its_last_business_day_is_over() -> None:
    written = datetime(2026, 4, 9, 9, 30, tzinfo=UTC)
    english = VersionCalendar(country="GB-ENG")
    # Twenty business days, of which 4 May is a bank holiday: the last is Friday 8 May.
    assert dispute_deadline(written, english) == midnight(2026, 5, 9)
    assert dispute_deadline(written, VersionCalendar()) == midnight(2026, 5, 8)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (date(2026, 11, 26), date(2026, 11, 27)),  # Thursday to Friday
        (date(2026, 11, 27), date(2026, 11, 30)),  # over a weekend
        (date(2026, 11, 28), date(2026, 11, 30)),  # from a Saturday
        (date(2026, 12, 31), date(2027, 1, 1)),  # no country, no New Year
    ],
)
def test_the_next_business_day(after: date, expected: date) -> None:
    assert business_day(after, 1) == expected


def test_holidays_of_the_next_year_count_too() -> None:
    assert business_day(date(2026, 12, 31), 1, "GB-ENG") == date(2027, 1, 4)
    assert business_day(date(2026, 1, 2), 480, "GB-ENG") == date(2027, 11, 24)


@pytest.mark.parametrize(("period", "day"), [("2024-02", 29), ("2026-02", 28), ("2026-12", 31)])
def test_the_last_day_of_a_month(period: str, day: int) -> None:
    assert last_day(period).day == day


@pytest.mark.parametrize("period", ["2026-13", "2026", "../etc", "2026-3"])
def test_no_month_is_refused(period: str) -> None:
    with pytest.raises(InvalidInput, match="expected YYYY-MM"):
        last_day(period)


@pytest.mark.parametrize(
    "wrong",
    [
        {"initial_days": 0},
        {"recalc_days": (12, 12)},
        {"recalc_days": (3,)},
        {"final_days": 55},
        {"final_days": 501},
        {"dispute_days": 0},
        {"dispute_days": 501},
        {"country": "XX"},
    ],
)
def test_dates_out_of_order_and_unknown_places_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        VersionCalendar(**wrong)  # type: ignore[arg-type]  # on purpose
