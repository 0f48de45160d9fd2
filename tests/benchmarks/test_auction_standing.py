"""An emergency: standing bids called from a market that is ready, beside a clearing from scratch."""

from dataclasses import replace
from datetime import timedelta
from statistics import median

import pytest

from vpp.auction.clearing import clear
from vpp.auction.generated_book import BookMix, generate_book
from vpp.auction.result import Clearing
from vpp.auction.rules import ClearingRules
from vpp.auction.standing import StandingMarket
from vpp.foundation.clock import stopwatch_s
from vpp.portfolio.money_rules import PayRule
from vpp.solver.report import SolverName

BIDS, INTERVALS, SEEDS = 1000, 4, 5


def called(mix: BookMix, seed: int, rules: ClearingRules) -> tuple[Clearing, float, float]:
    """Return the call's clearing, how long it took, and how long one from scratch takes, s."""
    book = generate_book(bid_count=BIDS, interval_count=INTERVALS, mix=mix, seed=seed)
    book = replace(book, target_kw=tuple(max(kw, 1000.0) for kw in book.target_kw))
    call = replace(book, auction_id="call", target_kw=tuple(1.07 * kw for kw in book.target_kw))
    ready = StandingMarket(book, rules)
    began = stopwatch_s()
    clearing = ready.clear(call)
    ended = stopwatch_s()
    clear(call, rules)
    return clearing, ended - began, stopwatch_s() - ended


@pytest.mark.timeout(0)
@pytest.mark.parametrize(
    "mix", [BookMix.SIMPLE, BookMix.DEFERRABLE, BookMix.STORAGE], ids=lambda mix: mix.value
)
def test_a_call_of_standing_bids(mix: BookMix) -> None:
    rules = ClearingRules(
        PayRule.AS_CLEAR, solver=SolverName.HIGHS, relative_gap=1e-3, time_limit=timedelta(seconds=30)
    )
    found = [called(mix, seed, rules) for seed in range(1, SEEDS + 1)]
    ready, scratch = median(one[1] for one in found), median(one[2] for one in found)
    solve = median(one[0].solver.solve_s for one in found)
    print(
        f"\n{mix.value}, {BIDS} x {INTERVALS}, median of {SEEDS}: called in {1e3 * ready:.0f} ms, "
        f"{1e3 * solve:.0f} ms of it searching; from scratch {1e3 * scratch:.0f} ms, "
        f"{scratch / ready:.1f} times that"
    )
