from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.foundation.series import on_grid, regular, resample_mean_kw, starts

MIDNIGHT = datetime(2026, 3, 29, tzinfo=UTC)  # the day London's clocks go forward
FIVE, QUARTER = timedelta(minutes=5), timedelta(minutes=15)


def test_a_gap_inside_makes_the_whole_a_gap() -> None:
    load = regular([1.0, 2.0, 3.0, 4.0, np.nan, 6.0, 7.0], MIDNIGHT, FIVE)
    mean = resample_mean_kw(load, QUARTER)
    assert mean.tolist()[0] == 2.0
    assert np.isnan(mean.iloc[1])
    assert len(mean) == 2


def test_energy_is_conserved() -> None:
    load = regular(np.random.default_rng(7).uniform(0, 100, 288), MIDNIGHT, FIVE)
    assert resample_mean_kw(load, QUARTER).sum() * 0.25 == pytest.approx(load.sum() / 12)


def test_an_irregular_series_is_refused() -> None:
    with pytest.raises(InvalidInput, match="fixed frequency"):
        resample_mean_kw(pd.Series([1.0, 2.0]), QUARTER)


@pytest.mark.parametrize("step", [timedelta(minutes=7), timedelta(minutes=12)])
def test_a_step_that_does_not_fit_is_refused(step: timedelta) -> None:
    with pytest.raises(InvalidInput, match="does not fit"):
        resample_mean_kw(regular([1.0] * 10, MIDNIGHT, FIVE), step)


def test_a_civil_day_of_23_hours_has_92_quarter_hours() -> None:
    civil = Interval(MIDNIGHT, MIDNIGHT + timedelta(hours=23))
    assert len(starts(civil, QUARTER)) == 92
    with pytest.raises(InvalidInput, match="whole number"):
        starts(civil, timedelta(minutes=55))


def test_the_grid_begins_at_midnight() -> None:
    assert on_grid(MIDNIGHT + timedelta(minutes=45), QUARTER)
    assert not on_grid(MIDNIGHT + timedelta(minutes=50), QUARTER)
