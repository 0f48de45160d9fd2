"""What the forecast load of a site leaves to be reduced, for invitations and for clearing."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from vpp.auction.bid import Bid, BlockOffer, Direction, StoreOffer
from vpp.auction.book import Book
from vpp.auction.buyer import FeederLimit
from vpp.flexibility.sheddable_load import sheddable_load_kw
from vpp.foundation.interval import Interval
from vpp.portfolio.site import Site
from vpp.workflows.forecast_records import ForecastRecord
from vpp.workflows.forecasts_ahead import ForecastsAhead
from vpp.workflows.ports import UnitOfWork
from vpp.workflows.recording import CLAIMING_STATES
from vpp.workflows.records import AwardRecord

LIMIT_NAME = "forecast-load-of-{site}"
"""What a limit of this kind is called among the buyer's feeders."""


def sheddable_of(
    uow: UnitOfWork, site: Site, start_at: datetime, step: timedelta, count: int
) -> tuple[float, ...] | None:
    """Return what a site can reduce at most, by the newest forecast of each interval.

    It is the q10 of forecast load less minimum load, kW, one value per interval. An interval without
    a forecast is bounded by the connection alone.

    Args:
        uow: Knows forecasts.
        site: The site.
        start_at: Start of the first interval, UTC.
        step: Length of an interval.
        count: Number of intervals, N.

    Returns:
        kW, 0 or more, shape (N,); None if no interval is forecast.
    """
    return _sheddable_kw(ForecastsAhead(uow, [site.site_id]), site, start_at, step, count)


def sheddable_of_all(
    uow: UnitOfWork, sites: Iterable[Site], start_at: datetime, step: timedelta, count: int
) -> dict[str, tuple[float, ...]]:
    """Return the same of many sites in few statements, by site id; sites without a forecast are left out."""
    known = {site.site_id: site for site in sites}
    ahead = ForecastsAhead(uow, known)
    room_kw = {
        site_id: _sheddable_kw(ahead, known[site_id], start_at, step, count) for site_id in sorted(known)
    }
    return {site_id: values for site_id, values in room_kw.items() if values is not None}


def _sheddable_kw(
    ahead: ForecastsAhead, site: Site, start_at: datetime, step: timedelta, count: int
) -> tuple[float, ...] | None:
    low_kw: list[float] = []
    is_forecast = False
    for n in range(count):
        at = start_at + n * step
        forecast = ahead.covering(site.site_id, at)
        is_forecast = is_forecast or forecast is not None
        low_kw.append(site.import_limit_kw if forecast is None else _lowest_load_kw(forecast, at, step))
    return sheddable_load_kw(low_kw, site.minimum_load_kw) if is_forecast else None


def _lowest_load_kw(forecast: ForecastRecord, start: datetime, step: timedelta) -> float:
    first = (start - forecast.horizon.start) // forecast.step
    after = -(-(start + step - forecast.horizon.start) // forecast.step)
    return min(forecast.p10_kw[first:after])


def within_forecast_load(uow: UnitOfWork, book: Book) -> Book:
    """Count no more reduction of a site than its load will bear nine times in ten.

    The reliability derate of a bid says how much of a command its resource delivers; this one says how
    much there will be to reduce. A site whose bids together, each by its delivery ratio, could exceed
    what its forecast load leaves above its minimum gets a limit of its own; what other live events have
    bought of it is taken off first, as load is there to be shed once. Sites without a forecast get none,
    and nor does a book that asks for more consumption.

    Args:
        uow: Knows sites and forecasts.
        book: The book with its bids.

    Returns:
        The book with the limits that could bind among the buyer's terms.
    """
    if book.direction is not Direction.LOAD_DOWN:
        return book
    possible_kw: dict[str, float] = defaultdict(float)
    for bid in book.bids:
        possible_kw[bid.site_id] += largest_counted_kw(bid)
    limits = list(book.terms.feeders)
    sold_kw = _sold_kw(uow, book)
    site_ids = sorted(site_id for site_id, kw in possible_kw.items() if kw > 0)
    sites, ahead = uow.sites.get_all(site_ids), ForecastsAhead(uow, site_ids)
    for site_id in site_ids:
        site = sites.get(site_id)
        room_kw = (
            None
            if site is None
            else _sheddable_kw(ahead, site.value, book.start, book.step, book.delivery_interval_count)
        )
        if room_kw is not None and site_id in sold_kw:
            room_kw = tuple(max(0.0, kw - sold) for kw, sold in zip(room_kw, sold_kw[site_id], strict=True))
        if room_kw is None or min(room_kw) >= possible_kw[site_id]:
            continue
        # After delivery nothing is asked for; what runs on is bounded as it was at the end.
        over_horizon_kw = (*room_kw, *room_kw[-1:] * book.recovery_interval_count)
        limits.append(FeederLimit(LIMIT_NAME.format(site=site_id), (site_id,), over_horizon_kw))
    return replace(book, terms=replace(book.terms, feeders=tuple(limits)))


def _sold_kw(uow: UnitOfWork, book: Book) -> dict[str, list[float]]:
    """Return what live events have bought of sites per delivery interval, by delivery ratio, kW."""
    spans = [
        Interval(book.start + n * book.step, book.start + (n + 1) * book.step)
        for n in range(book.delivery_interval_count)
    ]
    whole = Interval(book.start, spans[-1].end)
    awards = uow.claims.awards_of(
        event.event_id for event in uow.claims.events_during(whole, CLAIMING_STATES)
    )
    bids = uow.bids.get_all({award.bid_id for award in awards})
    sold_kw: dict[str, list[float]] = {}
    for award in awards:
        bid = bids.get(award.bid_id)
        ratio = 1.0 if bid is None else bid.value.bid.delivery_ratio
        by_site = sold_kw.setdefault(award.site_id, [0.0] * len(spans))
        for n, span in enumerate(spans):
            by_site[n] += ratio * _largest_kw(award, span)
    return sold_kw


def _largest_kw(award: AwardRecord, span: Interval) -> float:
    step = award.delivery.duration / len(award.reduction_kw)
    first = max(0, (span.start - award.delivery.start) // step)
    after = max(0, -((award.delivery.start - span.end) // step))
    return max(0.0, *award.reduction_kw[first:after], 0.0)


def largest_counted_kw(bid: Bid) -> float:
    """Return the most that a bid can count for in one interval, kW.

    Example:
        >>> from decimal import Decimal
        >>> block = BlockOffer((100.0, -30.0), Decimal(50))
        >>> largest_counted_kw(Bid("b", "north", "ups", "Z", datetime.min, 0.9, block))
        90.0
    """
    if bid.direction is not Direction.LOAD_DOWN:
        return 0.0
    offer = bid.offer
    if isinstance(offer, StoreOffer):
        largest_kw = offer.discharge_kw
    elif isinstance(offer, BlockOffer):
        largest_kw = max(0.0, *offer.profile_kw)
    else:
        largest_kw = max(sum(step.reduction_kw for step in steps) for steps in offer.steps)
    return largest_kw * bid.delivery_ratio
