from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.slot_history import SlotHistory, slot_length
from vpp.foundation.errors import InvalidInput
from vpp.foundation.series import regular

LONDON = SiteCalendar("Europe/London", frozenset({date(2026, 4, 3), date(2026, 4, 6)}))
QUARTER = timedelta(minutes=15)
LONG = timedelta(days=99)


def history(series_kw: pd.Series, longest: timedelta = LONG) -> SlotHistory:
    found = SlotHistory.of(series_kw, LONDON, longest)
    assert found is not None
    return found


def day_of(day: date) -> pd.Series:
    """Quarter hours of a civil day, counted 0, 1, 2, ... kW in UTC order."""
    whole = LONDON.day(day)
    return regular(np.arange(float(whole.duration / QUARTER)), whole.start, QUARTER)


def test_quarter_hours_are_averaged_to_slots_of_half_an_hour() -> None:
    found = history(day_of(date(2026, 6, 1)))
    assert (found.slots_per_day, found.length) == (48, 48)
    assert found.load_kw[:3].tolist() == [0.5, 2.5, 4.5]


def test_a_skipped_hour_is_a_gap() -> None:
    found = history(day_of(date(2026, 3, 29)))
    assert found.length == 48
    assert np.flatnonzero(np.isnan(found.load_kw)).tolist() == [2, 3]
    assert found.load_kw[4] == 4.5  # 02:00 is the fifth quarter hour


def test_a_repeated_hour_is_averaged_into_one() -> None:
    found = history(day_of(date(2026, 10, 25)))
    assert found.length == 48
    assert found.load_kw[2] == np.mean([4, 5, 8, 9])
    assert not np.isnan(found.load_kw).any()


def test_it_ends_with_the_last_known_value_and_begins_at_midnight() -> None:
    series = day_of(date(2026, 6, 1))
    series.iloc[:10] = np.nan
    series.iloc[40:] = np.nan
    found = history(series)
    assert found.length == 20
    assert np.isnan(found.load_kw[:5]).all()
    assert not np.isnan(found.load_kw[5:]).any()


def test_only_the_newest_part_is_kept() -> None:
    series = regular(np.ones(10 * 24), datetime(2026, 6, 1, tzinfo=UTC), timedelta(hours=1))
    found = history(series, timedelta(days=2))
    assert np.count_nonzero(~np.isnan(found.load_kw)) == 49


def test_nothing_known_is_no_history() -> None:
    series = day_of(date(2026, 6, 1)) * np.nan
    assert SlotHistory.of(series, LONDON, LONG) is None


def test_kinds_of_days() -> None:
    # From Thursday 2 April 2026: Thursday, Good Friday, Saturday, Sunday, Easter Monday, Tuesday.
    found = history(day_of(date(2026, 4, 2)))
    assert found.weekdays(6).tolist() == [3, 4, 5, 6, 0, 1]
    assert found.day_classes(6).tolist() == [0, 2, 1, 2, 2, 0]


def test_positions_count_in_slots() -> None:
    found = history(day_of(date(2026, 6, 1)))
    noon_next_day = pd.DatetimeIndex(
        [datetime(2026, 6, 2, 11, tzinfo=UTC), datetime(2026, 6, 2, 11, 15, tzinfo=UTC)]
    )
    assert found.positions(noon_next_day).tolist() == [48 + 24, 48 + 24.5]


def test_what_followed_an_origin_is_unknown_beyond_the_end() -> None:
    found = history(day_of(date(2026, 6, 1)))
    after = found.after(np.array([45, 47]), 4)
    np.testing.assert_array_equal(after, [[90.5, 92.5, 94.5, np.nan], [94.5, np.nan, np.nan, np.nan]])


@pytest.mark.parametrize(
    ("step_min", "slot_min"), [(1, 30), (5, 30), (15, 30), (30, 30), (60, 60), (20, 20), (12, 12)]
)
def test_slot_lengths(step_min: int, slot_min: int) -> None:
    assert slot_length(timedelta(minutes=step_min)) == timedelta(minutes=slot_min)


def test_a_step_that_does_not_divide_a_day_is_refused() -> None:
    with pytest.raises(InvalidInput, match="divides a day"):
        slot_length(timedelta(minutes=7))
