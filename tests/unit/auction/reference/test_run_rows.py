"""Runs: three intervals offered of four, at least two and at most three long, resting two."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from support.brute_force import brute_force, patterns
from support.model_rows import rows

from vpp.auction.bid import Bid, PriceStep, RunLimits, StepOffer
from vpp.auction.book import Book
from vpp.auction.reference.answer import solve_reference
from vpp.auction.reference.model import build_reference
from vpp.solver.report import SolverName

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
STEP = (PriceStep(100.0, Decimal(40)),)
LIMITS = RunLimits(30.0, 2, 3, 2, 1, Decimal(7))
BID = Bid("a", "north", "load", "Z1", NOON, 1.0, StepOffer((STEP, STEP, STEP, ())), run_limits=LIMITS)
BOOK = Book("rows", NOON, timedelta(minutes=15), (90.0,) * 4, 0, Decimal(3000), None, (BID,))


def test_a_level_lies_between_its_ends_while_on() -> None:
    model = build_reference(BOOK)
    assert rows(model.run_max)["a", 1, 0] == (None, {"step[a,1,0]": 1, "on[a,1]": -100}, 0.0)
    assert rows(model.run_min)["a", 1] == (0.0, {"step[a,1,0]": 1, "on[a,1]": -30}, None)
    assert len(rows(model.run_max)) == len(rows(model.run_min)) == 3
    assert model.on["a", 3].fixed  # nothing is offered
    assert model.start["a", 3].fixed  # too late for a run of two
    assert not model.start["a", 2].fixed


def test_a_run_starts_where_it_was_off() -> None:
    start = rows(build_reference(BOOK).run_start)
    assert start["a", 0] == (None, {"on[a,0]": 1, "start[a,0]": -1}, 0.0)
    assert start["a", 2] == (None, {"on[a,2]": 1, "on[a,1]": -1, "start[a,2]": -1}, 0.0)


def test_runs_are_long_enough_and_not_too_long() -> None:
    model = build_reference(BOOK)
    assert rows(model.min_run)["a", 2] == (None, {"start[a,1]": 1, "start[a,2]": 1, "on[a,2]": -1}, 0.0)
    assert rows(model.max_run)["a", 2] == (
        None, {"on[a,2]": 1, "start[a,0]": -1, "start[a,1]": -1, "start[a,2]": -1}, 0.0,
    )  # fmt: skip
    endless = replace(BID, run_limits=replace(LIMITS, max_run_intervals=None))
    assert not rows(build_reference(replace(BOOK, bids=(endless,))).max_run)


def test_rests_and_calls_are_limited() -> None:
    model = build_reference(BOOK)
    assert rows(model.rest)["a", 1] == (None, {"start[a,0]": 1, "start[a,1]": 1}, 1.0)
    assert rows(model.rest)["a", 2] == (None, {"start[a,1]": 1, "start[a,2]": 1, "on[a,0]": 1}, 1.0)
    assert rows(model.calls) == {"a": (None, {"start[a,0]": 1, "start[a,1]": 1, "start[a,2]": 1}, 1.0)}


def test_a_start_costs() -> None:
    model = build_reference(BOOK)
    model.start["a", 0].set_value(1)
    assert model.cost() == 7000.0


@pytest.mark.parametrize(
    ("limits", "count"),
    [
        (RunLimits(), 8),
        (RunLimits(min_run_intervals=2), 4),  # never, 0-1, 1-2, 0-2
        (RunLimits(max_run_intervals=1), 5),  # never, three single ones, 0 and 2
        (RunLimits(rest_intervals=2), 7),  # not 0 and 2
        (RunLimits(rest_intervals=9), 7),
        (RunLimits(max_calls=1), 7),
    ],
)
def test_patterns_of_three_intervals_can_be_counted(limits: RunLimits, count: int) -> None:
    assert len(patterns(limits, (True,) * 3)) == count


@pytest.mark.parametrize("solver", SolverName)
@pytest.mark.parametrize(
    ("limits", "served_kw"),
    [
        (RunLimits(max_run_intervals=1), (100, 0, 100)),  # a new start is no rest: 100, 100 would be one run
        (RunLimits(max_run_intervals=1, rest_intervals=9), (0, 0, 100)),  # longer than the delivery
        (RunLimits(max_run_intervals=1, max_calls=1), (0, 0, 100)),
        (RunLimits(min_run_intervals=3), (100, 100, 100)),
        (RunLimits(min_run_intervals=2, max_run_intervals=2), (0, 100, 100)),
    ],
)
def test_limits_bind(limits: RunLimits, served_kw: tuple[float, ...], solver: SolverName) -> None:
    bid = replace(BID, offer=StepOffer((STEP,) * 3), run_limits=limits)
    book = replace(BOOK, target_kw=(90.0, 90.0, 100.0), bids=(bid,))
    answer = solve_reference(book, solver=solver)
    taken = tuple(min(kw, target) for kw, target in zip(served_kw, book.target_kw, strict=True))
    assert answer.reduction_kw["a"] == pytest.approx(taken, abs=1e-6)
    assert answer.objective == pytest.approx(brute_force(book).cost)
