"""Sums of forecasts: parts and the whole agree, whatever is missing."""

from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.earlier_days import EarlierDays
from vpp.baseline.portfolio_forecast import PortfolioPart, sum_forecasts
from vpp.foundation.interval import Interval

HOUR = timedelta(hours=1)
START = datetime(2026, 3, 29, tzinfo=UTC)  # 23 hours in London
DAY = SiteCalendar("Europe/London").day(START.date())
EARLIER = EarlierDays.of(SiteCalendar("Europe/London"), Interval(DAY.start, DAY.end), HOUR, 20)
SHAPE = EARLIER.starts.shape


def parts_of(seed: int, count: int, missing_ratio: float) -> list[PortfolioPart]:
    dice = np.random.default_rng(seed)
    parts = []
    for n in range(count):
        point_kw = dice.uniform(100.0, 2000.0, SHAPE[1])
        error_kw = dice.normal(0.0, 50.0, SHAPE)
        error_kw[dice.random(SHAPE) < missing_ratio] = np.nan
        parts.append(PortfolioPart(f"s{n}", point_kw, point_kw - 60.0, point_kw, point_kw + 60.0, error_kw))
    return parts


@given(
    seed=st.integers(0, 2**16),
    count=st.integers(1, 6),
    missing_ratio=st.floats(0.0, 1.0),
    factor=st.floats(0.01, 1000.0),
)
def test_a_sum_is_finite_in_order_scales_and_ignores_the_order(
    seed: int, count: int, missing_ratio: float, factor: float
) -> None:
    parts = parts_of(seed, count, missing_ratio)
    forecast = sum_forecasts(parts, EARLIER, DAY.start, HOUR)
    shuffled = sum_forecasts(parts[::-1], EARLIER, DAY.start, HOUR)
    scaled = sum_forecasts(
        [
            PortfolioPart(
                part.site_id,
                part.point_kw * factor,
                part.p10_kw * factor,
                part.p50_kw * factor,
                part.p90_kw * factor,
                part.error_kw * factor,
            )
            for part in parts
        ],
        EARLIER,
        DAY.start,
        HOUR,
    )
    low, middle, high = forecast.p10_kw, forecast.p50_kw, forecast.p90_kw
    assert np.isfinite([low, middle, high]).all()
    assert ((low <= middle) & (middle <= high)).all()
    np.testing.assert_array_equal(low, shuffled.p10_kw)
    np.testing.assert_allclose(scaled.p10_kw, low * factor, rtol=1e-9, atol=1e-9 * factor * 2000)
    np.testing.assert_allclose(scaled.p90_kw, high * factor, rtol=1e-9, atol=1e-9 * factor * 2000)
