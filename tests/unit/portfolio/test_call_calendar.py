"""On which days and at which hours a product may be called."""

from datetime import date, time

import pytest
from pydantic import ValidationError

from vpp.portfolio.call_calendar import CallCalendar

NO_HOLIDAYS: frozenset[date] = frozenset()
NEW_YEAR = frozenset({date(2026, 1, 1)})
THURSDAY = date(2026, 1, 1)


def test_a_calendar_that_says_nothing_is_always_open() -> None:
    calendar = CallCalendar()
    assert calendar.is_open
    assert calendar.allows_day(THURSDAY, NEW_YEAR)
    assert calendar.allows_time(time(3))


@pytest.mark.parametrize(
    ("calendar", "day", "is_allowed"),
    [
        (CallCalendar(months=(5, 10)), date(2026, 5, 31), True),
        (CallCalendar(months=(5, 10)), date(2026, 6, 1), False),
        (CallCalendar(weekdays=("mon", "sun")), date(2026, 1, 4), True),
        (CallCalendar(weekdays=("mon", "sun")), date(2026, 1, 3), False),
        (CallCalendar(holidays="excluded", holiday_calendar="GB"), THURSDAY, False),
        (CallCalendar(holidays="excluded", holiday_calendar="GB"), date(2026, 1, 2), True),
        (CallCalendar(holidays="only", holiday_calendar="GB"), THURSDAY, True),
        (CallCalendar(holidays="only", holiday_calendar="GB"), date(2026, 1, 2), False),
        (CallCalendar(holidays="excluded", further_holidays=(date(2026, 1, 2),)), date(2026, 1, 2), False),
    ],
)
def test_days(calendar: CallCalendar, day: date, *, is_allowed: bool) -> None:
    assert calendar.allows_day(day, NEW_YEAR) is is_allowed


@pytest.mark.parametrize(
    ("start", "end", "open_hours"),
    [
        (time(16), time(21), {16, 17, 18, 19, 20}),
        (time(22), time(0), {22, 23}),
        (time(22), time(2), {22, 23, 0, 1}),
        (time(0), time(6), {0, 1, 2, 3, 4, 5}),
    ],
)
def test_hours_are_half_open_and_may_pass_midnight(start: time, end: time, open_hours: set[int]) -> None:
    calendar = CallCalendar(not_before=start, not_after=end)
    assert {hour for hour in range(24) if calendar.allows_time(time(hour))} == open_hours


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"months": (0,)}, "months"),
        ({"weekdays": ("monday",)}, "weekdays"),
        ({"holidays": "excluded"}, "expected holiday_calendar or further_holidays"),
        ({"holiday_calendar": "GB"}, "neither of them with like_any_day"),
        ({"holiday_calendar": "Britain", "holidays": "only"}, "holiday_calendar"),
        ({"not_before": "16:00"}, "not_before and not_after together"),
        ({"not_before": "16:00", "not_after": "16:00"}, "another time than not_before"),
        ({"not_before": "16:00Z", "not_after": "17:00Z"}, "none with an offset"),
    ],
)
def test_a_calendar_that_contradicts_itself_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        CallCalendar.model_validate(fields)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(ValidationError, match=r"expected holiday_calendar.*; expected not_before"):
        CallCalendar(holidays="only", not_before=time(3))


def test_it_comes_back_from_its_document_as_it_was() -> None:
    calendar = CallCalendar(
        months=(1,),
        weekdays=("sat",),
        holidays="excluded",
        holiday_calendar="US-CA",
        further_holidays=(date(2026, 2, 2),),
        not_before=time(16, 30),
        not_after=time(0),
    )
    assert CallCalendar.model_validate(calendar.model_dump(mode="json")) == calendar
    assert calendar.words == "in Jan, on sat, not on holidays of US-CA, from 16:30 to 00:00"
