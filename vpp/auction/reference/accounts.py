"""What a bid reduces, what comes back, and in which accounts of net reduction it counts.

Variables of the accounts:

    net[kind,name,t]    net counted reduction of a zone, feeder or site, or load moved on a path, kW
"""

import pyomo.environ as pyo

from vpp.auction.bid import ReboundProfile
from vpp.auction.reference.view import Account, ReferenceView


def reduction(model: pyo.ConcreteModel, view: ReferenceView, bid_id: str, t: int) -> pyo.Expression:
    """Awarded reduction of a bid in an interval, in the bid's own direction, kW."""
    if bid_id in view.blocks:
        return _part(model, view, bid_id, view.profile_kw[bid_id][t])
    if bid_id in view.stores:
        return model.discharge[bid_id, t] if t in view.delivery else 0.0
    return pyo.quicksum(model.step[key] for key in view.steps_of.get((bid_id, t), ()))


def rebound(model: pyo.ConcreteModel, view: ReferenceView, bid_id: str, t: int) -> pyo.Expression:
    """What comes back of a bid in an interval, kW.

    Blocks: size of the profile's negative part. Stores: charge. Steps: what is returned by
    choice, or by a fixed profile

    rebound[t] = sum_k ratios[k] * reduction[t-1-k]

    Source:
        Design of the auction engine, section 2.2, block, storage and deferrable; section 1.
    """
    if bid_id in view.blocks:
        return _part(model, view, bid_id, -view.profile_kw[bid_id][t])
    if bid_id in view.stores:
        return model.charge[bid_id, t]
    if bid_id in view.rebounds:
        return model.returned[bid_id, t]
    profile = view.bids[bid_id].rebound
    if isinstance(profile, ReboundProfile):
        return pyo.quicksum(
            ratio * reduction(model, view, bid_id, t - 1 - k)
            for k, ratio in enumerate(profile.ratios)
            if ratio and t - 1 - k >= 0
        )
    return 0.0


def contribution(model: pyo.ConcreteModel, view: ReferenceView, bid_id: str, t: int) -> pyo.Expression:
    """What a bid counts in its own zone, feeders and site, kW.

    delivery_ratio * reduction - rebound    where it moves the way the buyer wants
    rebound - reduction                     where it moves the other way: all in full

    Source:
        Design of the auction engine, section 2, derating rule.
    """
    down, back = reduction(model, view, bid_id, t), rebound(model, view, bid_id, t)
    return view.bids[bid_id].delivery_ratio * down - back if view.serves(bid_id) else back - down


def received(model: pyo.ConcreteModel, view: ReferenceView, bid_id: str, t: int) -> pyo.Expression:
    """What a migrating bid counts in the zone that takes its load: -ratio * reduction, kW, in full.

    Source:
        Design of the auction engine, section 2.2, migration.
    """
    migration = view.bids[bid_id].migration
    ratio = 0.0 if migration is None else migration.receiving_ratio
    sign = -1.0 if view.serves(bid_id) else 1.0
    return sign * ratio * reduction(model, view, bid_id, t)


def accounts(view: ReferenceView) -> list[Account]:
    """Every account that some row or bound speaks of: all zones, and what else the terms name."""
    terms = view.book.terms
    sites = {limit.site_id for limit in terms.sites if limit.max_rebound_kw is not None}
    if terms.has_loss_reserve or terms.min_site_count > 1:
        sites |= {bid.site_id for bid in view.bids.values()}
    return [
        *(("zone", zone) for zone in view.zones),
        *(("feeder", limit.feeder_id) for limit in sorted(terms.feeders, key=lambda limit: limit.feeder_id)),
        *(("site", site_id) for site_id in sorted(sites)),
        *(("path", path_name(limit.from_zone, limit.to_zone)) for limit in terms.paths),
    ]


def path_name(from_zone: str, to_zone: str) -> str:
    """Return the name of a path's account.

    Example:
        >>> path_name("north", "south")
        'north>south'
    """
    return f"{from_zone}>{to_zone}"


def counted(model: pyo.ConcreteModel, view: ReferenceView, account: Account, t: int) -> pyo.Expression:
    """Sum of what all bids count in an account in an interval, kW; on a path, what moves along it."""
    kind, name = account
    if kind == "path":
        return pyo.quicksum(
            reduction(model, view, bid_id, t)
            for bid_id, bid in view.bids.items()
            if bid.migration is not None and path_name(bid.zone, bid.migration.receiving_zone) == name
        )
    behind = {
        site for feeder in view.book.terms.feeders if feeder.feeder_id == name for site in feeder.site_ids
    }
    terms = []
    for bid_id, bid in view.bids.items():
        if (kind == "zone" and bid.zone == name) or (kind == "site" and bid.site_id == name):
            terms.append(contribution(model, view, bid_id, t))
        if kind == "feeder" and bid.site_id in behind:
            terms.append(contribution(model, view, bid_id, t))
        if kind == "zone" and bid.migration is not None and bid.migration.receiving_zone == name:
            terms.append(received(model, view, bid_id, t))
    return pyo.quicksum(terms)


def _part(model: pyo.ConcreteModel, view: ReferenceView, bid_id: str, change_kw: float) -> pyo.Expression:
    """Accepted part of one interval's change of a block, kW; 0 where it goes the other way."""
    return change_kw / view.size_kw[bid_id] * model.taken[bid_id] if change_kw > 0 else 0.0
