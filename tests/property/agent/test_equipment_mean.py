"""Whenever the readings come and whenever intervals are asked for, energy is neither made nor lost."""

import itertools
import math
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from vpp.agent.equipment_mean import IntervalMeans

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
STEP = timedelta(seconds=60)
SPANS = st.lists(st.integers(1, 30), min_size=8, max_size=24)


@given(spans=SPANS, kws=st.data(), first=st.integers(0, 59))
def test_a_counter_and_its_intervals_agree(spans: list[int], kws: st.DataObject, first: int) -> None:
    means = IntervalMeans(NOON, STEP, timedelta(seconds=30), 1.0)
    at, kwh = first, 0.0
    means.counter(NOON + timedelta(seconds=at), kwh)
    exact: list[tuple[int, float]] = [(at, kwh)]
    for span in spans:
        kwh += kws.draw(st.floats(-500, 500)) * span / 3600
        at += span
        means.counter(NOON + timedelta(seconds=at), kwh)
        exact.append((at, kwh))
    end = NOON + timedelta(seconds=at // 60 * 60)
    closed = means.close(end)

    def counted(second: int) -> float:
        for (left, left_kwh), (right, right_kwh) in itertools.pairwise(exact):
            if left <= second <= right:
                return left_kwh + (right_kwh - left_kwh) * (second - left) / (right - left)
        raise AssertionError

    for index, mean in enumerate(closed):
        if index * 60 < first:
            assert math.isnan(mean)
        else:
            difference_kwh = counted(index * 60 + 60) - counted(index * 60)
            assert math.isclose(mean, difference_kwh * 60, abs_tol=1e-6)


@given(
    spans=SPANS,
    kws=st.lists(st.floats(-1000, 1000), min_size=25, max_size=25),
    asked=st.sets(st.integers(0, 12)),
)
def test_a_mean_lies_between_the_readings_that_made_it(
    spans: list[int], kws: list[float], asked: set[int]
) -> None:
    means = IntervalMeans(NOON, STEP, timedelta(seconds=30), 0.8)
    at, closed = 0, []
    means.power(NOON, kws[0])
    for span, kw in zip(spans, kws[1:], strict=False):
        if at // 60 in asked:  # asked for as early as can be
            closed += means.close(NOON + timedelta(seconds=at))
        at += span
        means.power(NOON + timedelta(seconds=at), kw)
    closed += means.close(NOON + timedelta(seconds=at))
    assert len(closed) == at // 60
    assert all(min(kws) - 1e-9 <= mean <= max(kws) + 1e-9 for mean in closed if not math.isnan(mean))
