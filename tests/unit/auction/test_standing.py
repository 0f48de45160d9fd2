"""A market of standing bids that is ready before the call clears as one that is built for it."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from vpp.auction.book import Book
from vpp.auction.clearing import clear
from vpp.auction.clearing_json import clearing_to_document
from vpp.auction.generated_book import BookMix, generate_book
from vpp.auction.result import Clearing
from vpp.auction.rules import ClearingRules
from vpp.auction.standing import StandingMarket
from vpp.foundation.errors import InvalidInput
from vpp.portfolio.money_rules import PayRule
from vpp.solver.report import SolverName

RULES = ClearingRules(
    PayRule.AS_CLEAR, solver=SolverName.HIGHS, relative_gap=1e-6, time_limit=timedelta(seconds=20)
)


def standing(mix: BookMix = BookMix.DEFERRABLE) -> Book:
    book = generate_book(bid_count=40, interval_count=4, mix=mix, seed=3)
    return replace(book, target_kw=tuple(max(500.0, kw) for kw in book.target_kw))


def without_times(clearing: Clearing) -> dict[str, object]:
    document = clearing_to_document(clearing)
    return {key: value for key, value in document.items() if "solver" not in key.lower()}


@pytest.mark.parametrize("factor", [0.6, 1.0, 1.3])
@pytest.mark.parametrize("solver", list(SolverName), ids=lambda solver: solver.value)
def test_a_call_clears_as_from_scratch(solver: SolverName, factor: float) -> None:
    rules, book = replace(RULES, solver=solver), standing()
    call = replace(
        book,
        auction_id="call",
        target_kw=tuple(factor * kw for kw in book.target_kw),
        price_cap_per_mwh=book.price_cap_per_mwh + 500,
    )
    ready, built = StandingMarket(book, rules).clear(call), clear(call, rules)
    assert ready.objective == pytest.approx(built.objective, rel=Decimal("1e-6"))
    assert ready.input_hash == built.input_hash
    assert ready.shortfall_kw == built.shortfall_kw
    assert [float(price) for price in ready.price_per_mwh] == pytest.approx(
        [float(price) for price in built.price_per_mwh], abs=1e-5
    )


def test_a_used_market_still_clears_and_can_be_made_ready_again() -> None:
    book = standing()
    market = StandingMarket(book, RULES)
    first, second = market.clear(book), market.clear(book)
    market.ready()
    assert market.clear(book).objective == first.objective == second.objective


@pytest.mark.parametrize(
    "change",
    [
        {"target_kw": (500.0, 0.0, 500.0, 500.0)},
        {"rebound_headroom_kw": 1.0},
        {"price_cap_per_mwh": Decimal(4999)},
        {"bids": ()},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_book_does_not_fit_and_is_cleared_from_scratch(change: dict[str, object]) -> None:
    book = standing()
    other = replace(book, **change)  # type: ignore[arg-type]
    market = StandingMarket(book, RULES)
    assert market.fits(book)
    assert not market.fits(other)
    assert market.clear(other).input_hash == clear(other, RULES).input_hash


def test_a_call_with_a_bad_target_is_refused() -> None:
    book = standing()
    market = StandingMarket(book, RULES)
    with pytest.raises(InvalidInput, match="target_kw"):
        market.clear(replace(book, target_kw=(float("nan"),) * 4))
