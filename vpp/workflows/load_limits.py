"""What sites' forecast load and connections bear of what their bids offer together."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from vpp.auction.bid import Bid, BlockOffer, StoreOffer
from vpp.auction.book import Book
from vpp.auction.buyer import FeederLimit
from vpp.auction.result import Clearing
from vpp.dispatch.allocation import net_reduction
from vpp.dispatch.attribution import claim_of
from vpp.dispatch.event import Event
from vpp.foundation.direction import Direction
from vpp.foundation.interval import Interval
from vpp.portfolio.site import Site
from vpp.workflows.forecasts_ahead import ForecastsAhead
from vpp.workflows.import_limits import largest_rebound_kw
from vpp.workflows.movable import movable_kw
from vpp.workflows.newest_instructions import newest_of_event
from vpp.workflows.ports import UnitOfWork
from vpp.workflows.recording import CLAIMING_STATES

LIMIT_NAME = "forecast-load-of-{site}"
"""What a limit of this kind is called among the buyer's feeders."""
_TOLERANCE_KW = 0.01
"""A solver keeps a limit as exactly as this."""


def within_forecast_load(uow: UnitOfWork, book: Book) -> Book:
    """Count no more of a site than it can move.

    The reliability derate of a bid says how much of a command its resource delivers; this one says how
    much there will be to move. A site whose bids together could exceed that gets a limit of its own; what
    other live events have bought of it is taken off first, as load is there to be moved once; upwards also
    what it is ordered to do, as the connection is there once.

    Downwards it is a forecast of what is there: bids count by their delivery ratio, against the load that
    is there nine times in ten, and a site without a forecast has no limit. Upwards it is the connection,
    which bears every kW that is sold or none: there bids count in full, and a site without a forecast is
    bounded by its connection alone. As a limit of the book counts by delivery ratio, the lowest one of the
    site makes it hold in full, once what rebounds of higher ratios could count beyond that is kept off:

        sum(quantity - rebound) <= room   follows from
        sum(ratio * (quantity - rebound)) <= lowest * room - sum((ratio - lowest) * largest rebound)

    Args:
        uow: Knows sites and forecasts.
        book: The book with its bids.

    Returns:
        The book with the limits that could bind among the buyer's terms.
    """
    possible_kw: dict[str, float] = defaultdict(float)
    by_site: dict[str, list[Bid]] = defaultdict(list)
    for bid in book.bids:
        if bid.direction is book.direction:
            possible_kw[bid.site_id] += largest_kw(bid) * _weight(book.direction, bid)
            by_site[bid.site_id].append(bid)
    limits = list(book.terms.feeders)
    grid = _Grid(book.direction, book.start, book.step, book.delivery_interval_count)
    sold_kw = _sold_kw(uow, grid)
    site_ids = sorted(site_id for site_id, kw in possible_kw.items() if kw > 0)
    sites, ahead = uow.sites.get_all(site_ids), ForecastsAhead(uow, site_ids)
    for site_id in site_ids:
        site = sites.get(site_id)
        room_kw = None if site is None else _room_kw(ahead, site.value, grid)
        if room_kw is not None and site_id in sold_kw:
            room_kw = tuple(max(0.0, kw - sold) for kw, sold in zip(room_kw, sold_kw[site_id], strict=True))
        if room_kw is None or min(room_kw) >= possible_kw[site_id]:
            continue
        if book.direction is Direction.LOAD_UP:
            room_kw = _counted_kw(room_kw, by_site[site_id])
        # After delivery nothing is asked for; what runs on is bounded as it was at the end.
        over_horizon_kw = (*room_kw, *room_kw[-1:] * book.recovery_interval_count)
        limits.append(FeederLimit(LIMIT_NAME.format(site=site_id), (site_id,), over_horizon_kw))
    return replace(book, terms=replace(book.terms, feeders=tuple(limits)))


def beyond_connections(uow: UnitOfWork, clearing: Clearing) -> bool:
    """Tell whether awards of increases are more than a connection bears with what was sold meanwhile.

    Asked in the transaction that would commit the awards: the book was read before the solver ran, and
    another event may have sold the same room from another resource since. Downwards nothing is asked: what
    is sold beyond the forecast load is a risk of delivery, no harm to the site.

    Args:
        uow: The transaction.
        clearing: What would be committed.
    """
    if clearing.direction is Direction.LOAD_DOWN:
        return False
    grid = _Grid(clearing.direction, clearing.start, clearing.step, len(clearing.target_kw))
    awarded_kw: dict[str, list[float]] = {}
    for award in clearing.awards:
        if any(award.reduction_kw):
            of_site = awarded_kw.setdefault(award.site_id, [0.0] * grid.count)
            for n, kw in enumerate(net_reduction(award.reduction_kw, award.rebound_kw)):
                of_site[n] += kw
    if not awarded_kw:
        return False
    sites, ahead, sold_kw = (
        uow.sites.get_all(awarded_kw),
        ForecastsAhead(uow, awarded_kw),
        _sold_kw(uow, grid),
    )
    nothing = [0.0] * grid.count
    for site_id, of_site in awarded_kw.items():
        room_kw = _room_kw(ahead, sites[site_id].value, grid) or nothing
        for kw, sold, room in zip(of_site, sold_kw.get(site_id, nothing), room_kw, strict=True):
            if kw > _TOLERANCE_KW and kw + sold > room + _TOLERANCE_KW:
                return True
    return False


