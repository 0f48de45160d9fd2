from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from vpp.dispatch.attribution import (
    LEFT_OVER,
    Claim,
    attribute,
    claim_of,
    common_step,
    own_claim,
    taken_by_others,
)
from vpp.dispatch.instruction import Instruction, InstructionState
from vpp.dispatch.purpose import EventPurpose
from vpp.foundation.direction import Direction
from vpp.foundation.interval import Interval

START = datetime(2026, 3, 2, 17, tzinfo=UTC)
STEP = timedelta(minutes=15)
HOUR = Interval(START, START + 4 * STEP)
TOLD = Instruction(
    "evening-m0-north-1",
    "evening",
    "north-1",
    0,
    HOUR,
    STEP,
    (40.0,) * 4,
    (),
    HOUR.end,
    InstructionState.STARTED,
)


def claim(event_id: str, rank: int, target_kw: float, *, first: int = 0, count: int = 4) -> Claim:
    start = START + first * STEP
    return Claim(event_id, rank, start, STEP, (target_kw,) * count, start + count * STEP)


@pytest.mark.parametrize(
    ("delivered_kw", "expected"),
    [
        (80.0, (50.0, 30.0)),  # the order first
        (50.0, (50.0, 0.0)),
        (20.0, (20.0, 0.0)),
        (130.0, (50.0, 80.0)),  # what is beyond all targets is the lower one's
        (-10.0, (0.0, -10.0)),
    ],
)
def test_the_higher_rank_is_served_first(delivered_kw: float, expected: tuple[float, float]) -> None:
    shares = attribute(np.array([delivered_kw]), np.array([[50.0], [60.0]]), [3, 2])
    assert tuple(shares[:, 0]) == expected


def test_one_rank_shares_in_proportion_to_targets() -> None:
    shares = attribute(np.array([45.0, 120.0]), np.array([[60.0, 60.0], [30.0, 30.0]]), [2, 2])
    np.testing.assert_allclose(shares, [[30.0, 80.0], [15.0, 40.0]])


def test_a_gap_is_a_gap_for_everybody() -> None:
    assert np.isnan(attribute(np.array([np.nan]), np.array([[1.0], [2.0]]), [3, 2])).all()


def test_where_the_lower_rank_wants_nothing_the_higher_has_it_all() -> None:
    shares = attribute(np.array([70.0]), np.array([[50.0], [0.0]]), [3, 2])
    assert shares.ravel().tolist() == [70.0, 0.0]


def test_an_event_elsewhere_in_time_takes_exactly_nothing() -> None:
    own, later = claim("evening", 2, 40.0), claim("night", 3, 30.0, first=4)
    delivered = np.array([41.7, -3.1, np.nan, 0.1])
    taken = taken_by_others(own, [later], delivered, HOUR, STEP)
    assert taken.tolist() == [0.0] * 4


def test_others_take_only_where_they_want_something() -> None:
    own, order = claim("evening", 2, 40.0), claim("order", 3, 30.0, first=2, count=2)
    taken = taken_by_others(own, [order], np.array([40.0, 40.0, 50.0, np.nan]), HOUR, STEP)
    assert taken.tolist() == [0.0, 0.0, 30.0, 0.0]


def test_a_claim_is_read_on_another_grid() -> None:
    order = Claim("order", 3, START, timedelta(minutes=30), (60.0, 20.0), START + timedelta(hours=1))
    assert order.mean_kw(HOUR, STEP).tolist() == [60.0, 60.0, 20.0, 20.0]
    assert order.mean_kw(HOUR, timedelta(hours=1)).tolist() == [40.0]


def test_a_cancelled_event_claims_until_it_was_cancelled() -> None:
    found = claim_of(
        replace(TOLD, state=InstructionState.SUPERSEDED, answer=InstructionState.STARTED),
        until=START + 1.5 * STEP,
    )
    assert found is not None
    assert found.mean_kw(HOUR, STEP).tolist() == [40.0, 20.0, 0.0, 0.0]


