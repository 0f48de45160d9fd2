"""The fallback: simple offers in order of price, for which no solver is needed.

It leaves out what needs looking ahead: rebound, runs, stores, migration, and blocks that hang on a
parent. What it returns is always allowed, so that an event is never without an answer.
"""

from dataclasses import dataclass, field

import numpy as np

from vpp.auction.dispatch import Dispatch, make_dispatch
from vpp.auction.market.accounts import Accounts
from vpp.auction.market.canonical import CanonicalBook, is_block
from vpp.auction.obstacles import is_simple
from vpp.solver.linear_program import Floats


@dataclass
class _Progress:
    """What is still open while offers are taken one by one."""

    need_kw: Floats
    room_kw: Floats
    energy_left_kwh: dict[int, float]
    resource_left_kw: dict[tuple[str, str], Floats]
    group_taken: dict[tuple[str, str], int] = field(default_factory=dict)


def merit_order(canonical: CanonicalBook) -> Dispatch:
    """Take offers from the cheapest on until the target is met.

    Args:
        canonical: The book.

    Returns:
        A dispatch that respects every limit; not the cheapest one. Where ramps or a reserve against
        the loss of a site are asked for, which no offer can keep by itself, it is empty.

    Source:
        Design of the auction engine, section 5, greedy merit order.
    """
    table = canonical.steps
    step_kw, ratio = np.zeros(len(table.bid)), np.zeros(len(canonical.block_places))
    terms = canonical.book.terms
    is_bound = terms.max_start_ramp_kw is not None or terms.max_release_ramp_kw is not None
    if not is_bound and not terms.has_loss_reserve:
        accounts = Accounts(canonical)
        progress = _begin(canonical, accounts)
        for place, row in _offers(canonical):
            if is_block(canonical.bids[place].offer):
                ratio[row] = _take_block(canonical, accounts, progress, place)
            else:
                step_kw[row] = _take_step(canonical, accounts, progress, row)
    return make_dispatch(canonical, step_kw=step_kw, ratio=ratio)


def _begin(canonical: CanonicalBook, accounts: Accounts) -> _Progress:
    width = canonical.delivery_count
    return _Progress(
        need_kw=canonical.target_kw[:width].copy(),
        room_kw=np.array([account.high_kw[:width] for account in accounts.all]),
        energy_left_kwh={
            place: bid.energy_limit_kwh
            for place, bid in enumerate(canonical.bids)
            if bid.energy_limit_kwh is not None
        },
        resource_left_kw={
            owner: np.full(width, limit_kw) for owner, limit_kw in canonical.book.resource_limit_kw.items()
        },
    )


def _offers(canonical: CanonicalBook) -> list[tuple[int, int]]:
    """Every step and block that is considered, cheapest first, ties by the tie rule, none above the cap."""
    table, cap = canonical.steps, canonical.cap
    considered = {
        place for place, bid in enumerate(canonical.bids) if is_simple(bid) and canonical.is_aligned[place]
    }
    price = table.price / np.abs(canonical.counted_shed[table.bid])
    found = [
        (price[row], canonical.rank[place], int(table.interval[row]), int(table.position[row]), place, row)
        for row, place in enumerate(table.bid.tolist())
        if place in considered and price[row] <= cap
    ]
    for row, place in enumerate(canonical.block_places.tolist()):
        bid = canonical.bids[place]
        if place not in considered or not is_block(bid.offer):
            continue
        energy = sum(max(kw, 0.0) for kw in bid.offer.profile_kw) * canonical.interval_h / 1000
        own = (
            float(canonical.effective_price(bid, bid.offer.price_per_mwh))
            + float(bid.offer.fixed_cost) / energy
        )
        if own / bid.delivery_ratio <= cap:
            found.append((own / bid.delivery_ratio, canonical.rank[place], 0, 0, place, row))
    return [(place, row) for *_, place, row in sorted(found)]


def _take_step(canonical: CanonicalBook, accounts: Accounts, progress: _Progress, row: int) -> float:
    table = canonical.steps
    place, t = int(table.bid[row]), int(table.interval[row])
    bid = canonical.bids[place]
    if progress.need_kw[t] <= 0 or not _may_join(canonical, progress, place):
        return 0.0
    resource = progress.resource_left_kw.get((bid.site_id, bid.resource_id))
    taken_kw = min(
        float(table.quantity_kw[row]),
        min(float(progress.need_kw[t]), *(float(progress.room_kw[a, t]) for a in accounts.of_bid(bid)))
        / bid.delivery_ratio,
        progress.energy_left_kwh.get(place, np.inf) / canonical.interval_h,
        np.inf if resource is None else float(resource[t]),
    )
    if taken_kw <= 0:
        return 0.0
    shed = np.zeros(canonical.delivery_count)
    shed[t] = taken_kw
    _record(canonical, accounts, progress, place, shed)
    return taken_kw


def _take_block(canonical: CanonicalBook, accounts: Accounts, progress: _Progress, place: int) -> float:
    """Accept as much of a block as fits everywhere, if that is at least its minimum."""
    bid = canonical.bids[place]
    if not is_block(bid.offer) or not _may_join(canonical, progress, place):
        return 0.0
    shed = np.zeros(canonical.delivery_count)
    shed[: len(bid.offer.profile_kw)] = bid.offer.profile_kw[: canonical.delivery_count]
    wanted = shed > 0
    room = (
        np.minimum(progress.need_kw, progress.room_kw[accounts.of_bid(bid)].min(axis=0)) / bid.delivery_ratio
    )
    resource = progress.resource_left_kw.get((bid.site_id, bid.resource_id))
    if resource is not None:
        room = np.minimum(room, resource)
    energy = progress.energy_left_kwh.get(place, np.inf) / (shed.sum() * canonical.interval_h)
    share: float = min(1.0, float(energy), float((room[wanted] / shed[wanted]).min()))
    if share < bid.offer.min_acceptance_ratio:
        return 0.0
    _record(canonical, accounts, progress, place, share * shed)
    return share


def _may_join(canonical: CanonicalBook, progress: _Progress, place: int) -> bool:
    bid = canonical.bids[place]
    if bid.exclusive_group is None:
        return True
    return progress.group_taken.get((bid.site_id, bid.exclusive_group), place) == place


def _record(
    canonical: CanonicalBook, accounts: Accounts, progress: _Progress, place: int, shed_kw: Floats
) -> None:
    bid = canonical.bids[place]
    if bid.exclusive_group is not None:
        progress.group_taken[bid.site_id, bid.exclusive_group] = place
    counted = bid.delivery_ratio * shed_kw
    progress.need_kw -= counted
    progress.room_kw[accounts.of_bid(bid)] -= counted
    owner = bid.site_id, bid.resource_id
    if owner in progress.resource_left_kw:
        progress.resource_left_kw[owner] -= shed_kw
    if place in progress.energy_left_kwh:
        progress.energy_left_kwh[place] -= float(shed_kw.sum()) * canonical.interval_h
