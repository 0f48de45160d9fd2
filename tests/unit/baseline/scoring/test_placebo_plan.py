from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pytest
from support.baseline_sites import DAY, HOUR, at, day_of, flat_site, site_of, span

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.scoring.placebo_plan import PlaceboPlan, PlaceboWindow, placebo_events
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.portfolio.day_kind import DayKind

EVENING = PlaceboPlan(windows=(PlaceboWindow(time(17), 4 * HOUR),), history_days=7)


def days_of(events: tuple[Interval, ...]) -> list[int]:
    return [(event.start - at(0)).days for event in events]


def test_working_days_with_enough_history_are_taken_oldest_first() -> None:
    events = placebo_events(flat_site(14), EVENING)
    assert events == tuple(span(day, 17, 21) for day in (7, 8, 9, 10, 11))


def test_the_latest_days_are_kept_and_both_windows_of_each() -> None:
    plan = PlaceboPlan(day_count=2, history_days=7)
    events = placebo_events(flat_site(14), plan)
    assert events == (span(10, 14, 18), span(10, 17, 21), span(11, 14, 18), span(11, 17, 21))


def test_event_days_excluded_days_and_holidays_are_not_taken() -> None:
    site = flat_site(
        14,
        calendar=SiteCalendar("Europe/London", frozenset({day_of(7)})),
        events=[span(8, 2, 3)],
        excluded_dates=frozenset({day_of(9)}),
    )
    assert days_of(placebo_events(site, EVENING)) == [10, 11]
    every_kind = replace(EVENING, kinds=frozenset(DayKind))
    assert days_of(placebo_events(site, every_kind)) == [7, 10, 11, 12, 13]


def test_a_hidden_span_takes_only_the_events_it_touches() -> None:
    site = flat_site(14, masked=[span(8, 20, 22), span(9, 21, 23)])
    assert days_of(placebo_events(site, EVENING)) == [7, 9, 10, 11]


def test_gaps_take_events_away_as_far_as_the_plan_says() -> None:
    load = np.full(24 * 14, 100.0)
    load[24 * 8 + 18] = np.nan
    assert days_of(placebo_events(site_of(load), EVENING)) == [7, 9, 10, 11]
    assert days_of(placebo_events(site_of(load), replace(EVENING, complete_ratio=0.75))) == [7, 8, 9, 10, 11]
    assert placebo_events(site_of(np.full(24 * 14, np.nan)), EVENING) == ()


def test_history_counts_from_the_first_reading_and_an_end_can_be_given() -> None:
    load = np.full(24 * 14, 100.0)
    load[: 24 * 2] = np.nan
    assert days_of(placebo_events(site_of(load), EVENING)) == [9, 10, 11]
    assert days_of(placebo_events(flat_site(14), EVENING, before=at(9, 21))) == [7, 8, 9]
    assert days_of(placebo_events(flat_site(14), EVENING, before=at(9, 20))) == [7, 8]


@pytest.mark.parametrize(
    ("changed", "utc_hours"),
    [
        (date(2026, 3, 29), [17, 16]),  # clocks forward on the second Sunday: 23 h
        (date(2026, 10, 25), [16, 17]),  # and back: 25 h
    ],
)
def test_windows_keep_their_wall_time_over_a_clock_change(changed: date, utc_hours: list[int]) -> None:
    start = datetime.combine(changed, time.min, UTC) - 8 * DAY
    site = site_of(np.full(24 * 12, 100.0), start=start)
    around = [
        event.start.hour
        for event in placebo_events(site, EVENING)
        if event.start.date() in {changed - 2 * DAY, changed + DAY}
    ]
    # 17:00 in London: the change lies between Friday and Monday.
    assert len(around) == 1 or around == utc_hours
    assert around[-1] == utc_hours[1]


@pytest.mark.parametrize(("clock", "expected"), [(time(1), 0), (time(3), 1)])
def test_a_window_whose_hour_is_skipped_has_no_event_that_day(clock: time, expected: int) -> None:
    site = site_of(np.full(24 * 3, 100.0), start=datetime(2026, 3, 28, tzinfo=UTC))
    plan = PlaceboPlan(
        windows=(PlaceboWindow(clock, HOUR),), kinds=frozenset({DayKind.SUNDAY}), history_days=0
    )
    assert len(placebo_events(site, plan)) == expected


def test_an_hour_that_occurs_twice_has_its_first_occurrence() -> None:
    site = site_of(np.full(24 * 3, 100.0), start=datetime(2026, 10, 24, tzinfo=UTC))
    plan = PlaceboPlan(
        windows=(PlaceboWindow(time(1), HOUR),), kinds=frozenset({DayKind.SUNDAY}), history_days=0
    )
    assert [event.start for event in placebo_events(site, plan)] == [datetime(2026, 10, 25, 0, tzinfo=UTC)]


def test_windows_off_the_grid_or_without_length_are_refused() -> None:
    half_past = replace(EVENING, windows=(PlaceboWindow(time(17, 30), HOUR),))
    with pytest.raises(InvalidInput, match="17:30:00 for 1:00:00 does not fit intervals of 1:00:00"):
        placebo_events(flat_site(14), half_past)
    for length in (timedelta(0), timedelta(hours=25)):
        with pytest.raises(InvalidInput, match="duration"):
            PlaceboWindow(time(17), length)
