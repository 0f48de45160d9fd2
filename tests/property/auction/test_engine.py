"""The engine buys what trying everything finds best, proves it, and always in the same way.

What is best is known from `support.brute_force`. With `VPP_EXAMPLES=5000` in the environment, and
pytest's `--timeout 0`, each test looks at as many books, and at new ones each time.
"""

from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from support.books import KINDS, books
from support.brute_force import brute_force
from support.exact_clearing import (
    EXACT,
    at_most,
    each_solver,
    near,
    same_awards,
    same_prices,
    several,
    without_times,
)

from vpp.auction.book import Book
from vpp.auction.clearing import clear
from vpp.auction.result import Clearing, ClearingStatus
from vpp.auction.verification import certified_bound, findings
from vpp.solver.report import SolverName

# Elsewhere equal awards may hide unequal choices: which way an idle store goes, when an idle run is on.
OPEN_CHOICES = ("steps", "block", "deferrable", "profile", "migration")


def proven(book: Book, clearing: Clearing, best: float) -> None:
    assert clearing.status is ClearingStatus.OPTIMAL
    assert clearing.bound is not None
    assert at_most(clearing.bound, best)
    assert findings(book, clearing) == ()
    if clearing.certificate is not None:
        certified = certified_bound(book, clearing.certificate)
        assert at_most(clearing.certificate.bound, certified)
        assert at_most(certified, best)


@each_solver
@several(90)
@given(book=books())
def test_awards_cost_what_trying_everything_finds_and_are_proven(book: Book, solver: SolverName) -> None:
    clearing = clear(book, replace(EXACT, solver=solver))
    best = brute_force(book).cost
    assert near(clearing.objective, best)
    proven(book, clearing, best)


@several(40)
@given(st.data(), st.sampled_from(KINDS))
def test_each_kind_by_itself_costs_what_trying_everything_finds(data: st.DataObject, kind: str) -> None:
    book = data.draw(books(kinds=(kind, "steps"), most=4))
    clearing = clear(book, EXACT)
    best = brute_force(book).cost
    assert near(clearing.objective, best)
    proven(book, clearing, best)


@each_solver
@several(40)
@given(book=books())
def test_a_wider_gap_is_kept_to(book: Book, solver: SolverName) -> None:
    clearing = clear(book, replace(EXACT, solver=solver, relative_gap=1e-3))
    best = brute_force(book).cost
    assert at_most(best, clearing.objective)
    assert at_most(float(clearing.objective) - 1e-3 * abs(float(clearing.objective)), best)
    proven(book, clearing, best)


@each_solver
@several(30)
@given(book=books(), seed=st.integers(0, 2**32))
def test_the_order_of_the_bids_means_nothing(book: Book, seed: int, solver: SolverName) -> None:
    shuffled = list(book.bids)
    Random(seed).shuffle(shuffled)
    rules = replace(EXACT, solver=solver)
    one, other = clear(book, rules), clear(replace(book, bids=tuple(shuffled)), rules)
    assert without_times(one) == without_times(other)


@several(40)
@given(books(kinds=OPEN_CHOICES))
def test_solvers_that_accept_the_same_give_the_same_prices(book: Book) -> None:
    glpk, highs = (clear(book, replace(EXACT, solver=solver)) for solver in SolverName)
    assert near(glpk.objective, highs.objective)
    if same_awards(glpk, highs):
        assert same_prices(glpk, highs)


@several(30)
@given(books(kinds=("steps", "deferrable", "profile", "migration")))
def test_a_divisible_book_is_cleared_alike_by_both_solvers(book: Book) -> None:
    plain = tuple(replace(bid, exclusive_group=None) for bid in book.bids)
    glpk, highs = (clear(replace(book, bids=plain), replace(EXACT, solver=solver)) for solver in SolverName)
    assert same_awards(glpk, highs)
    assert same_prices(glpk, highs)
