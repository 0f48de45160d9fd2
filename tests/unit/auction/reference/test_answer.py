"""What the reference model says about its answer."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from vpp.auction.bid import Bid, BlockOffer, PriceStep, Rebound, StepOffer
from vpp.auction.book import Book
from vpp.auction.buyer import BuyerTerms, ZoneLimit
from vpp.auction.reference.answer import solve_reference
from vpp.foundation.errors import InvalidInput
from vpp.solver.report import Outcome, SolverName

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)

each_solver = pytest.mark.parametrize("solver", SolverName)


@each_solver
def test_awards_rebounds_and_shortfalls_are_read_back(solver: SolverName) -> None:
    deferred = Bid(
        "d", "n", "load", "Z1", NOON, 1.0, StepOffer(((PriceStep(60.0, Decimal(50)),), ())),
        rebound=Rebound(1.5, 1, 90.0),
    )  # fmt: skip
    block = Bid("b", "n", "ups", "Z1", NOON, 0.5, BlockOffer((0.0, 40.0), Decimal(100), Decimal(3), 0.5))
    zone = ZoneLimit("Z1", local_target_kw=(100.0, 0.0))
    terms = BuyerTerms(zones=(zone,))
    book = Book("answer", NOON, HOUR, (80.0, 0.0), 0, Decimal(1000), 70.0, (deferred, block), terms=terms)
    answer = solve_reference(book, solver=solver)
    # All 60 kW of d come back as 90 kW, of which b must carry 20 beyond the headroom: all its 40 kW.
    assert answer.outcome is Outcome.OPTIMAL
    assert answer.reduction_kw == {"b": pytest.approx((0, 40)), "d": pytest.approx((60, 0))}
    assert answer.rebound_kw == {"b": (0, 0), "d": pytest.approx((0, 90))}
    assert answer.unserved_kw == pytest.approx((20, 0))
    assert answer.local_unserved_kw == {"Z1": pytest.approx((40, 0))}
    assert answer.objective == pytest.approx(3 + 4 + 3 + 20 + 40)
    assert answer.bound == pytest.approx(70)


@each_solver
def test_an_empty_book_is_short_and_one_that_asks_for_nothing_costs_nothing(solver: SolverName) -> None:
    empty = Book("empty", NOON, HOUR, (10.0,), 0, Decimal(1000), 0.0, ())
    assert solve_reference(empty, solver=solver).objective == pytest.approx(10)
    nothing = solve_reference(Book("empty", NOON, HOUR, (0.0,), 0, Decimal(1000), 0.0, ()), solver=solver)
    assert (nothing.outcome, nothing.objective, nothing.unserved_kw) == (Outcome.OPTIMAL, 0.0, (0.0,))


def test_the_solvers_limits_are_checked() -> None:
    book = Book("empty", NOON, HOUR, (10.0,), 0, Decimal(1000), 0.0, ())
    with pytest.raises(InvalidInput, match="time_limit"):
        solve_reference(book, time_limit=timedelta(milliseconds=1))
