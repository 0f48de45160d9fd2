"""How much room the sites leave for rebound, as far as their load is forecast."""

from collections import defaultdict
from dataclasses import replace

from vpp.auction.bid import Bid, BlockOffer, Rebound, StoreOffer
from vpp.auction.book import Book
from vpp.auction.buyer import SiteLimit
from vpp.workflows.forecasts_ahead import ForecastsAhead
from vpp.workflows.movable import movable_kw
from vpp.workflows.ports import UnitOfWork


def within_import_limits(uow: UnitOfWork, book: Book) -> Book:
    """Limit the rebound of every site that might not bear it.

    What comes back of reductions is an increase: a connection bears its import limit less the load that is
    exceeded in one case of ten. What comes back of increases is a reduction, of which there is the load
    that is undercut in one case of ten, above the minimum load. A site without a forecast is left to the
    buyer's own limits; where both are known, the narrower holds.

    Args:
        uow: Knows sites and forecasts.
        book: The book with its bids.

    Returns:
        The book with the limits that could bind among the buyer's terms.
    """
    possible_kw: dict[str, float] = defaultdict(float)
    for bid in book.bids:
        possible_kw[bid.site_id] += largest_rebound_kw(bid)
    given = {limit.site_id: limit for limit in book.terms.sites}
    site_ids = sorted(site_id for site_id, kw in possible_kw.items() if kw > 0)
    sites, ahead = uow.sites.get_all(site_ids), ForecastsAhead(uow, site_ids)
    for site_id in site_ids:
        site = sites.get(site_id)
        room_kw = (
            None
            if site is None
            else movable_kw(
                ahead, site.value, book.direction.other, book.start, book.step, book.horizon_interval_count
            )
        )
        if room_kw is None or min(room_kw) >= possible_kw[site_id]:
            continue
        limit = given.get(site_id, SiteLimit(site_id))
        if limit.max_rebound_kw is not None:
            room_kw = tuple(map(min, room_kw, limit.max_rebound_kw))
        given[site_id] = replace(limit, max_rebound_kw=room_kw)
    return replace(book, terms=replace(book.terms, sites=tuple(given.values())))


def largest_rebound_kw(bid: Bid) -> float:
    """Return the most that can come back of a bid in one interval, kW.

    Example:
        >>> from datetime import datetime
        >>> from decimal import Decimal
        >>> block = BlockOffer((100.0, -30.0, -20.0), Decimal(50))
        >>> largest_rebound_kw(Bid("b", "north", "ups", "Z", datetime.min, 1.0, block))
        30.0
    """
    offer = bid.offer
    if isinstance(offer, StoreOffer):
        return offer.charge_kw
    if isinstance(offer, BlockOffer):
        return max(0.0, *(-change_kw for change_kw in offer.profile_kw))
    if bid.rebound is None:
        return 0.0
    if isinstance(bid.rebound, Rebound):
        return bid.rebound.max_return_kw
    largest_kw = max(sum(step.reduction_kw for step in steps) for steps in offer.steps)
    return largest_kw * sum(bid.rebound.ratios)
