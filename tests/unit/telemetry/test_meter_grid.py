"""Averaging over longer intervals: what it keeps, loses and refuses."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from vpp.foundation.errors import InvalidInput
from vpp.telemetry.meter_format import MeterFormat, StampSide
from vpp.telemetry.meter_grid import Readings, on_one_grid
from vpp.telemetry.reading_flag import ReadingFlag

HOUR = timedelta(hours=1)
NOON = pd.Timestamp("2026-03-02T12:00Z")
NAN = np.nan


def readings(minutes: list[int], values: list[float]) -> Readings:
    instants = NOON + pd.to_timedelta(minutes, unit="min")
    return Readings("north", pd.DatetimeIndex(instants), np.array(values), np.arange(len(values)) + 2)


def test_fine_steps_become_coarse_by_the_mean_of_power() -> None:
    found = on_one_grid(
        readings([0, 15, 30, 45, 60, 90, 120, 150], [1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 5.0, 5.0]),
        MeterFormat(mean_step=HOUR),
    )
    # 12:00 mean of four quarters; 13:00 loses its first half hour, which follows a quarter; 14:00 is whole.
    np.testing.assert_array_equal(found.power, [2.5, NAN, 5.0])
    assert found.notes == ("averaged over intervals of 1:00:00",)


def test_coarse_steps_that_turn_fine_lose_nothing() -> None:
    found = on_one_grid(
        readings([0, 30, 60, 75, 90, 105], [1.0, 3.0, 1.0, 2.0, 3.0, 6.0]), MeterFormat(mean_step=HOUR)
    )
    assert found.power.tolist() == [2.0, 3.0]


def test_energy_adds_up() -> None:
    found = on_one_grid(
        readings([0, 30, 60, 75, 90, 105], [1.0, 3.0, 1.0, 2.0, 3.0, 6.0]),
        MeterFormat("energy", "kWh", mean_step=HOUR),
    )
    assert found.power.tolist() == [4.0, 12.0]


def test_a_gap_makes_the_longer_interval_a_gap() -> None:
    found = on_one_grid(
        readings([0, 15, 45, 60, 75, 90, 105], [1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0]),
        MeterFormat(mean_step=HOUR),
    )
    np.testing.assert_array_equal(found.power, [NAN, 2.0])
    assert found.flag.tolist() == [ReadingFlag.MISSING, 0]


def test_an_empty_cell_makes_the_longer_interval_a_gap() -> None:
    found = on_one_grid(readings([0, 30, 60, 90], [1.0, NAN, 2.0, 2.0]), MeterFormat(mean_step=HOUR))
    np.testing.assert_array_equal(found.power, [NAN, 2.0])


def test_stamps_of_ends_are_averaged_over_what_they_end() -> None:
    found = on_one_grid(
        readings([30, 60, 90, 120], [1.0, 3.0, 5.0, 7.0]), MeterFormat(stamp=StampSide.END, mean_step=HOUR)
    )
    assert found.first_at == NOON
    assert found.power.tolist() == [2.0, 6.0]


def test_a_conflict_inside_marks_the_longer_interval() -> None:
    found = on_one_grid(readings([0, 30, 30, 60, 90], [1.0, 3.0, 4.0, 2.0, 2.0]), MeterFormat(mean_step=HOUR))
    assert found.flag.tolist() == [ReadingFlag.CONFLICT, 0]


@pytest.mark.parametrize("minutes", [[10, 70, 130], [0, 120, 240], [0, 25, 50]])
def test_steps_that_never_fill_the_longer_interval_are_refused(minutes: list[int]) -> None:
    with pytest.raises(InvalidInput, match="expected some that together fill intervals of 1:00:00"):
        on_one_grid(readings(minutes, [1.0, 2.0, 3.0]), MeterFormat(mean_step=HOUR))


def test_one_reading_cannot_be_averaged() -> None:
    with pytest.raises(InvalidInput, match="one reading"):
        on_one_grid(readings([0], [1.0]), MeterFormat(mean_step=HOUR))
