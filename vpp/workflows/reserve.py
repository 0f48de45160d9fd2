"""What could still be bought in the course of an event: standing bids, less what is awarded."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from vpp.auction.bid import Bid, StepOffer, StoreOffer
from vpp.auction.book import Book
from vpp.dispatch.event import EventState
from vpp.dispatch.reliability import ReliabilityChoices
from vpp.dispatch.tracking.correction import Correction
from vpp.workflows.booking import (
    EVERYTHING,
    active_sites,
    barred_sites,
    claimed_resources,
    recovery_interval_count,
)
from vpp.workflows.derating import derated
from vpp.workflows.following import Following
from vpp.workflows.import_limits import within_import_limits
from vpp.workflows.load_limits import within_forecast_load
from vpp.workflows.one_direction import moved_otherwise
from vpp.workflows.outdated_bids import outdated_bids
from vpp.workflows.ports import UnitOfWork
from vpp.workflows.records import AwardRecord, BidRecord, BidState
from vpp.workflows.remaining_terms import remaining_terms
from vpp.workflows.reserve_left import left_of_bid
from vpp.workflows.screening import screened
from vpp.workflows.standing_seals import standing_fault

CALLED_OFF = frozenset({EventState.CANCELLED, EventState.FAILED})
Profile = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Reserve:
    """What could still be bought of an event's reserve.

    Attributes:
        first: The event's interval with which the bids' first interval begins.
        bids: Standing bids, cut down to what is left of them from there on.
        limit_kw: What is left of each resource, kW, by site and resource.
        available_kw: What they would deliver at most in the first interval that all can reach, kW.
    """

    first: int
    bids: tuple[Bid, ...] = ()
    limit_kw: Mapping[tuple[str, str], float] = field(default_factory=dict)
    available_kw: float = 0.0


def reserve_of(  # noqa: PLR0913  what there is, what is needed, and who may act
    uow: UnitOfWork,
    following: Following,
    awards: Sequence[AwardRecord],
    needed: Correction,
    *,
    lead: timedelta,
    reliability: ReliabilityChoices,
    may_not_act: frozenset[str],
) -> Reserve:
    """Collect what could still be bought.

    Left out: sites that are failing or may not be told anew yet, that agreed to a part only, that are not
    active, have served the product as often as it may be called, serve one that it excludes, or are moved
    the other way by another event; resources that another event claims; expired bids, and those that the
    event's version of its product does not take; what is above the event's price cap. Bids count at what
    their sites have shown, as in any clearing. A site that is not in the event joins with the next interval
    that it can reach; one that is may do more in the rest of the present one.

    Args:
        uow: The transaction.
        following: The event in its course.
        awards: What the event has bought.
        needed: From which interval on anything can be changed.
        lead: From the hub's decision until a site has begun to follow it.
        reliability: How much what sites have shown counts.
        may_not_act: Sites that must not be told anew now.
    """
    event, frame, newest = following.event, following.frame, following.newest
    first, count = needed.first, frame.interval_count
    if first >= count:
        return Reserve(first)
    records = _standing(uow, following, may_not_act)
    keys = {f"{record.bid.site_id}/{record.bid.resource_id}" for record in records}
    resources = {name: each.value for name, each in uow.resources.get_all(sorted(keys)).items()}
    bought: dict[tuple[str, str], list[AwardRecord]] = {}
    for award in awards:
        bought.setdefault((award.site_id, award.resource_id), []).append(award)
    bids, limits = [], {}
    soonest = frame.now + lead
    for record in records:
        bid = record.bid
        key = (bid.site_id, bid.resource_id)
        resource = resources.get("/".join(key))
        if resource is None:
            continue
        if bid.site_id in newest:
            reach = frame.left_ratio(soonest + resource.envelope.response_time)
        else:
            reach = np.where(frame.left_ratio(soonest) < 1.0, 0.0, 1.0)
        room_kw = resource.envelope.most_kw(event.direction) - _sold_kw(bought.get(key, []), count)
        left = left_of_bid(
            bid,
            bought.get(key, []),
            first=first,
            room_kw=room_kw[first:],
            reach_ratio=reach[first:],
            price_cap_per_mwh=event.price_cap_per_mwh,
            step=frame.step,
        )
        if left is not None:
            bids.append(left)
            limits[key] = float(max(0.0, room_kw[first:].max()))
    counted = derated(uow, bids, reliability)
    available_kw = math.fsum(_largest_kw(bid) * bid.delivery_ratio for bid in counted)
    return Reserve(first, tuple(counted), limits, available_kw)


def reserve_book(
    uow: UnitOfWork,
    following: Following,
    awards: Sequence[AwardRecord],
    reserve: Reserve,
    more_kw: Profile,
) -> Book | None:
    """Make the book from which a gap is closed: what is needed, and what is left.

    Args:
        uow: The transaction.
        following: The event in its course.
        awards: What the event has bought.
        reserve: What could still be bought.
        more_kw: Further delivery that is needed, kW. Shape (N,).

    Returns:
        The book, over the rest of the event; None if nothing is needed or left. What the sites'
        connections, their forecast load and the buyer's terms bear is within its limits.
    """
    event, product, first = following.event, following.product, reserve.first
    target_kw = tuple(more_kw[first:].tolist())
    if not reserve.bids or not any(target_kw):
        return None
    recovery_count = recovery_interval_count(product)
    tender = None if event.auction_id is None else uow.auctions.get(event.auction_id)
    terms, headroom_kw = remaining_terms(
        None if tender is None else tender.value, awards, first, len(target_kw) + recovery_count
    )
    book = Book(
        auction_id=event.event_id,
        start=following.frame.interval_start(first),
        step=following.frame.step,
        target_kw=target_kw,
        recovery_interval_count=recovery_count,
        price_cap_per_mwh=event.price_cap_per_mwh,
        rebound_headroom_kw=headroom_kw,
        bids=reserve.bids,
        resource_limit_kw=reserve.limit_kw,
        terms=terms,
        currency=product.money.currency,
        direction=event.direction,
    )
    limited = within_forecast_load(uow, within_import_limits(uow, book))
    sound, _ = screened(limited)
    return sound if sound.bids else None


def _standing(uow: UnitOfWork, following: Following, may_not_act: frozenset[str]) -> list[BidRecord]:
    event, frame, newest = following.event, following.frame, following.newest
    outlook = following.outlook
    barred = set(may_not_act)
    barred |= {
        site_id
        for site_id, state, responds in zip(outlook.site_ids, outlook.states, outlook.responds, strict=True)
        if not (state.is_under_way and responds) or newest[site_id].value.accepted_reduction_kw is not None
    }
    active = active_sites(uow, event.product_id, event.zone)
    active = active.difference(
        moved_otherwise(uow, event.delivery, following.product, except_event=event.event_id)
    )
    claimed = claimed_resources(uow, event.delivery, following.product.call.recovery_window)
    joining_barred = barred_sites(uow, following.product, event.delivery, except_event=event.event_id)
    records = []
    uow.bids.uncover()
    for stored in uow.bids.page(where={"product_id": event.product_id}, limit=EVERYTHING):
        record, bid = stored.value, stored.value.bid
        is_standing = record.auction_id is None and record.state is BidState.SUBMITTED
        is_expired = record.expires_at is not None and record.expires_at <= frame.now
        claiming = claimed.get((bid.site_id, bid.resource_id), event.event_id)
        if (
            is_standing
            and standing_fault(record) is None
            and not is_expired
            and bid.direction is event.direction
            and bid.site_id in active
            and bid.site_id not in barred
            and claiming == event.event_id
            and (bid.site_id in newest or bid.site_id not in joining_barred)
        ):
            records.append(record)
    outdated = outdated_bids(uow, following.product, [record.bid for record in records])
    return [record for record in records if record.bid.bid_id not in outdated]


def _sold_kw(awards: Sequence[AwardRecord], count: int) -> Profile:
    total = np.zeros(count)
    for award in awards:
        total += np.array([*award.reduction_kw, *(0.0,) * count])[:count]
    return total


def _largest_kw(bid: Bid) -> float:
    if isinstance(bid.offer, StepOffer):
        return max(sum(step.reduction_kw for step in steps) for steps in bid.offer.steps)
    return bid.offer.discharge_kw if isinstance(bid.offer, StoreOffer) else 0.0
