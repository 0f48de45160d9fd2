"""Who is let go later than planned at the end of an event, so that rebounds stay within limits."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from vpp.auction.buyer import ANY_TERMS
from vpp.dispatch.instruction import OPEN_STATES
from vpp.dispatch.tracking.staggered_return import Return, ReturnLimit, staggered_return
from vpp.workflows.booking import recovery_interval_count
from vpp.workflows.following import Following
from vpp.workflows.forecasts_ahead import ForecastsAhead
from vpp.workflows.movable import movable_kw
from vpp.workflows.ports import UnitOfWork
from vpp.workflows.records import AwardRecord


def returns_held(
    uow: UnitOfWork,
    following: Following,
    awards: Sequence[AwardRecord],
    *,
    longest_delay: timedelta,
    may_not_act: frozenset[str],
) -> Mapping[str, timedelta]:
    """Choose who is let go later, by the rebound that the awards expect after delivery.

    Limits are how far each site can move back by its forecast load and its connection, and what the buyer's
    terms name: the headroom of all sites together, feeders, the zone, sites. Only sites that still deliver
    come back.

    Args:
        uow: The transaction; nothing is written.
        following: The event in its course.
        awards: What it has bought.
        longest_delay: No site is held longer than this.
        may_not_act: Sites that must not be told anew now; they are let go as planned.

    Returns:
        Offset after the end, by site, of those whose offset changes.
    """
    event, frame = following.event, following.frame
    count = recovery_interval_count(following.product)
    rebound = _rebound_kw(awards, frame.interval_count, count)
    newest = {
        site_id: each.value
        for site_id, each in following.newest.items()
        if each.value.state in OPEN_STATES and site_id in rebound and any(rebound[site_id])
    }
    if not newest or not count:
        return {}
    returns = [Return(site_id, rebound[site_id], each.release_offset) for site_id, each in newest.items()]
    limits = _buyers_limits(uow, following, frozenset(newest))
    ahead = ForecastsAhead(uow, newest)
    for site_id in newest:
        room_kw = movable_kw(
            ahead, following.sites[site_id], event.direction.other, event.delivery.end, frame.step, count
        )
        if room_kw is not None:
            limits.append(ReturnLimit(site_id, frozenset({site_id}), room_kw))
    later = staggered_return(returns, limits, frame.step, longest_delay)
    return {
        site_id: offset
        for site_id, offset in later.items()
        if site_id not in may_not_act and offset != newest[site_id].release_offset
    }


def _rebound_kw(
    awards: Sequence[AwardRecord], delivery_count: int, count: int
) -> dict[str, tuple[float, ...]]:
    """Sum what is expected to come back after delivery, kW, by site. Shape (T,) each."""
    by_site: dict[str, list[float]] = {}
    for award in awards:
        after = award.rebound_kw[delivery_count : delivery_count + count]
        total = by_site.setdefault(award.site_id, [0.0] * count)
        for n, kw in enumerate(after):
            total[n] += kw
    return {site_id: tuple(values) for site_id, values in by_site.items()}


def _buyers_limits(uow: UnitOfWork, following: Following, sites: frozenset[str]) -> list[ReturnLimit]:
    event, first = following.event, following.frame.interval_count
    tender = None if event.auction_id is None else uow.auctions.get(event.auction_id)
    terms = ANY_TERMS if tender is None else tender.value.terms
    limits = []
    if tender is not None and tender.value.rebound_headroom_kw is not None:
        limits.append(ReturnLimit("headroom", sites, (tender.value.rebound_headroom_kw,)))
    named = [
        *((zone.zone, sites, zone.max_rebound_kw) for zone in terms.zones if zone.zone == event.zone),
        *((feeder.feeder_id, frozenset(feeder.site_ids), feeder.max_rebound_kw) for feeder in terms.feeders),
        *((site.site_id, frozenset({site.site_id}), site.max_rebound_kw) for site in terms.sites),
    ]
    for name, concerned, limit_kw in named:
        if limit_kw is not None and limit_kw[first:]:
            limits.append(ReturnLimit(name, concerned, tuple(limit_kw[first:])))
    return limits
