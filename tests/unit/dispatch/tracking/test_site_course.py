from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from vpp.dispatch.instruction import InstructionState
from vpp.dispatch.tracking.frame import Frame
from vpp.dispatch.tracking.site_course import Order, SiteCourse, asked_kw, settling
from vpp.foundation.interval import Interval

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
FIVE, QUARTER = timedelta(minutes=5), timedelta(minutes=15)
FRAME = Frame(Interval(NOON, NOON + 2 * QUARTER), QUARTER, FIVE, NOON)


def course(*orders: Order, response: timedelta = timedelta(0)) -> SiteCourse:
    nothing = np.full(FRAME.sample_count, np.nan)
    return SiteCourse(
        site_id="north-1",
        state=InstructionState.STARTED,
        orders=orders,
        was_followed=True,
        response=response,
        budget_kwh=float("inf"),
        reference_kw=nothing,
        offset_kw=float("nan"),
        delivered_kw=nothing,
        is_metered=np.zeros(FRAME.sample_count, dtype=np.bool_),
    )


FIRST = Order(NOON - QUARTER, (30.0, 60.0))


def test_a_target_is_asked_in_every_sample_of_its_interval() -> None:
    assert asked_kw(course(FIRST), FRAME).tolist() == [30.0] * 3 + [60.0] * 3


def test_what_a_site_did_not_agree_to_is_not_asked() -> None:
    agreed = replace(FIRST, limit_kw=40.0)
    assert asked_kw(course(agreed), FRAME).tolist() == [30.0] * 3 + [40.0] * 3


def test_what_a_site_agrees_to_later_says_nothing_of_what_it_was_told_before() -> None:
    lowered = Order(NOON + QUARTER, (30.0, 16.0), limit_kw=15.9)
    assert asked_kw(course(FIRST, lowered), FRAME).tolist() == [30.0] * 3 + [15.9] * 3


@pytest.mark.parametrize("minutes", [5.0, 7.5, 10.0])
def test_a_target_changed_within_an_interval_is_still_its_mean(minutes: float) -> None:
    changed = Order(NOON + timedelta(minutes=minutes), (45.0, 60.0))
    asked = asked_kw(course(FIRST, changed), FRAME)
    assert asked[:3].mean() == pytest.approx(45.0)
    assert asked[0] == 30.0
    assert asked[2] > 45.0
    assert asked[3:].tolist() == [60.0] * 3


def test_less_than_was_done_already_cannot_be_asked_back() -> None:
    asked = asked_kw(course(FIRST, Order(NOON + 2 * FIVE, (5.0, 0.0))), FRAME)
    assert asked.tolist() == [30.0, 30.0, 0.0, 0.0, 0.0, 0.0]


def test_an_order_from_before_the_start_replaces_the_one_before_it() -> None:
    assert (
        asked_kw(course(FIRST, Order(NOON - FIVE, (10.0, 20.0))), FRAME).tolist() == [10.0] * 3 + [20.0] * 3
    )


def test_an_order_that_counts_after_the_end_changes_nothing() -> None:
    late = Order(NOON + 2 * QUARTER, (0.0, 0.0))
    assert asked_kw(course(FIRST, late), FRAME).tolist() == [30.0] * 3 + [60.0] * 3


def test_a_sample_in_which_a_site_is_mostly_on_its_way_is_not_judged() -> None:
    slow = settling(course(FIRST, response=4 * timedelta(minutes=1)), FRAME)
    quick = settling(course(FIRST, response=timedelta(minutes=1)), FRAME)
    assert slow.tolist() == [True] + [False] * 5
    assert not quick.any()
