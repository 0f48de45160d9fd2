import pytest

from vpp.flexibility.capacity_curve import (
    CapacityCurve,
    CapacityShortfall,
    FlexibleDay,
    capacity_curve,
    done_under,
)
from vpp.foundation.errors import InvalidInput


def day(hours: int = 24, *, delay: int = 24, room_kw: float = 200.0) -> FlexibleDay:
    """100 kW of work in every hour; carbon is low from hour 10 to 16."""
    cost = tuple(0.2 if 10 <= hour < 16 else 0.8 for hour in range(hours))
    return FlexibleDay((100.0,) * hours, (room_kw,) * hours, cost, longest_delay_hours=delay)


@pytest.mark.parametrize("hours", [23, 24, 25])
@pytest.mark.parametrize("delay", [0, 3, 24])
def test_the_days_total_is_preserved(hours: int, delay: int) -> None:
    found = capacity_curve(day(hours, delay=delay), margin_ratio=0.1)
    assert isinstance(found, CapacityCurve)
    assert sum(found.planned_kw) == pytest.approx(100.0 * hours)
    assert sum(found.cap_kw) >= 1.1 * 100.0 * hours - 1e-6
    assert all(cap >= planned - 1e-9 for cap, planned in zip(found.cap_kw, found.planned_kw, strict=True))
    assert max(found.cap_kw) <= 200.0 + 1e-9
    assert found.cost <= found.cost_if_left_alone + 1e-9


def test_work_moves_into_the_cheap_hours() -> None:
    found = capacity_curve(day())
    assert isinstance(found, CapacityCurve)
    assert found.planned_kw[10:16] == (200.0,) * 6
    assert found.cost_if_left_alone == pytest.approx(18 * 80.0 + 6 * 20.0)
    assert found.cost == pytest.approx(12 * 80.0 + 6 * 40.0)  # twice as much in six cheap hours


def test_work_that_may_not_wait_is_done_as_it_comes() -> None:
    found = capacity_curve(day(delay=0))
    assert isinstance(found, CapacityCurve)
    assert found.planned_kw == (100.0,) * 24


def test_work_is_never_done_before_it_comes() -> None:
    late = FlexibleDay((0.0, 0.0, 50.0), (100.0,) * 3, (0.1, 0.1, 0.9))
    found = capacity_curve(late)
    assert isinstance(found, CapacityCurve)
    assert found.planned_kw == (0.0, 0.0, 50.0)


def test_a_day_without_room_is_a_shortfall_and_no_error() -> None:
    assert capacity_curve(day(room_kw=90.0)) == CapacityShortfall(pytest.approx(240.0))


def test_a_curve_replayed_on_other_demand_leaves_the_excess_undone() -> None:
    found = capacity_curve(day(), margin_ratio=0.05)
    assert isinstance(found, CapacityCurve)
    more = FlexibleDay((104.0,) * 24, (200.0,) * 24, (0.0,) * 24)
    assert sum(done_under(more, found.cap_kw)) == pytest.approx(104.0 * 24)  # within the margin
    far_more = FlexibleDay((120.0,) * 24, (200.0,) * 24, (0.0,) * 24)
    assert sum(done_under(far_more, found.cap_kw)) == pytest.approx(sum(found.cap_kw))


def test_the_margin_is_as_large_as_there_is_room() -> None:
    found = capacity_curve(day(room_kw=104.0), margin_ratio=0.10)
    assert isinstance(found, CapacityCurve)
    assert sum(found.cap_kw) == pytest.approx(104.0 * 24, rel=1e-5)


def test_what_is_no_day_is_refused() -> None:
    with pytest.raises(InvalidInput, match="expected as many"):
        FlexibleDay((1.0,), (1.0, 2.0), (1.0,))
    with pytest.raises(InvalidInput, match=r"room_kw is -1\.0"):
        FlexibleDay((1.0,), (-1.0,), (1.0,))
    with pytest.raises(InvalidInput, match="margin_ratio"):
        capacity_curve(day(), margin_ratio=-0.1)
