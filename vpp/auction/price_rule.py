"""The published price rule: which supporting price is published where there are several, or none."""

from dataclasses import replace

import numpy as np

from vpp.auction.dispatch import Dispatch
from vpp.auction.market.program import MarketProgram
from vpp.auction.result import PriceBranch
from vpp.auction.rules import ClearingRules, UniformPrice
from vpp.auction.search.prices import Prices, Side, read_prices
from vpp.auction.search.pricing import Pricing
from vpp.portfolio.money_rules import PayRule
from vpp.solver.linear_program import Flags, Floats

_SAME_PRICE = 1e-6


def rule_prices(
    market: MarketProgram, pricing: Pricing, dispatch: Dispatch, rules: ClearingRules
) -> tuple[Prices, tuple[PriceBranch, ...]] | None:
    """Apply the price rule to a decided book.

    Fixed binaries: the lowest price that supports the awards, raised to the hull price where only
    indivisible bids at their minimum serve, as far as no rejected divisible offer is cheaper. Convex
    hull: the price of the book in which every bid were divisible. Both: the cap where target is
    unserved, and never more than the cap.

    Args:
        market: The book.
        pricing: Where prices come from.
        dispatch: What is bought.
        rules: Which uniform price.

    Returns:
        Prices of every account, and which rule set each delivery interval's; None if the solver did
        not finish.

    Source:
        Design of the auction engine, sections 3.1 and 3.3.
    """
    canonical = market.canonical
    delivery = canonical.delivery_count
    wants_hull = rules.uniform_price is UniformPrice.CONVEX_HULL and rules.pay_rule is PayRule.AS_CLEAR
    branch = [
        PriceBranch.MARGINAL if wanted else PriceBranch.NO_TARGET
        for wanted in canonical.has_target[:delivery]
    ]
    if wants_hull and market.has_discrete:
        hull = pricing.hull()
        if hull is None:
            return None
        prices = hull
        branch = [PriceBranch.HULL if one is PriceBranch.MARGINAL else one for one in branch]
    else:
        lowest = pricing.beside(Side.LESS)
        if lowest is None:
            return None
        prices = lowest
        alone = _alone(market, dispatch, lowest)
        if alone.any() and market.has_discrete:
            prices, raised = _raised(market, pricing, lowest, alone)
            branch = [PriceBranch.HULL if raised[t] else one for t, one in enumerate(branch)]
    return _capped(market, dispatch, prices, branch)


def prices_at_target(
    market: MarketProgram, row_dual: Floats, dispatch: Dispatch
) -> tuple[Prices, tuple[PriceBranch, ...]]:
    """Price decided awards by the duals they were found with, where the price rule had no time.

    Every such price supports the awards; it need not be the lowest that does.

    Args:
        market: The book.
        row_dual: Duals of the linear program of the choices, of the market's rows at least.
        dispatch: What is bought.

    Returns:
        Prices of every account, and which rule set each delivery interval's.
    """
    wanted = market.canonical.has_target[: market.canonical.delivery_count]
    branch = [PriceBranch.MARGINAL if one else PriceBranch.NO_TARGET for one in wanted]
    return _capped(market, dispatch, read_prices(market, row_dual), branch)


def _raised(market: MarketProgram, pricing: Pricing, lowest: Prices, alone: Flags) -> tuple[Prices, Flags]:
    """Raise zones' prices to the hull's where only indivisible bids serve, below the first rejected offer."""
    count = market.canonical.horizon_count
    hull = pricing.hull()
    first_rejected = pricing.beside(Side.MORE) if hull is not None else None
    if hull is None or first_rejected is None:
        return lowest, np.zeros(count, dtype=bool)
    zones = market.accounts.zone_count
    cap = market.canonical.cap
    wanted = np.minimum(np.minimum(hull.account[:zones], first_rejected.account[:zones]), cap)
    system_wanted = np.minimum(np.minimum(hull.system, first_rejected.system), cap)
    account = lowest.account.copy()
    rises = alone[:zones] & (wanted > account[:zones])
    account[:zones][rises] = wanted[rises]
    system_rises = alone[-1] & (system_wanted > lowest.system)
    system = np.where(system_rises, system_wanted, lowest.system)
    return replace(lowest, account=account, system=system), system_rises


def _alone(market: MarketProgram, dispatch: Dispatch, prices: Prices) -> Flags:
    """Tell where only bids serve that cannot be made smaller.

    Returns:
        One row per zone account and, last, one for the system; a zone that no limit parts from the
        system follows the system. Shape (zones + 1, T).
    """
    canonical, accounts = market.canonical, market.accounts
    zones, delivery = accounts.zone_count, canonical.delivery_count
    firm = np.zeros(len(canonical.bids), dtype=bool)
    low = market.blocks.low_ratio
    at_least = (dispatch.ratio > 0) & (dispatch.ratio <= low + 1e-12)
    firm[canonical.block_places[at_least]] = True
    serves = dispatch.reduction_kw > 0
    zone_of = np.array([accounts.zone_account(bid.zone) for bid in canonical.bids], dtype=np.int64)
    anybody, divisible = np.zeros((zones, delivery), dtype=bool), np.zeros((zones, delivery), dtype=bool)
    np.logical_or.at(anybody, zone_of, serves)
    np.logical_or.at(divisible, zone_of, serves & ~firm[:, None])
    wanted = canonical.has_target[:delivery] & (dispatch.shortfall_kw == 0)
    alone = np.zeros((zones + 1, canonical.horizon_count), dtype=bool)
    system = anybody.any(axis=0) & ~divisible.any(axis=0) & wanted
    alone[-1, :delivery] = system
    parted = np.abs(prices.account[:zones, :delivery] - prices.system[:delivery]) > _SAME_PRICE
    alone[:zones, :delivery] = np.where(parted, anybody & ~divisible & wanted, system)
    return alone


def _capped(
    market: MarketProgram, dispatch: Dispatch, prices: Prices, branch: list[PriceBranch]
) -> tuple[Prices, tuple[PriceBranch, ...]]:
    canonical, zones = market.canonical, market.accounts.zone_count
    delivery, cap = canonical.delivery_count, canonical.cap
    system, account = prices.system.copy(), prices.account.copy()
    short = np.zeros(canonical.horizon_count, dtype=bool)
    short[:delivery] = canonical.has_target[:delivery] & (dispatch.shortfall_kw > 0)
    like_system = np.abs(account[:zones] - system) <= _SAME_PRICE
    account[:zones] = np.where(like_system & short, cap, account[:zones])
    system = np.where(short, cap, system)
    account[:zones] = np.minimum(account[:zones], cap)
    system = np.minimum(system, cap)
    branches = tuple(PriceBranch.SHORTAGE if short[t] else one for t, one in enumerate(branch))
    return replace(prices, account=account, system=system), branches
