from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from vpp.foundation.interval import Interval
from vpp.workflows.forecast_records import SitePlanRecord
from vpp.workflows.load_plans import plan_on_grid

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
QUARTER, HOUR = timedelta(minutes=15), timedelta(hours=1)


def plan(start: datetime, step: timedelta, *plan_kw: float) -> SitePlanRecord:
    return SitePlanRecord("north-1", start, step, plan_kw, NOON)


def on_grid(*plans: SitePlanRecord, step: timedelta = QUARTER) -> list[float]:
    series_kw = plan_on_grid(plans, Interval(NOON, NOON + HOUR), step)
    assert series_kw is not None
    assert series_kw.index[0] == NOON
    return series_kw.to_list()


def test_a_coarse_plan_holds_over_its_intervals() -> None:
    assert on_grid(plan(NOON - HOUR, HOUR, 5.0, 100.0)) == pytest.approx([100.0] * 4)


def test_a_fine_plan_is_averaged() -> None:
    assert on_grid(plan(NOON, timedelta(minutes=5), 10, 20, 30, *[60.0] * 9)) == pytest.approx(
        [20, 60, 60, 60]
    )


def test_an_interval_that_is_planned_in_part_is_unknown() -> None:
    values = on_grid(plan(NOON + timedelta(minutes=5), timedelta(minutes=5), *[10.0] * 5))
    np.testing.assert_array_equal(np.isnan(values), [True, False, True, True])


def test_the_later_plan_holds() -> None:
    values = on_grid(plan(NOON, HOUR, 100.0), plan(NOON + QUARTER, QUARTER, 7.0))
    assert values == pytest.approx([100.0, 7.0, 100.0, 100.0])


def test_what_is_told_afterwards_was_not_planned() -> None:
    late = SitePlanRecord("north-1", NOON, QUARTER, (9.0,) * 4, NOON + timedelta(minutes=20))
    assert on_grid(plan(NOON, HOUR, 100.0), late) == pytest.approx([100.0, 9.0, 9.0, 9.0])
    over = SitePlanRecord("north-1", NOON, HOUR, (9.0,), NOON + HOUR)
    assert plan_on_grid([over], Interval(NOON, NOON + HOUR), QUARTER) is None


def test_no_plan_is_none() -> None:
    span = Interval(NOON, NOON + HOUR)
    assert plan_on_grid([], span, QUARTER) is None
    assert plan_on_grid([plan(NOON + 5 * HOUR, HOUR, 1.0)], span, QUARTER) is None