@pytest.mark.parametrize(
    "changes",
    [
        {"state": InstructionState.REFUSED},
        {"state": InstructionState.EXPIRED},
        {"state": InstructionState.SUPERSEDED, "answer": None},
        {"purpose": EventPurpose.DRY_RUN},
    ],
)
def test_who_was_not_won_over_is_claimed_by_nobody(changes: dict[str, object]) -> None:
    assert claim_of(replace(TOLD, **changes)) is None  # type: ignore[arg-type]  # fields of the instruction


def test_an_event_cancelled_before_its_start_claims_nothing() -> None:
    assert claim_of(TOLD, until=START) is None


def test_a_partial_answer_bounds_the_claim() -> None:
    found = claim_of(replace(TOLD, accepted_reduction_kw=25.0))
    assert found is not None
    assert found.target_kw == (25.0,) * 4


def test_an_event_sees_of_itself_what_others_see_of_it() -> None:
    partial = replace(TOLD, accepted_reduction_kw=25.0)
    assert own_claim(partial) == claim_of(partial)
    cancelled_at = START + STEP
    assert own_claim(partial, until=cancelled_at) == claim_of(partial, until=cancelled_at)


def test_an_event_whose_site_refused_counts_what_others_leave() -> None:
    own = own_claim(replace(TOLD, state=InstructionState.REFUSED))
    assert own.rank == LEFT_OVER < min(purpose.rank for purpose in EventPurpose)
    taken = taken_by_others(own, [claim("test", 1, 30.0)], np.array([20.0, 30.0, 50.0, -5.0]), HOUR, STEP)
    assert taken.tolist() == [20.0, 30.0, 30.0, 0.0]


def test_events_meet_on_the_grid_that_all_of_them_change_on() -> None:
    half = timedelta(minutes=30)
    alike = Claim("order", 3, START - half, half, (60.0, 20.0), START + half)
    assert common_step(half, HOUR, [alike]) == half
    assert common_step(half, HOUR, [alike, claim("evening", 2, 40.0, first=1)]) == STEP
    assert common_step(STEP, HOUR, []) == STEP


@pytest.mark.parametrize(
    ("raised_kw", "taken_kw"),
    [
        (-50.0, -50.0),  # it follows the order: the sale is short of its target, and not of the order's too
        (-70.0, -70.0),  # nor with what it shed beyond the order
        (0.0, 0.0),
        (40.0, 0.0),  # it goes on raising: the order got nothing
        (-20.0, -20.0),
    ],
)
def test_an_order_the_other_way_takes_what_lies_its_way(raised_kw: float, taken_kw: float) -> None:
    sale = replace(claim("surplus", 2, 40.0), direction=Direction.LOAD_UP)
    order = claim("order", 3, 50.0)
    taken = taken_by_others(sale, [order], np.full(4, raised_kw), HOUR, STEP)
    assert taken.tolist() == [taken_kw] * 4
    of_the_order = taken_by_others(order, [sale], np.full(4, -raised_kw), HOUR, STEP)
    np.testing.assert_allclose(-raised_kw - of_the_order, np.full(4, -taken_kw))


def test_what_is_left_over_goes_to_the_lowest_rank_that_wants_it_that_way() -> None:
    targets, ranks, ways = np.array([[50.0], [30.0], [20.0]]), [3, 2, 1], [-1.0, 1.0, 1.0]
    assert attribute(np.array([90.0]), targets, ranks, ways).ravel().tolist() == [0.0, 30.0, 60.0]
    assert attribute(np.array([-90.0]), targets, ranks, ways).ravel().tolist() == [-90.0, 0.0, 0.0]
    targets[0] = 0.0  # an order that wants nothing just then takes nothing
    assert attribute(np.array([-90.0]), targets, ranks, ways).ravel().tolist() == [0.0, 0.0, -90.0]


def test_a_claim_has_its_instructions_direction() -> None:
    found = claim_of(replace(TOLD, direction=Direction.LOAD_UP))
    assert found is not None
    assert found.direction is Direction.LOAD_UP
