"""Awards that were found are priced even where the price rule has no time."""

from datetime import timedelta

import numpy as np
import pytest

from vpp.auction.dispatch import read_dispatch
from vpp.auction.generated_book import BookMix, generate_book
from vpp.auction.market.canonical import CanonicalBook
from vpp.auction.market.program import assemble
from vpp.auction.price_rule import prices_at_target, rule_prices
from vpp.auction.result import PriceBranch
from vpp.auction.rules import ClearingRules
from vpp.auction.search.found import Found
from vpp.auction.search.prices import Prices, Side
from vpp.auction.search.search import find_awards
from vpp.portfolio.money_rules import PayRule
from vpp.solver.report import SolverName

RULES = ClearingRules(
    PayRule.AS_CLEAR, solver=SolverName.HIGHS, relative_gap=1e-4, time_limit=timedelta(seconds=20)
)


class OutOfTime:
    """Pricing whose solver never finishes."""

    def beside(self, side: Side) -> Prices | None:
        assert side in Side

    def hull(self) -> Prices | None:
        return None

    def cost_without_margin(self) -> float | None:
        return None


@pytest.mark.parametrize("mix", [BookMix.SIMPLE, BookMix.BLOCKS], ids=lambda mix: mix.value)
def test_prices_at_the_target_support_the_awards(mix: BookMix) -> None:
    market = assemble(
        CanonicalBook(generate_book(bid_count=60, interval_count=6, mix=mix, seed=4, with_limits=False))
    )
    found = find_awards(market, RULES)
    assert isinstance(found, Found)
    dispatch = read_dispatch(market, found.choices, found.answer.column_value)
    assert rule_prices(market, OutOfTime(), dispatch, RULES) is None
    prices, branch = prices_at_target(market, found.answer.row_dual, dispatch)
    wanted = market.canonical.has_target[: market.canonical.delivery_count]
    assert [one is PriceBranch.NO_TARGET for one in branch] == [not one for one in wanted]
    table = market.canonical.steps
    ask = table.price / market.canonical.counted_shed[table.bid]
    partly = (dispatch.step_kw > 1e-3) & (dispatch.step_kw < table.quantity_kw - 1e-3)
    alone = np.array([bid.rebound is None and bid.energy_limit_kwh is None for bid in market.canonical.bids])
    marginal = partly & alone[table.bid]
    assert marginal.any()
    assert np.allclose(prices.system[table.interval[marginal]], ask[marginal], atol=1e-5)
