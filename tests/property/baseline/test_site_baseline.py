"""What holds for every baseline, whatever the load."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from vpp.baseline.site_baseline import SiteBaseline, site_baseline
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular
from vpp.portfolio.product import BaselineRules

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIRST = datetime(2026, 10, 12, tzinfo=UTC)  # two weeks that end after London's 25-hour day
DAYS = 15
EVENT = Interval(FIRST + 14 * DAY + 17 * HOUR, FIRST + 14 * DAY + 20 * HOUR)

POWER_KW = st.one_of(
    st.just(float("nan")), st.floats(0, 1000, allow_subnormal=False).map(lambda x: round(x, 3))
)
LOADS = st.lists(POWER_KW, min_size=DAYS, max_size=DAYS).flatmap(
    lambda levels: st.integers(0, 99).map(
        lambda seed: regular(
            np.repeat(levels, 24) + np.random.default_rng(seed).random(DAYS * 24).round(3), FIRST, HOUR
        )
    )
)
RULES = st.builds(
    BaselineRules,
    baseline_id=st.just("high-x-of-y"),
    day_count=st.integers(1, 5),
    candidate_count=st.integers(5, 10),
    holiday_day_count=st.just(2),
    holiday_candidate_count=st.just(3),
    lookback_days=st.integers(1, 45),
    low_use_ratio=st.sampled_from([0.0, 0.25, 0.9]),
    latest_day_offset=st.integers(1, 3),
    adjustment_begin=st.just(3 * HOUR),
    adjustment_end=st.just(HOUR),
    adjustment_cap_ratio=st.sampled_from([0.0, 0.2, 1.0]),
)


def compute(load_kw: pd.Series, rules: BaselineRules) -> SiteBaseline | None:
    found = site_baseline(
        load_kw,
        EVENT,
        rules,
        time_zone="Europe/London",
        holidays=frozenset({date(2026, 10, 20)}),
        excluded_dates=frozenset({date(2026, 10, 21)}),
        masked=(),
    )
    return found if isinstance(found, SiteBaseline) else None


@given(LOADS, RULES)
def test_a_baseline_lies_within_what_the_days_used_showed(load_kw: pd.Series, rules: BaselineRules) -> None:
    found = compute(load_kw, rules)
    if found is None:
        return
    assert np.isfinite(found.raw_kw).all()
    assert found.raw_kw.min() >= load_kw.min()
    assert found.raw_kw.max() <= load_kw.max() + 1e-9
    assert (found.adjusted_kw >= 0).all()
    cap_kw = rules.adjustment_cap_ratio * found.raw_kw.mean()
    assert abs(found.adjustment_kw) <= cap_kw + 1e-9
    assert found.adjusted or found.adjustment_kw == 0


@given(LOADS, RULES)
def test_days_used_are_earlier_like_days_that_nothing_excludes(
    load_kw: pd.Series, rules: BaselineRules
) -> None:
    found = compute(load_kw, rules)
    if found is None:
        return
    assert list(found.days_used) == sorted(set(found.days_used), reverse=True)
    assert 1 <= len(found.days_used) <= rules.day_count
    for day in found.days_used:
        assert (date(2026, 10, 26) - day).days >= rules.latest_day_offset
        assert day.weekday() < 5
        assert day not in {date(2026, 10, 20), date(2026, 10, 21)}


@given(LOADS, RULES)
def test_twice_the_load_is_twice_the_baseline(load_kw: pd.Series, rules: BaselineRules) -> None:
    one, other = compute(load_kw, rules), compute(load_kw * 2.0, rules)
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert one.days_used == other.days_used
        np.testing.assert_allclose(other.adjusted_kw, 2.0 * one.adjusted_kw, rtol=1e-9, atol=1e-9)


@given(LOADS, RULES)
def test_what_happens_during_the_event_changes_nothing(load_kw: pd.Series, rules: BaselineRules) -> None:
    changed = load_kw.copy()
    changed[EVENT.start :] = 4321.0
    one, other = compute(load_kw, rules), compute(changed, rules)
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        pd.testing.assert_series_equal(one.adjusted_kw, other.adjusted_kw)
