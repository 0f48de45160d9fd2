"""Whatever the history, a forecast is finite, ordered and within range."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpp.baseline.forecast import forecast_day_ahead
from vpp.baseline.insufficient_history import InsufficientHistory
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIRST = datetime(2026, 10, 1, tzinfo=UTC)
SHAPES = ["noise", "square wave", "spike", "trend", "tiny", "huge", "export", "two levels"]


def values_kw(shape: str, count: int, rng: np.random.Generator) -> np.ndarray:
    hour = np.arange(count)
    return {
        "noise": rng.normal(100, 20, count),
        "square wave": 100.0 * (hour // 12 % 2),
        "spike": 50.0 + 1e5 * (hour == count // 2),
        "trend": hour * 1.0,
        "tiny": 1e-9 * rng.random(count),
        "huge": 1e9 * rng.random(count),
        "export": -rng.random(count),
        "two levels": np.where(rng.random(count) < 0.5, 3.0, 400.0),
    }[shape]


@given(
    st.sampled_from(SHAPES),
    st.integers(1, 33 * 24),
    st.floats(0, 1),
    st.integers(0, 60),
    st.integers(1, 49),
    st.sampled_from(["Europe/London", "Asia/Kathmandu"]),
    st.integers(0, 9),
)
@settings(max_examples=60, deadline=None)
@pytest.mark.timeout(50)
def test_the_promises_of_a_forecast(  # noqa: PLR0913, PLR0917  one argument per dimension
    shape: str, count: int, missing_ratio: float, lead: int, length: int, zone: str, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    load = values_kw(shape, count, rng)
    load[rng.random(count) < missing_ratio] = np.nan
    begin = FIRST + (count + lead) * HOUR
    found = forecast_day_ahead(
        regular(load, FIRST, HOUR),
        Interval(begin, begin + length * HOUR),
        time_zone=zone,
        holidays=frozenset(),
        masked=(),
    )
    if np.isnan(load).all():
        assert isinstance(found, InsufficientHistory)
        return
    assert not isinstance(found, InsufficientHistory)
    quantiles = np.array([found.p10_kw, found.p50_kw, found.p90_kw])
    assert quantiles.shape == (3, length)
    assert np.isfinite(quantiles).all()
    assert (np.diff(quantiles, axis=0) >= 0).all()
    assert quantiles.min() >= min(0.0, 1.2 * np.nanmin(load)) * (1 + 1e-12)
    assert quantiles.max() <= max(0.0, 1.2 * np.nanmax(load)) * (1 + 1e-12)
