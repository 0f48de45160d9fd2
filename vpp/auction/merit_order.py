"""The fallback: simple offers in order of price, found before any solver starts.

It leaves out what needs looking ahead: rebound, and blocks that hang on a parent. What it
returns is always allowed, so that an event is never without an answer.
"""

from dataclasses import dataclass, field

from vpp.auction.dispatch import Dispatch, make_dispatch
from vpp.auction.market_view import MILLI, MarketView, StepKey


@dataclass
class _Progress:
    """What is still open while offers are taken one by one."""

    need_kw: dict[int, float]
    energy_left_kwh: dict[str, float]
    resource_left_kw: dict[tuple[str, str, int], float]
    group_taken: dict[tuple[str, str], str] = field(default_factory=dict)


def merit_order(view: MarketView) -> Dispatch:
    """Take offers from the cheapest on until the target is met.

    Args:
        view: The book.

    Returns:
        A dispatch that respects every limit; not the cheapest one.

    Source:
        Design of the auction engine, section 5, greedy merit order.
    """
    progress = _Progress(
        need_kw={t: view.target_kw[t] for t in view.has_target},
        energy_left_kwh={
            bid_id: bid.energy_limit_kwh
            for bid_id, bid in view.bids.items()
            if bid.energy_limit_kwh is not None
        },
        resource_left_kw={
            (*owner, t): limit_kw
            for owner, limit_kw in view.book.resource_limit_kw.items()
            for t in view.intervals
        },
    )
    steps_kw: dict[StepKey, float] = {}
    ratio: dict[str, float] = {}
    cap = float(view.book.price_cap_per_mwh)
    for price, _, offer in _offers(view):
        if price > cap:
            break
        if isinstance(offer, str):
            ratio[offer] = _take_block(view, progress, offer)
        else:
            steps_kw[offer] = _take_step(view, progress, offer)
    return make_dispatch(view, steps_kw, ratio, {})


def offer_price(view: MarketView, offer: StepKey | str) -> float:
    """Price per reliable MWh of a step, or of a whole block with its fixed cost."""
    if not isinstance(offer, str):
        return view.reliable_price(offer[0], view.steps[offer].price_per_mwh)
    block = view.blocks[offer]
    fixed = float(block.fixed_cost) / view.shed_mwh(offer)
    return view.reliable_price(offer, block.price_per_mwh) + fixed / view.bids[offer].delivery_ratio


def is_considered(view: MarketView, bid_id: str) -> bool:
    """Whether the merit order can judge a bid by itself."""
    if bid_id in view.blocks:
        return view.bids[bid_id].parent_bid_id is None and min(view.profile_kw[bid_id]) >= 0
    return bid_id not in view.rebounds


def _offers(view: MarketView) -> list[tuple[float, tuple[int, int, int], StepKey | str]]:
    """Every step and block that is considered, cheapest first, ties by the tie rule."""
    offers: list[tuple[float, tuple[int, int, int], StepKey | str]] = [
        (offer_price(view, key), (view.rank[key[0]], key[1], key[2]), key)
        for key in view.steps
        if is_considered(view, key[0])
    ]
    offers += [
        (offer_price(view, bid_id), (view.rank[bid_id], 0, 0), bid_id)
        for bid_id in view.blocks
        if is_considered(view, bid_id)
    ]
    return sorted(offers, key=lambda offer: offer[:2])


def _take_step(view: MarketView, progress: _Progress, key: StepKey) -> float:
    bid_id, t, _ = key
    bid = view.bids[bid_id]
    if progress.need_kw.get(t, 0.0) <= 0 or not _may_join(view, progress, bid_id):
        return 0.0
    owner = (bid.site_id, bid.resource_id, t)
    taken_kw = min(
        view.steps[key].reduction_kw,
        progress.need_kw[t] / bid.delivery_ratio,
        progress.energy_left_kwh.get(bid_id, float("inf")) / view.interval_h,
        progress.resource_left_kw.get(owner, float("inf")),
    )
    if taken_kw <= 0:
        return 0.0
    _book_taken(view, progress, bid_id, {t: taken_kw})
    return taken_kw


def _take_block(view: MarketView, progress: _Progress, bid_id: str) -> float:
    """Accept as much of a block as fits everywhere, if that is at least its minimum."""
    bid, block = view.bids[bid_id], view.blocks[bid_id]
    shed_kw = {t: change for t, change in enumerate(view.profile_kw[bid_id]) if change > 0}
    if not _may_join(view, progress, bid_id):
        return 0.0
    share = min(
        1.0,
        progress.energy_left_kwh.get(bid_id, float("inf")) / (view.shed_mwh(bid_id) * MILLI),
        *(progress.need_kw.get(t, 0.0) / (bid.delivery_ratio * kw) for t, kw in shed_kw.items()),
        *(
            progress.resource_left_kw.get((bid.site_id, bid.resource_id, t), float("inf")) / kw
            for t, kw in shed_kw.items()
        ),
    )
    if share < block.min_acceptance_ratio:
        return 0.0
    _book_taken(view, progress, bid_id, {t: share * kw for t, kw in shed_kw.items()})
    return share


def _may_join(view: MarketView, progress: _Progress, bid_id: str) -> bool:
    bid = view.bids[bid_id]
    if bid.exclusive_group is None:
        return True
    return progress.group_taken.get((bid.site_id, bid.exclusive_group), bid_id) == bid_id


def _book_taken(view: MarketView, progress: _Progress, bid_id: str, taken_kw: dict[int, float]) -> None:
    bid = view.bids[bid_id]
    if bid.exclusive_group is not None:
        progress.group_taken[bid.site_id, bid.exclusive_group] = bid_id
    for t, kw in taken_kw.items():
        progress.need_kw[t] -= bid.delivery_ratio * kw
        owner = (bid.site_id, bid.resource_id, t)
        if owner in progress.resource_left_kw:
            progress.resource_left_kw[owner] -= kw
        if bid_id in progress.energy_left_kwh:
            progress.energy_left_kwh[bid_id] -= kw * view.interval_h
