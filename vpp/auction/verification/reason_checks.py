"""Promises about reasons: each fits the awards and, where arithmetic can tell, the prices.

A reason that names a limit must name one that the book has. A reason that speaks of surplus is
recomputed for plain steps and blocks; where a bid's rebound, run or group decides, what it would
have done instead is a matter of search, and only the plain part is checked.
"""

from collections.abc import Callable, Iterator

import numpy as np

from vpp.auction.bid import Bid, BlockOffer, Rebound, StoreOffer
from vpp.auction.buyer import FeederLimit, SiteLimit, ZoneLimit
from vpp.auction.result import BidReason, ClearingStatus
from vpp.auction.verification.award_arrays import AwardArrays
from vpp.auction.verification.book_arrays import BookArrays
from vpp.auction.verification.money_checks import zone_price_table
from vpp.auction.verification.telling import KW, RATIO, Floats
from vpp.portfolio.money_rules import PayRule

_EVEN = 1e-4  # per MWh: closer than this to the price, an offer is at the margin
_GAIN = 1e-3  # currency: a block's surplus within this is none
_SHARE = 1e-6


def reasons(awards: AwardArrays) -> Iterator[str]:
    """Every reason fits its award, its bid and the book.

    Args:
        awards: The awards.

    Yields:
        Every promise that is broken.
    """
    book = awards.book
    by_reason: dict[BidReason, list[int]] = {}
    for i, award in enumerate(awards.awards):
        by_reason.setdefault(award.reason, []).append(i)
        if award.winning_price_per_mwh is not None and award.reason.is_accepted:
            yield f"{award.bid_id} is accepted and yet told a winning price"
        if not award.detail:
            yield f"{award.bid_id} is given no reason in words"
    for reason, applies in _APPLIES.items():
        for i in by_reason.get(reason, []):
            if not applies(book, book.bids[i]):
                yield f"{book.bids[i].bid_id} is {reason.value}, and the book has nothing of the kind"
    for i in by_reason.get(BidReason.REJECTED_LEFT_OUT_OF_FALLBACK, []):
        if awards.clearing.status is not ClearingStatus.FALLBACK:
            yield f"{book.bids[i].bid_id} is left out of a fallback that did not happen"
    yield from _accepted(awards, by_reason)
    yield from _kept_out(awards, by_reason)
    if awards.clearing.pay_rule is not PayRule.FIXED:
        yield from _judged_by_price(awards, by_reason)


def _accepted(awards: AwardArrays, by_reason: dict[BidReason, list[int]]) -> Iterator[str]:
    book, row_of = awards.book, awards.book.blocks.row_of
    for i in by_reason.get(BidReason.ACCEPTED_WITH_MAKE_WHOLE, []):
        if awards.make_whole[i] <= 0:
            yield f"{book.bids[i].bid_id} is accepted with make-whole and gets {awards.make_whole[i]:.9g}"
    for i in by_reason.get(BidReason.ACCEPTED_AT_MINIMUM_RATIO, []):
        row = row_of.get(i)
        if row is not None and awards.block_ratio[row] > book.blocks.least[row] + 10 * RATIO:
            stated = f"the ratio {awards.block_ratio[row]:.9g}, its least is {book.blocks.least[row]:.9g}"
            yield f"{book.bids[i].bid_id} is accepted at its minimum ratio with {stated}"
    for i in by_reason.get(BidReason.ACCEPTED_IN_FULL, []):
        row = row_of.get(i)
        if row is not None and awards.block_ratio[row] < book.blocks.most[row] - 10 * RATIO:
            yield f"{book.bids[i].bid_id} is accepted in full with the ratio {awards.block_ratio[row]:.9g}"
    full = {i for i in by_reason.get(BidReason.ACCEPTED_IN_FULL, []) if _is_plain(book, i)}
    wanted = book.required_kw[: book.delivery] > 0
    for row, i in enumerate(book.steps.bid.tolist()):
        if i in full:
            left_kw = (book.steps.offered_kw[row] - awards.reduction_kw[i])[wanted].max(initial=0.0)
            if left_kw > KW:
                yield f"{book.bids[i].bid_id} is accepted in full and {left_kw:.9g} kW of it are not"


