from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.forecasting.slot_grid import SlotGrid, slot_length
from vpp.foundation.errors import InvalidInput

LONDON = SiteCalendar("Europe/London")
QUARTER, HALF, HOUR = timedelta(minutes=15), timedelta(minutes=30), timedelta(hours=1)


def grid_of(day: date, step: timedelta = QUARTER, slot: timedelta = HALF) -> tuple[SlotGrid, np.ndarray]:
    """Lay a civil day out; its values count 0, 1, 2, ... in UTC order."""
    whole = LONDON.day(day)
    index = pd.date_range(whole.start, whole.end, freq=pd.Timedelta(step), inclusive="left")
    return SlotGrid.of(index, step, LONDON, slot), np.arange(float(len(index)))[None, :]


def test_quarter_hours_are_averaged_to_slots_of_half_an_hour() -> None:
    grid, values = grid_of(date(2026, 6, 1))
    assert grid.slots_per_day == 48
    assert grid.means(values, 48)[0, :3].tolist() == [0.5, 2.5, 4.5]


def test_a_skipped_hour_is_a_gap() -> None:
    grid, values = grid_of(date(2026, 3, 29))
    means = grid.means(values, 48)[0]
    assert np.flatnonzero(np.isnan(means)).tolist() == [2, 3]
    assert means[4] == 4.5  # 02:00 is the fifth quarter hour


def test_a_repeated_hour_is_averaged_into_one() -> None:
    grid, values = grid_of(date(2026, 10, 25))
    means = grid.means(values, 48)[0]
    assert means[2] == np.mean([4, 5, 8, 9])
    assert not np.isnan(means).any()


def test_a_slot_is_the_mean_of_what_is_known_of_it() -> None:
    grid, values = grid_of(date(2026, 6, 1))
    values[0, [0, 2, 3]] = np.nan
    assert grid.means(values, 48)[0, :2].tolist()[0] == 1.0
    assert np.isnan(grid.means(values, 48)[0, 1])


def test_values_may_end_before_the_grid() -> None:
    grid, values = grid_of(date(2026, 6, 1), HOUR, HOUR)
    assert grid.means(values[:, :3], 4)[0].tolist()[:3] == [0.0, 1.0, 2.0]
    assert np.isnan(grid.means(values[:, :3], 4)[0, 3])


def test_middles_count_in_slots() -> None:
    grid, _ = grid_of(date(2026, 6, 1))
    assert grid.middle[:4].tolist() == [0.25, 0.75, 1.25, 1.75]


def test_an_interval_across_slots_stands_for_the_slot_it_starts_in() -> None:
    kathmandu = SiteCalendar("Asia/Kathmandu")  # 5 h 45 min ahead of UTC
    index = pd.date_range(datetime(2026, 6, 1, 18, tzinfo=UTC), periods=3, freq="h")
    grid = SlotGrid.of(index, HOUR, kathmandu, HOUR)
    assert grid.slot.tolist() == [23, 24, 25]
    assert grid.middle.tolist() == [23.5, 24.5, 25.5]


@pytest.mark.parametrize(
    ("step_min", "slot_min"), [(1, 30), (5, 30), (15, 30), (30, 30), (60, 60), (20, 20), (12, 12)]
)
def test_slot_lengths(step_min: int, slot_min: int) -> None:
    assert slot_length(timedelta(minutes=step_min)) == timedelta(minutes=slot_min)


def test_a_step_that_does_not_divide_a_day_is_refused() -> None:
    with pytest.raises(InvalidInput, match="divides a day"):
        slot_length(timedelta(minutes=7))
