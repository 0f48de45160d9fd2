"""Measures clearings of generated books, and the least a solver needs for the same matrix."""

import gc
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from vpp.auction.book import Book
from vpp.auction.clearing import clear
from vpp.auction.dispatch import read_dispatch
from vpp.auction.generated_book import BookMix, generate_book
from vpp.auction.market.accounts import Accounts
from vpp.auction.market.canonical import CanonicalBook
from vpp.auction.market.market_rows import append_market
from vpp.auction.market.program import assemble
from vpp.auction.result import Clearing
from vpp.auction.rules import ClearingRules, UniformPrice
from vpp.auction.search.choices import nothing
from vpp.auction.search.exact import exact_program
from vpp.foundation.clock import stopwatch_s
from vpp.portfolio.money_rules import PayRule
from vpp.solver.columns import Columns
from vpp.solver.highs_session import HighsSession, search_with_highs
from vpp.solver.report import SolverName


@dataclass(frozen=True)
class Job:
    """Books of one size and mix, and how to clear them."""

    bids: int
    intervals: int
    seeds: tuple[int, ...]
    gap: float = 1e-3
    time_limit_s: float = 10.0
    mix: BookMix = BookMix.EVERYTHING
    solver: SolverName = SolverName.HIGHS
    prices: tuple[UniformPrice, ...] = (UniformPrice.FIXED_BINARIES,)

    def book(self, seed: int) -> Book:
        return generate_book(bid_count=self.bids, interval_count=self.intervals, mix=self.mix, seed=seed)


@dataclass(frozen=True)
class Measured:
    """One clearing. Times in s, money in the book's currency."""

    seed: int
    price: UniformPrice
    total_s: float
    build_s: float
    solve_s: float
    price_s: float
    explain_s: float
    verify_s: float
    gap: float
    method: str
    status: str
    objective: float
    make_whole: float
    lost: float | None
    pyomo_s: float


@dataclass(frozen=True)
class Floor:
    """What HiGHS alone needs for the same matrix: its relaxation, and its own search to the same gap."""

    seed: int
    columns: int
    rows: int
    lp_s: float
    mip_s: float
    outcomes: str
    mip_objective: float | None


def clearings(job: Job) -> list[Measured]:
    """Clear every seed's book once, after a small one that loads what is loaded once."""
    small = generate_book(bid_count=20, interval_count=4, mix=job.mix, seed=1)
    clear(small, _rules(job, UniformPrice.FIXED_BINARIES))
    found = []
    for seed in job.seeds:
        book = job.book(seed)
        pyomo_s = pyomo_share_s(book)
        for price in job.prices:
            clearing, total_s = timed(book, _rules(job, price))
            found.append(_measured(seed, price, total_s, clearing, pyomo_s))
    return found


def timed(book: Book, rules: ClearingRules) -> tuple[Clearing, float]:
    """Clear a book and say how long it took, s."""
    gc.collect()
    began_s = stopwatch_s()
    clearing = clear(book, rules)
    return clearing, stopwatch_s() - began_s


def pyomo_share_s(book: Book) -> float:
    """Time that the modelling layer takes of a clearing: market rows, their compilation, and the way back."""
    canonical = CanonicalBook(book)
    accounts = Accounts(canonical)
    gc.collect()
    began_s = stopwatch_s()
    append_market(Columns(), accounts)
    build_s = stopwatch_s() - began_s
    market = assemble(canonical)
    began_s = stopwatch_s()
    read_dispatch(market, nothing(market), np.zeros(market.program.column_count))
    return build_s + stopwatch_s() - began_s


def floors(job: Job, limit_s: float) -> list[Floor]:
    """Hand each seed's matrix to HiGHS with nothing around it; each of its two runs may take so long, s."""
    found = []
    for seed in job.seeds:
        market = assemble(CanonicalBook(job.book(seed)))
        gc.collect()
        began_s = stopwatch_s()
        relaxed = HighsSession(market.program).solve(time_limit_s=limit_s)
        lp_s = stopwatch_s() - began_s
        free = np.zeros(market.program.column_count)
        program = exact_program(market, reduced_cost=free, room=np.inf).program
        answer = search_with_highs(program, start=None, time_limit_s=limit_s, relative_gap=job.gap)
        objective = None if answer.objective is None else answer.objective / 1000
        found.append(
            Floor(
                seed,
                program.column_count,
                program.row_count,
                lp_s,
                answer.wall_s,
                f"{relaxed.outcome.value} / {answer.outcome.value}",
                objective,
            )
        )
    return found


def _rules(job: Job, price: UniformPrice) -> ClearingRules:
    return ClearingRules(
        PayRule.AS_CLEAR,
        solver=job.solver,
        time_limit=timedelta(seconds=job.time_limit_s),
        relative_gap=job.gap,
        uniform_price=price,
    )


def _measured(seed: int, price: UniformPrice, total_s: float, clearing: Clearing, pyomo_s: float) -> Measured:
    run = clearing.solver
    lost = clearing.lost_opportunity
    return Measured(
        seed=seed,
        price=price,
        total_s=total_s,
        build_s=run.build_s,
        solve_s=run.solve_s,
        price_s=run.price_s,
        explain_s=run.explain_s,
        verify_s=run.verify_s,
        gap=float("inf") if clearing.gap_ratio is None else clearing.gap_ratio,
        method=clearing.method.value,
        status=clearing.status.value,
        objective=float(clearing.objective),
        make_whole=float(sum(clearing.made_whole.values())),
        lost=None if lost is None else float(lost),
        pyomo_s=pyomo_s,
    )


def column(found: Sequence[Measured], name: str) -> list[float]:
    """Return one figure of many clearings."""
    return [float(getattr(one, name)) for one in found]
