from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pytest

from vpp.foundation.errors import InvalidInput
from vpp.telemetry.sufficiency import (
    CALTRACK,
    FLEXMETER,
    RECURVE,
    Sufficiency,
    SufficiencyRule,
    sufficiency,
)

HOUR = timedelta(hours=1)


def judge(values: npt.NDArray[np.float64], rule: SufficiencyRule) -> Sufficiency:
    hours = np.arange(len(values))
    return sufficiency(values, hours // 24, hours % 168, HOUR, rule)


def varied(days: int) -> npt.NDArray[np.float64]:
    return np.arange(24.0 * days)


@pytest.mark.parametrize(("missing_days", "holds"), [(6, True), (7, False)])
def test_caltrack_allows_a_tenth_of_the_days_to_miss(missing_days: int, holds: bool) -> None:  # noqa: FBT001  a case
    values = varied(60)
    values[240 : 240 + 24 * missing_days] = np.nan
    found = judge(values, CALTRACK)
    assert found.is_sufficient is holds
    assert (found.days, found.full_days) == (60, 60 - missing_days)


@pytest.mark.parametrize(("hours", "full_days"), [(2, 10), (3, 9)])
def test_a_day_is_full_with_nine_tenths_of_its_readings(hours: int, full_days: int) -> None:
    values = varied(10)
    values[24 : 24 + hours] = np.nan  # 22 of 24 is 0.917, 21 of 24 is 0.875
    assert judge(values, CALTRACK).full_days == full_days


def test_recurve_asks_for_35_of_45_days() -> None:
    assert judge(varied(35), RECURVE).is_sufficient
    found = judge(varied(34), RECURVE)
    assert found.shortfalls == ("34 full days, expected at least 35",)


def test_only_the_window_counts() -> None:
    values = varied(90)
    values[24 * 60 :] = np.nan
    found = judge(values, RECURVE)
    assert (found.days, found.full_days) == (45, 15)


def test_each_hour_of_the_week_is_asked_for() -> None:
    values = varied(45)
    values[(np.arange(len(values)) % 168 == 30) & (np.arange(len(values)) > 168 * 3)] = np.nan
    # In the last 45 days hour 30 occurs in weeks 0 to 6, and is read in weeks 0, 1 and 2.
    assert judge(values, RECURVE).week_hour_days == 3
    values[30] = np.nan
    assert judge(values, RECURVE).shortfalls == (
        "an hour of the week is read on 2 days, expected at least 3",
    )


def test_a_meter_that_shows_few_values_is_not_enough() -> None:
    values = varied(45) % 100.0
    found = judge(values, RECURVE)
    assert found.shortfalls == ("9.3 % of the values are different, expected at least 10 %",)


def test_flexmeter_asks_for_twenty_days() -> None:
    assert judge(varied(20), FLEXMETER).is_sufficient
    assert not judge(varied(19), FLEXMETER).is_sufficient


@pytest.mark.parametrize("values", [np.zeros(0), np.full(48, np.nan)])
def test_no_readings_are_not_enough(values: npt.NDArray[np.float64]) -> None:
    for rule in (CALTRACK, RECURVE, FLEXMETER):
        found = judge(values, rule)
        assert not found.is_sufficient
        assert (found.full_days, found.missing_day_ratio) == (0, 1.0)


def test_a_short_day_is_full_and_a_long_one_counts_once() -> None:
    # 24, 23 and 25 hours.
    day = np.repeat([0, 1, 2], [24, 23, 25])
    found = sufficiency(np.arange(72.0), day, np.arange(72), HOUR, CALTRACK)
    assert (found.days, found.full_days) == (3, 3)


def test_ratios_lie_between_zero_and_one() -> None:
    with pytest.raises(InvalidInput, match=r"full_day_ratio is 1\.5, expected 0 to 1"):
        SufficiencyRule("wrong", "nowhere", full_day_ratio=1.5)