def _kept_out(awards: AwardArrays, by_reason: dict[BidReason, list[int]]) -> Iterator[str]:
    """Reasons that point at another bid."""
    book, taken, row_of = awards.book, awards.is_taken, awards.book.blocks.row_of
    for i in by_reason.get(BidReason.REJECTED_GROUP_ALTERNATIVE, []):
        bid = book.bids[i]
        members = book.groups.get((bid.site_id, bid.exclusive_group or ""), [])
        if not any(taken[other] for other in members if other != i):
            yield f"{bid.bid_id} gives way to another of its group, and none is accepted"
    for i in by_reason.get(BidReason.REJECTED_PARENT, []):
        bid, parent = book.bids[i], book.parent.get(i)
        if parent is None:
            yield f"{bid.bid_id} is rejected for its parent and has none"
        elif awards.block_ratio[row_of[parent]] >= max(book.blocks.least[row_of[i]], 1 - RATIO):
            yield f"{bid.bid_id} is rejected for its parent {book.bids[parent].bid_id}, which is accepted"
    if by_reason.get(BidReason.REJECTED_TIE_LOST) and not taken.any():
        first = by_reason[BidReason.REJECTED_TIE_LOST][0]
        yield f"{book.bids[first].bid_id} lost a tie, and nothing is accepted"


def _judged_by_price(awards: AwardArrays, by_reason: dict[BidReason, list[int]]) -> Iterator[str]:
    """Reasons that speak of the price: recompute the surplus at the published zone prices."""
    book = awards.book
    dear = by_reason.get(BidReason.REJECTED_PRICE_ABOVE_CLEARING, [])
    forgone = by_reason.get(BidReason.REJECTED_INDIVISIBLE, [])
    if not dear and not forgone:
        return
    table, missing = zone_price_table(awards)
    if missing:
        return
    gains = _step_gains(book, table)
    is_dear = set(dear)
    for row, i in enumerate(book.steps.bid.tolist()):
        if i in is_dear and _is_plain(book, i) and gains[row] > _EVEN + _SHARE * table.max(initial=0.0):
            gain = f"would gain {gains[row]:.9g} per MWh at its zone's prices"
            yield f"{book.bids[i].bid_id} is too dear and {gain}"
    gross, net, slack = _block_gains(book, table)
    is_forgone = set(forgone)
    for row, i in enumerate(book.blocks.bid.tolist()):
        if (i not in is_dear and i not in is_forgone) or not _is_plain(book, i):
            continue
        if i in is_dear and min(gross[row], net[row]) > slack[row]:
            yield f"{book.bids[i].bid_id} is too dear and would gain {net[row]:.9g} at its zone's prices"
        if i in is_forgone and max(gross[row], net[row]) < -slack[row]:
            loss = f"would lose {-net[row]:.9g} at its zone's prices"
            yield f"{book.bids[i].bid_id} is too large to fit and {loss}"


def _is_plain(book: BookArrays, i: int) -> bool:
    """Tell whether nothing beside its own steps or profile decides about a bid."""
    bid = book.bids[i]
    unlimited = bid.energy_limit_kwh is None and (bid.site_id, bid.resource_id) not in book.resources
    alone = bid.exclusive_group is None and bid.parent_bid_id is None and i not in _parents(book)
    return unlimited and alone and bid.rebound is None and bid.run_limits is None and bid.migration is None


def _parents(book: BookArrays) -> set[int]:
    return set(book.parent.values()) if book.parent else set()


def _step_gains(book: BookArrays, table: Floats) -> Floats:
    """Return what the best interval's cheapest step would gain per MWh of each step offer."""
    steps, act = book.steps, book.book.terms.activation_ratio
    has = steps.length > 0
    cheapest = np.full(len(steps.length), np.inf)
    cheapest[has] = steps.price[steps.first[has]]
    worth = table[book.zone_of[steps.bid]][:, : book.delivery] * book.counts_reduced[steps.bid, None]
    gains = worth - act * cheapest[steps.ladder] - book.availability[steps.bid, None]
    return np.asarray(gains.max(axis=1, initial=-np.inf), dtype=float)


