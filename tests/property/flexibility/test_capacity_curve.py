"""A capacity curve keeps the day's total, breaks no delay, and costs no more than a linear program's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from vpp.flexibility.capacity_curve import CapacityCurve, CapacityShortfall, FlexibleDay, capacity_curve


@st.composite
def days(draw: st.DrawFn) -> FlexibleDay:
    count = draw(st.integers(1, 8))
    kw = st.integers(0, 50).map(float)
    return FlexibleDay(
        tuple(draw(st.lists(kw, min_size=count, max_size=count))),
        tuple(draw(st.lists(kw, min_size=count, max_size=count))),
        tuple(draw(st.lists(st.integers(0, 9).map(float), min_size=count, max_size=count))),
        longest_delay_hours=draw(st.integers(0, 8)),
    )


def least_cost(day: FlexibleDay) -> float | None:
    """Solve the transport of work from the hours it comes in to those it is done in."""
    count = len(day.arriving_kw)
    pairs = [(a, h) for a in range(count) for h in range(a, min(a + day.longest_delay_hours, count - 1) + 1)]
    comes = np.array([[float(a == n) for a, _ in pairs] for n in range(count)])
    done = np.array([[float(h == n) for _, h in pairs] for n in range(count)])
    solved = linprog(
        [day.cost_per_kwh[h] for _, h in pairs],
        A_ub=done,
        b_ub=day.room_kw,
        A_eq=comes,
        b_eq=day.arriving_kw,
    )
    return float(solved.fun) if solved.status == 0 else None


@given(days())
def test_no_schedule_is_cheaper(day: FlexibleDay) -> None:
    found = capacity_curve(day)
    least = least_cost(day)
    if isinstance(found, CapacityShortfall):
        assert least is None
        assert found.missing_kwh > 0.0
        return
    assert isinstance(found, CapacityCurve)
    assert sum(found.planned_kw) == pytest.approx(sum(day.arriving_kw))
    assert all(cap <= room + 1e-9 for cap, room in zip(found.cap_kw, day.room_kw, strict=True))
    assert found.cost == pytest.approx(least, abs=1e-6)


@given(days(), st.floats(0.0, 0.5))
def test_a_margin_only_adds_room(day: FlexibleDay, margin_ratio: float) -> None:
    found = capacity_curve(day, margin_ratio)
    if isinstance(found, CapacityCurve):
        total_kw = sum(day.arriving_kw)
        assert sum(found.planned_kw) == pytest.approx(total_kw)
        assert total_kw - 1e-6 <= sum(found.cap_kw) <= (1.0 + margin_ratio) * total_kw + 1e-6
