from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.forecast_request import ForecastRequest
from vpp.baseline.forecasting.ladder import ladder_steps
from vpp.baseline.forecasting.ladder_step import LadderStep
from vpp.baseline.forecasting.site_panels import site_panels
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
CALENDAR = SiteCalendar("Etc/UTC")


def steps_of(*loads_kw: np.ndarray, late: timedelta = timedelta(0)) -> list[LadderStep]:
    """Climb the ladder with sites of equal length."""
    begin = MONDAY + len(loads_kw[0]) * HOUR + late
    horizon = Interval(begin, begin + DAY)
    asked = [ForecastRequest("x", regular(load, MONDAY, HOUR), horizon, CALENDAR) for load in loads_kw]
    (sites,) = site_panels(asked, 98)
    return ladder_steps(sites, "fast", [None] * len(asked), by="batched")


def usual(days: int, seed: int = 1) -> np.ndarray:
    hour = np.arange(days * 24)
    return 100 + 20 * np.sin(2 * np.pi * hour / 24) + np.random.default_rng(seed).normal(0, 2, days * 24)


@pytest.mark.parametrize(
    ("days", "method"),
    [(1, "mean-load"), (2, "class-profile"), (16, "class-profile"), (17, "mean-of-members")],
)
def test_steps_of_a_single_site(days: int, method: str) -> None:
    (step,) = steps_of(usual(days))
    assert step.method == method


def test_every_site_is_on_one_step() -> None:
    gappy = usual(30)
    gappy[:-50:2] = np.nan
    gappy[1:-50:8] = np.nan
    flat = np.full(30 * 24, 5.0)
    found = {step.method: step.sites.tolist() for step in steps_of(usual(30), gappy, flat, usual(30, seed=2))}
    assert found == {"constant": [2], "mean-of-members": [0, 3], "class-profile": [1]}


def test_a_horizon_too_far_away_takes_the_profile() -> None:
    (near,) = steps_of(usual(30), late=6 * DAY)
    (far,) = steps_of(usual(30), late=7 * DAY)
    assert (near.method, far.method) == ("mean-of-members", "class-profile")


def test_the_mean_load_has_the_quantiles_of_the_load() -> None:
    load_kw = np.arange(21.0)
    (step,) = steps_of(load_kw)
    assert (step.method, step.errors_kw) == ("mean-load", None)
    assert (step.point_kw == 10.0).all()
    assert (step.low_kw == -8.0).all()
    assert (step.high_kw == 8.0).all()


def test_the_profile_has_a_band_from_its_own_errors() -> None:
    load_kw = usual(10)
    (step,) = steps_of(load_kw)
    assert step.days_back is not None
    assert step.days_back.tolist() == list(range(9, 0, -1))
    assert step.errors_kw is not None
    yesterday = load_kw[-24:] - steps_of(load_kw[:-24])[0].point_kw[0]
    np.testing.assert_allclose(step.errors_kw[0, -1], yesterday)
    assert (step.low_kw <= step.bias_kw).all()
    assert (step.bias_kw <= step.high_kw).all()