def _block_gains(book: BookArrays, table: Floats) -> tuple[Floats, Floats, Floats]:
    """Return each block's best surplus before and after its rebound, and the slack in telling it from 0."""
    blocks, per_kw = book.blocks, book.interval_h / 1000
    price = table[book.zone_of[blocks.bid]]
    shed, back = np.maximum(blocks.profile_kw, 0.0), np.maximum(-blocks.profile_kw, 0.0)
    asked = book.book.terms.activation_ratio * blocks.price + book.availability[blocks.bid]
    earned = (price * shed).sum(axis=1) * book.counts_reduced[blocks.bid] * per_kw
    owed = (price * back).sum(axis=1) * book.counts_returned[blocks.bid] * per_kw
    cost = asked * blocks.energy_kwh / 1000
    gross, net = (
        np.where(whole > 0, blocks.most, blocks.least) * whole - blocks.fixed
        for whole in (earned - cost, earned + owed - cost)
    )
    return gross, net, _GAIN + _SHARE * (np.abs(earned) + np.abs(cost))


def _may_rebound(bid: Bid, book: BookArrays) -> bool:
    if isinstance(bid.offer, BlockOffer):
        returns = min(bid.offer.profile_kw) < 0
    else:
        returns = isinstance(bid.offer, StoreOffer) or bid.rebound is not None or bid.migration is not None
    return returns or bid.direction is not book.book.direction


def _has_room_for_rebound(book: BookArrays, bid: Bid) -> bool:
    terms = book.book.terms
    limits: tuple[ZoneLimit | FeederLimit | SiteLimit, ...] = (*terms.zones, *terms.feeders, *terms.sites)
    has_room = any(limit.max_rebound_kw is not None for limit in limits)
    is_limited = book.book.rebound_headroom_kw is not None or has_room
    return is_limited and _may_rebound(bid, book)


def _is_site_limited(book: BookArrays, bid: Bid) -> bool:
    terms = book.book.terms
    return (
        terms.min_site_count > 1
        or terms.has_loss_reserve
        or any(site.site_id == bid.site_id and site.max_rebound_kw is not None for site in terms.sites)
    )


def _is_zone_limited(book: BookArrays, bid: Bid) -> bool:
    zones = {bid.zone} if bid.migration is None else {bid.zone, bid.migration.receiving_zone}
    return any(zone.zone in zones for zone in book.book.terms.zones)


def _is_path_limited(book: BookArrays, bid: Bid) -> bool:
    if bid.migration is None:
        return False
    pair = (bid.zone, bid.migration.receiving_zone)
    return any((path.from_zone, path.to_zone) == pair for path in book.book.terms.paths)


def _is_ramp_limited(book: BookArrays, _: Bid) -> bool:
    terms = book.book.terms
    return terms.max_start_ramp_kw is not None or terms.max_release_ramp_kw is not None


_APPLIES: dict[BidReason, Callable[[BookArrays, Bid], bool]] = {
    BidReason.REJECTED_REBOUND_HEADROOM: _has_room_for_rebound,
    BidReason.REJECTED_ZONE_LIMIT: _is_zone_limited,
    BidReason.REJECTED_FEEDER_LIMIT: lambda book, bid: any(
        bid.site_id in feeder.site_ids for feeder in book.book.terms.feeders
    ),
    BidReason.REJECTED_SITE_LIMIT: _is_site_limited,
    BidReason.REJECTED_PATH_LIMIT: _is_path_limited,
    BidReason.REJECTED_RAMP_LIMIT: _is_ramp_limited,
    BidReason.REJECTED_DEADLINE: lambda _, bid: isinstance(bid.rebound, Rebound),
    BidReason.REJECTED_ENERGY_LIMIT: lambda _, bid: (
        bid.energy_limit_kwh is not None or isinstance(bid.offer, StoreOffer)
    ),
    BidReason.REJECTED_RESOURCE_LIMIT: lambda book, bid: (bid.site_id, bid.resource_id) in book.resources,
    BidReason.REJECTED_INDIVISIBLE: lambda _, bid: (
        isinstance(bid.offer, BlockOffer) or bid.run_limits is not None or bid.exclusive_group is not None
    ),
    BidReason.ACCEPTED_AT_MINIMUM_RATIO: lambda _, bid: (
        isinstance(bid.offer, BlockOffer) or bid.run_limits is not None
    ),
}
