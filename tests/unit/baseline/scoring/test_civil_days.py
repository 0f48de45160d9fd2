from datetime import date

import pytest
from support.baseline_sites import day_of, flat_site, span

from vpp.baseline.scoring.civil_days import civil_day_of, event_days, number_of
from vpp.foundation.interval import Interval


def test_numbers_and_dates_are_the_same_days() -> None:
    for day in (date(1970, 1, 1), date(2024, 2, 29), date(2026, 10, 25)):
        assert civil_day_of(number_of(day)) == day
    assert number_of(date(1970, 1, 2)) == 1


@pytest.mark.parametrize(
    ("event", "days"),
    [
        (span(3, 17, 21), [3]),
        (span(3, 20, 24), [3]),  # ends at midnight: not the next day's
        (span(3, 22, 26), [3, 4]),
    ],
)
def test_an_event_marks_every_day_it_touches(event: Interval, days: list[int]) -> None:
    assert event_days(flat_site(5, events=[event])) == {day_of(day) for day in days}
