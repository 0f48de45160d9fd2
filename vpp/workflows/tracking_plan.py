"""What a look at an event leads to: who is told more or less, what has to be bought, who is held back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from vpp.auction.book import Book
from vpp.dispatch.allocation import net_reduction
from vpp.dispatch.instruction import OPEN_STATES
from vpp.dispatch.purpose import EventPurpose
from vpp.dispatch.reliability import ReliabilityChoices
from vpp.dispatch.tracking.adjusting import Adjustment, Key, Layer, give_back, share_out, take_away
from vpp.dispatch.tracking.correction import Correction, correction
from vpp.dispatch.tracking.outlook import NOTICED_IN
from vpp.dispatch.tracking.rules import TrackingRules
from vpp.foundation.direction import Direction
from vpp.workflows.following import UNDER_WAY, Following
from vpp.workflows.movable import movable_of_all
from vpp.workflows.ports import UnitOfWork
from vpp.workflows.records import AwardRecord
from vpp.workflows.reserve import Reserve, reserve_book, reserve_of
from vpp.workflows.returning import returns_held
from vpp.workflows.tracking_records import ActionKind

STEERED = frozenset({EventPurpose.MARKET, EventPurpose.MANDATORY})
"""Purposes of events that are steered to their target; the others are only looked at."""
HOLDS_BEFORE_END = 2
"""So many delivery intervals before the end it is decided who is let go when."""
Profile = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class TrackingPlan:
    """What a look at an event leads to.

    Attributes:
        change_kw: Change of what resources are told per delivery interval, kW, by kind. Shape (N,) each.
        book: What is to be bought, and of whom; None if nothing is.
        reserve: What could be bought.
        held: Sites that are let go later than planned, and how long after the end.
    """

    change_kw: Mapping[ActionKind, Mapping[Key, Profile]] = field(default_factory=dict)
    book: Book | None = None
    reserve: Reserve = field(default_factory=lambda: Reserve(0))
    held: Mapping[str, timedelta] = field(default_factory=dict)


def plan_of(
    uow: UnitOfWork,
    following: Following,
    awards: Sequence[AwardRecord],
    rules: TrackingRules,
    reliability: ReliabilityChoices,
) -> TrackingPlan:
    """Decide what a look at an event leads to.

    Of a shortage first what was taken from sites is given back, as it is bought already; then the reserve
    is called. Of what nobody pays for the dearest top-ups go first. Ordered events have neither awards
    nor prices: sites share in proportion. A site is told anew at most once in a delivery interval.

    Args:
        uow: The transaction; nothing is written.
        following: The event in its course.
        awards: What it has bought.
        rules: Deadbands and lead.
        reliability: How much what sites have shown counts.
    """
    event, frame, outlook = following.event, following.frame, following.outlook
    if event.purpose not in STEERED or event.state not in UNDER_WAY or frame.now >= event.delivery.end:
        return TrackingPlan()
    target_kw = np.array(event.target_reduction_kw)
    needed = correction(target_kw, outlook.expected_by_interval_kw, frame, rules)
    busy = _busy(following)
    gains = _gains(following, busy)
    told = _told_kw(following)
    if event.purpose is EventPurpose.MANDATORY:
        room = _room_kw(uow, following, told)
        return TrackingPlan(change_kw=_ordered_changes(following, needed, told, room, gains, rules))
    layers = [_layer(award, event.event_id, frame.interval_count) for award in awards]
    least = {
        key: resource.envelope.least_kw(event.direction) for key, resource in following.resources.items()
    }
    # More than the target was bought where sites are not counted on for all they say: that is no surplus
    # before their meters show one.
    is_shown = frame.over_count >= NOTICED_IN
    surplus = needed if is_shown else replace(needed, less_kw=np.zeros_like(needed.less_kw))
    less = take_away(surplus, layers, told, gains, rules.min_change_kw, least_kw=least)
    more = give_back(needed, layers, told, gains, rules.min_change_kw)
    reserve = reserve_of(
        uow,
        following,
        awards,
        needed,
        lead=rules.lead,
        reliability=reliability,
        may_not_act=busy,
    )
    is_worth_it = more.left_kw.max(initial=0.0) >= rules.min_change_kw
    book = reserve_book(uow, following, awards, reserve, more.left_kw) if is_worth_it else None
    return TrackingPlan(
        change_kw=_by_kind(less, more),
        book=book,
        reserve=reserve,
        held=_held(uow, following, awards, rules, busy),
    )


def _by_kind(less: Adjustment, more: Adjustment) -> dict[ActionKind, Mapping[Key, Profile]]:
    kinds = {ActionKind.TRIM: less.change_kw, ActionKind.RESTORE: more.change_kw}
    return {kind: changes for kind, changes in kinds.items() if changes}


def _room_kw(uow: UnitOfWork, following: Following, told: Mapping[Key, Profile]) -> dict[Key, Profile]:
    """Return how much further each resource could be moved, kW; upwards no further than its connection."""
    event, frame = following.event, following.frame
    room = {
        key: resource.envelope.most_kw(event.direction) - told[key]
        for key, resource in following.resources.items()
        if key in told
    }
    if event.direction is Direction.LOAD_DOWN:
        return room
    sites = following.sites.values()
    bears = movable_of_all(
        uow, sites, event.direction, event.delivery.start, frame.step, frame.interval_count
    )
    for site_id, site_kw in bears.items():
        own = [key for key in room if key[0] == site_id]
        wanted = sum((np.maximum(0.0, room[key]) for key in own), np.zeros(frame.interval_count))
        left = np.maximum(0.0, np.array(site_kw) - sum(told[key] for key in own))
        ratio = np.divide(left, wanted, out=np.ones_like(wanted), where=wanted > left)
        for key in own:
            room[key] = room[key] * ratio
    return room


def _ordered_changes(  # noqa: PLR0913, PLR0917  what is needed, of whom, and how far each may go
    following: Following,
    needed: Correction,
    told: Mapping[Key, Profile],
    room: Mapping[Key, Profile],
    gains: Mapping[str, float],
    rules: TrackingRules,
) -> dict[ActionKind, Mapping[Key, Profile]]:
    """Share a shortage, or what is too much, over the sites that deliver."""
    may_do_more = {
        site_id: gain
        for site_id, gain in gains.items()
        if following.newest[site_id].value.accepted_reduction_kw is None
    }
    more = share_out(needed, room, may_do_more, rules.min_change_kw)
    spare = Correction(needed.first, needed.left_ratio, needed.less_kw, needed.less_kw)
    less = share_out(spare, told, gains, rules.min_change_kw)
    less.change_kw = {key: -kw for key, kw in less.change_kw.items()}
    kinds = {ActionKind.RAISE: more.change_kw, ActionKind.TRIM: less.change_kw}
    return {kind: changes for kind, changes in kinds.items() if changes}


def _busy(following: Following) -> frozenset[str]:
    """Return the sites that were told anew in the present delivery interval."""
    frame = following.frame
    since: datetime = min(frame.now, frame.interval_start(frame.present))
    return frozenset(
        site_id
        for site_id, each in following.newest.items()
        if each.value.modification_number > 0 and each.created_at >= since
    )


def _gains(following: Following, busy: frozenset[str]) -> dict[str, float]:
    """Return the sites that may be told anew, and what share of a change each is expected to deliver."""
    outlook = following.outlook
    return {
        site_id: float(gain)
        for site_id, state, gain in zip(outlook.site_ids, outlook.states, outlook.gain, strict=True)
        if site_id not in busy and state.is_under_way and following.newest[site_id].value.state in OPEN_STATES
    }


def _told_kw(following: Following) -> dict[Key, Profile]:
    count = following.frame.interval_count
    return {
        (site_id, part.resource_id): np.array(part.reduction_kw[:count])
        for site_id, each in following.newest.items()
        for part in each.value.resource_targets
    }


def _layer(award: AwardRecord, event_id: str, count: int) -> Layer:
    net = np.maximum(0.0, np.array(net_reduction(award.reduction_kw, award.rebound_kw)))[:count]
    return Layer(
        site_id=award.site_id,
        resource_id=award.resource_id,
        price_per_mwh=max((float(price) for price in award.price_per_mwh), default=0.0),
        is_top_up=award.award_id != f"{event_id}-{award.bid_id}",
        award_kw=net,
    )


def _held(
    uow: UnitOfWork,
    following: Following,
    awards: Sequence[AwardRecord],
    rules: TrackingRules,
    busy: frozenset[str],
) -> Mapping[str, timedelta]:
    event, frame = following.event, following.frame
    if frame.now < event.delivery.end - HOLDS_BEFORE_END * frame.step:
        return {}
    return returns_held(uow, following, awards, longest_delay=rules.release_delay, may_not_act=busy)