@dataclass(frozen=True, slots=True)
class _Grid:
    """Which way something is sold, and over which intervals."""

    direction: Direction
    start_at: datetime
    step: timedelta
    count: int


def _room_kw(ahead: ForecastsAhead, site: Site, grid: _Grid) -> tuple[float, ...] | None:
    room_kw = movable_kw(ahead, site, grid.direction, grid.start_at, grid.step, grid.count)
    if room_kw is None and grid.direction is Direction.LOAD_UP:
        return (site.import_limit_kw,) * grid.count
    return room_kw


def _weight(direction: Direction, bid: Bid | None) -> float:
    """Return what a kW of a bid counts for: by its delivery ratio, or in full against a connection."""
    return 1.0 if bid is None or direction is Direction.LOAD_UP else bid.delivery_ratio


def _counted_kw(room_kw: Sequence[float], bids: Sequence[Bid]) -> tuple[float, ...]:
    """Return the limit, on what a site's bids count for by their ratios, that keeps them within a room."""
    lowest = min(bid.delivery_ratio for bid in bids)
    beyond_kw = sum((bid.delivery_ratio - lowest) * largest_rebound_kw(bid) for bid in bids)
    return tuple(max(0.0, kw * lowest - beyond_kw) for kw in room_kw)


def _sold_kw(uow: UnitOfWork, grid: _Grid) -> dict[str, list[float]]:
    """Return what live events have bought of sites per interval in a direction, kW.

    Upwards with what they order sites to do: an order goes first at the connection.
    """
    spans = [
        Interval(grid.start_at + n * grid.step, grid.start_at + (n + 1) * grid.step)
        for n in range(grid.count)
    ]
    alike = [
        event
        for event in uow.claims.events_during(Interval(grid.start_at, spans[-1].end), CLAIMING_STATES)
        if event.direction is grid.direction
    ]
    awards = uow.claims.awards_of(event.event_id for event in alike)
    uow.bids.uncover()
    bids = uow.bids.get_all({award.bid_id for award in awards})
    taken = []
    for award in awards:
        bid = bids.get(award.bid_id)
        ratio = _weight(grid.direction, None if bid is None or bid.value.covered else bid.value.bid)
        taken.append((award.site_id, award.delivery, tuple(ratio * kw for kw in award.reduction_kw)))
    if grid.direction is Direction.LOAD_UP:
        taken += _ordered_kw(uow, alike)
    sold_kw: dict[str, list[float]] = {}
    for site_id, delivery, kw in taken:
        by_site = sold_kw.setdefault(site_id, [0.0] * grid.count)
        for n, span in enumerate(spans):
            by_site[n] += _largest_within_kw(delivery, kw, span)
    return sold_kw


def _ordered_kw(uow: UnitOfWork, events: Iterable[Event]) -> list[tuple[str, Interval, tuple[float, ...]]]:
    """Return what events that are ordered tell sites to do: site, delivery, and kW per interval of it."""
    told = []
    for event in events:
        if event.purpose.is_ordered and event.purpose.moves_devices:
            for each in newest_of_event(uow, event.event_id):
                claim = claim_of(each)
                if claim is not None:
                    told.append((each.site_id, each.delivery, claim.target_kw))
    return told


def _largest_within_kw(delivery: Interval, power_kw: Sequence[float], span: Interval) -> float:
    step = delivery.duration / len(power_kw)
    first = max(0, (span.start - delivery.start) // step)
    after = max(0, -((delivery.start - span.end) // step))
    return max(0.0, *power_kw[first:after], 0.0)


def largest_kw(bid: Bid) -> float:
    """Return the most that a bid offers in one interval, in its own direction, kW.

    Example:
        >>> from datetime import datetime
        >>> from decimal import Decimal
        >>> block = BlockOffer((100.0, -30.0), Decimal(50))
        >>> largest_kw(Bid("b", "north", "ups", "Z", datetime.min, 0.9, block))
        100.0
    """
    offer = bid.offer
    if isinstance(offer, StoreOffer):
        return offer.discharge_kw
    if isinstance(offer, BlockOffer):
        return max(0.0, *offer.profile_kw)
    return max(sum(step.reduction_kw for step in steps) for steps in offer.steps)
