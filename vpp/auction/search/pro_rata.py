"""Shares what the last price leaves among the divisible steps that ask the same."""

import numpy as np

from vpp.auction.bid import StepOffer
from vpp.auction.market.program import MarketProgram
from vpp.auction.rules import TieRule
from vpp.solver.linear_program import Flags, Floats


def share_ties(market: MarketProgram, value: Floats, rule: TieRule) -> Floats:
    """Redistribute what is accepted of equal offers: by time, or in proportion to their quantities.

    Only steps that nothing else holds are moved: no rebound, limit, group or run of their bid, and
    no account but their zone's. Offers are equal that have the same price per counted MWh in the
    same zone and interval.

    Args:
        market: The book.
        value: Value of each column. Shape (C,).
        rule: How to share.

    Returns:
        Value of each column, at the same cost. Shape (C,).

    Source:
        Design of the auction engine, section 7: redistribute marginal awards by the tie rule.
    """
    canonical, table = market.canonical, market.canonical.steps
    plain = np.flatnonzero(_plain(market)[table.bid])
    if not len(plain):
        return value
    counted = canonical.counted_shed[table.bid[plain]]
    zone = np.array([market.accounts.zone_account(bid.zone) for bid in canonical.bids])
    price = np.round(table.price[plain] / counted, 9)
    keys = np.stack((table.interval[plain], zone[table.bid[plain]], price), axis=1)
    _, group = np.unique(keys, axis=0, return_inverse=True)
    taken = value[market.steps.column[plain]] * counted
    offered = table.quantity_kw[plain] * counted
    total, most = np.bincount(group, weights=taken), np.bincount(group, weights=offered)
    size = np.bincount(group)
    marginal = (size > 1) & (total > 0) & (total < most)
    rows = np.flatnonzero(marginal[group])
    shared = value.copy()
    if not len(rows):
        return shared
    order = rows[
        np.lexsort((table.position[plain[rows]], canonical.rank[table.bid[plain[rows]]], group[rows]))
    ]
    if rule is TieRule.PRO_RATA:
        new = offered[order] * (total / most)[group[order]]
    else:
        ahead = np.cumsum(offered[order]) - offered[order]
        starts = np.concatenate(([True], group[order][1:] != group[order][:-1]))
        ahead -= np.repeat(ahead[starts], np.diff(np.append(np.flatnonzero(starts), len(order))))
        new = np.clip(total[group[order]] - ahead, 0.0, offered[order])
    shared[market.steps.column[plain[order]]] = new / counted[order]
    return shared


def _plain(market: MarketProgram) -> Flags:
    """Tell which bids are steps that nothing but their zone holds. Shape (B,)."""
    canonical = market.canonical
    shared = {
        owner
        for named in market.named
        if named.family == "resource_limit"
        for owner in zip(named.keys[0], named.keys[1], strict=True)
    }
    return np.array(
        [
            isinstance(bid.offer, StepOffer)
            and bid.rebound is None
            and bid.energy_limit_kwh is None
            and bid.run_limits is None
            and bid.migration is None
            and bid.exclusive_group is None
            and bool(aligned)
            and (bid.site_id, bid.resource_id) not in shared
            and len(market.accounts.of_bid(bid)) == 1
            for bid, aligned in zip(canonical.bids, canonical.is_aligned, strict=True)
        ],
        dtype=bool,
    )
