from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from vpp.baseline.forecasting.outside_series import is_usable, plan_over, temperature_at
from vpp.foundation.errors import InvalidInput
from vpp.foundation.series import regular

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)


def hours(count: int, step: timedelta = HOUR) -> pd.DatetimeIndex:
    return pd.date_range(START, periods=count, freq=pd.Timedelta(step))


def test_temperature_is_interpolated_to_the_meters_times() -> None:
    found = temperature_at(regular([0.0, 4.0], START, HOUR), hours(8, QUARTER))
    assert found.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 4.0, 4.0, 4.0]  # its last hour is its own


def test_temperature_is_unknown_outside_and_across_long_gaps() -> None:
    gappy = regular([1.0, np.nan, np.nan, 4.0, *[np.nan] * 7, 11.0], START + HOUR, HOUR)
    found = temperature_at(gappy, hours(14))
    np.testing.assert_array_equal(np.isnan(found), [True, *[False] * 4, *[True] * 7, False, True])
    assert found[2] == pytest.approx(2.0)


@pytest.mark.parametrize("values", [[], [np.nan, np.nan]])
def test_no_temperature_is_known_nowhere(values: list[float]) -> None:
    assert np.isnan(temperature_at(regular(values, START, HOUR), hours(3))).all()


def test_a_plan_is_averaged_and_spread_over_intervals() -> None:
    assert plan_over(regular([1.0, 3.0], START, timedelta(minutes=30)), hours(1), HOUR).tolist() == [2.0]
    quarters = plan_over(regular([8.0, 6.0], START, HOUR), hours(8, QUARTER), QUARTER)
    assert quarters.tolist() == [8.0] * 4 + [6.0] * 4


def test_a_plan_with_a_gap_or_an_end_is_unknown_there() -> None:
    found = plan_over(regular([1.0, np.nan, 3.0], START, HOUR), hours(4), HOUR)
    np.testing.assert_array_equal(found, [1.0, np.nan, 3.0, np.nan])


@pytest.mark.parametrize("name", ["temperature_c", "plan_kw"])
def test_bad_series_are_refused_by_name(name: str) -> None:
    def read(series: pd.Series) -> object:
        at = hours(2)
        return temperature_at(series, at) if name == "temperature_c" else plan_over(series, at, HOUR)

    with pytest.raises(InvalidInput, match=f"{name} is infinite"):
        read(regular([1.0, np.inf], START, HOUR))
    with pytest.raises(InvalidInput, match=f"{name} has an index"):
        read(pd.Series([1.0, 2.0], index=hours(2).tz_localize(None)))
    with pytest.raises(InvalidInput, match=f"{name} has an index"):
        read(regular([1.0, 2.0], START, HOUR)[::-1])


def test_a_plan_of_irregular_times_is_refused() -> None:
    with pytest.raises(InvalidInput, match="plan_kw has intervals of 2 lengths"):
        plan_over(regular(np.ones(4), START, HOUR).iloc[[0, 1, 3]], hours(2), HOUR)


def test_usable_means_all_ahead_and_most_of_the_past() -> None:
    values = np.ones((3, 12))
    values[0, 11] = np.nan  # the last slot ahead
    values[1, :2] = np.nan  # a fifth of the past
    skipped = np.ones(12, dtype=np.bool_)
    assert is_usable(values, skipped, 10, 0.9).tolist() == [False, False, True]
    skipped[11] = False  # a clock change leaves that slot out
    assert is_usable(values, skipped, 10, 0.8).tolist() == [True, True, True]
