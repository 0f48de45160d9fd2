"""The reference model finds the best awards of every small book, with both solvers.

What is best is known from trying everything (`support.brute_force`). A run looks at a few hundred
books; with `VPP_EXAMPLES=5000` in the environment, and pytest's `--timeout 0`, it looks at as many, and at
new ones each time.
"""

import os
from dataclasses import replace
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.books import KINDS, books, mirrored
from support.brute_force import brute_force, merit_order_cost

from vpp.auction.book import Book
from vpp.auction.entry import check_book
from vpp.auction.reference.answer import ReferenceAnswer, solve_reference
from vpp.solver.report import Outcome, SolverName

EXAMPLES = int(os.environ.get("VPP_EXAMPLES", "0"))


def several(count: int) -> settings:
    return settings(
        max_examples=EXAMPLES or count,
        derandomize=not EXAMPLES,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def exact(book: Book, solver: SolverName) -> ReferenceAnswer:
    answer = solve_reference(book, solver=solver, relative_gap=1e-9)
    assert answer.outcome is Outcome.OPTIMAL
    return answer


def same(one: float | None, other: float) -> bool:
    return one is not None and abs(one - other) <= 1e-6 * max(1.0, abs(other))


@several(150)
@given(books())
def test_every_kind_costs_what_trying_everything_finds(book: Book) -> None:
    check_book(book)
    best = brute_force(book).cost
    assert same(exact(book, SolverName.HIGHS).objective, best)
    assert same(exact(book, SolverName.GLPK).objective, best)


@several(20)
@given(st.data(), st.sampled_from(KINDS))
def test_each_kind_by_itself_costs_what_trying_everything_finds(data: st.DataObject, kind: str) -> None:
    book = data.draw(books(kinds=(kind, "steps"), most=4))
    assert same(exact(book, SolverName.HIGHS).objective, brute_force(book).cost)


@several(30)
@given(books(kinds=("steps",), has_terms=False, both_directions=False))
def test_plain_steps_cost_what_the_merit_order_does(book: Book) -> None:
    plain = tuple(
        replace(bid, exclusive_group=None, energy_limit_kwh=None, availability_price_per_kw_h=Decimal(0))
        for bid in book.bids
    )
    book = replace(book, bids=plain, resource_limit_kw={})
    assert same(brute_force(book).cost, merit_order_cost(book))
    assert same(exact(book, SolverName.GLPK).objective, merit_order_cost(book))


@several(20)
@given(books())
def test_a_buyer_of_the_other_direction_pays_the_same_for_the_mirrored_book(book: Book) -> None:
    assert same(exact(mirrored(book), SolverName.HIGHS).objective, brute_force(book).cost)
