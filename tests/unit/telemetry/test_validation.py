from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pytest

from vpp.telemetry.edit_rules import EditRules
from vpp.telemetry.reading_flag import ReadingFlag
from vpp.telemetry.validation import validate

HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)


def where(
    values: npt.NDArray[np.float64] | list[float],
    flag: ReadingFlag,
    step: timedelta = HOUR,
    rules: EditRules | None = None,
) -> list[int]:
    found = validate(np.array(values, dtype=np.float64), step, rules or EditRules())
    return np.flatnonzero(found & flag).tolist()


def steady(days: int) -> npt.NDArray[np.float64]:
    """An hourly load of 90 to 100 kW that never repeats a value at once."""
    return (95.0 + 5.0 * np.sin(np.arange(24.0 * days))).astype(np.float64)


def test_ordinary_load_has_no_flag() -> None:
    assert not validate(steady(60), HOUR, EditRules()).any()


def test_gaps_and_signs() -> None:
    values = [1.0, np.nan, -2.0, 0.0]
    assert where(values, ReadingFlag.MISSING) == [1]
    assert where(values, ReadingFlag.NEGATIVE) == [2]
    assert where(values, ReadingFlag.NEGATIVE, rules=EditRules(is_export_expected=True)) == []
    assert where(values, ReadingFlag.ZERO) == []
    assert where(values, ReadingFlag.ZERO, rules=EditRules(is_zero_missing=True)) == [3]


@pytest.mark.parametrize(("size", "expected"), [(3.01, [1000]), (3.0, [])])
def test_a_spike_is_more_than_three_times_the_largest(size: float, expected: list[int]) -> None:
    values = steady(60)
    values[1000] = size * values[1000 - 720 : 1000].max()
    assert where(values, ReadingFlag.SPIKE) == expected


def test_a_spike_may_point_down() -> None:
    values = steady(10)
    values[100] = -400.0
    assert where(values, ReadingFlag.SPIKE) == [100]


def test_a_spike_does_not_hide_the_next_one() -> None:
    values = steady(20)
    values[200], values[201], values[300] = 1000.0, 900.0, 350.0
    assert where(values, ReadingFlag.SPIKE) == [200, 201, 300]


@pytest.mark.parametrize(("at", "expected"), [(743, []), (744, [744])])
def test_only_the_last_thirty_days_count(at: int, expected: list[int]) -> None:
    values = steady(60)
    values[23] = 250.0  # high, not a spike; hour 743 is the last that has it among 720 hours before
    values[at] = 400.0
    assert where(values, ReadingFlag.SPIKE) == expected


def test_a_new_level_is_no_spike() -> None:
    values = steady(20)
    values[200:] *= 5.0
    assert where(values, ReadingFlag.SPIKE) == []


def test_a_run_of_two_hours_is_a_spike_and_of_three_is_not() -> None:
    two, three = steady(20), steady(20)
    two[200:202], three[200:203] = 1000.0, 1000.0
    assert where(two, ReadingFlag.SPIKE) == [200, 201]
    assert where(three, ReadingFlag.SPIKE) == []


def test_a_spike_needs_a_day_of_readings_before_it() -> None:
    values = steady(10)
    values[20], values[30] = 1000.0, 5000.0
    assert where(values, ReadingFlag.SPIKE) == [30]


def test_after_nothing_but_zeros_any_load_is_a_start_not_a_spike() -> None:
    assert where([0.0] * 100 + [50.0] + [0.0] * 10, ReadingFlag.SPIKE) == []


def test_many_spikes_are_all_found() -> None:
    values = steady(60)
    at = np.arange(50, 1400, 7)
    values[at] = 2000.0
    assert where(values, ReadingFlag.SPIKE) == at.tolist()


@pytest.mark.parametrize(("repeats", "expected"), [(15, []), (16, list(range(10, 26)))])
def test_four_hours_of_one_value_are_a_stuck_meter(repeats: int, expected: list[int]) -> None:
    values = steady(3)
    values[10 : 10 + repeats] = 50.0
    assert where(values, ReadingFlag.STUCK, QUARTER) == expected


def test_zeros_and_gaps_are_not_stuck() -> None:
    assert where([0.0] * 50 + [np.nan] * 50, ReadingFlag.STUCK) == []


def test_a_gap_ends_a_flat_line() -> None:
    assert where([5.0] * 3 + [np.nan] + [5.0] * 3, ReadingFlag.STUCK) == []
    assert where([5.0] * 4, ReadingFlag.STUCK) == [0, 1, 2, 3]


def test_one_reading_and_none() -> None:
    assert validate(np.array([5.0]), HOUR, EditRules()).tolist() == [0]
    assert validate(np.array([]), HOUR, EditRules()).tolist() == []
