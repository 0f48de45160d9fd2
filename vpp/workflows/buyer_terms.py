"""What the buyer of an auction may ask beside the target, and what bidders see of it."""

from dataclasses import replace

from vpp.auction.book import Book
from vpp.auction.buyer import ANY_TERMS, BuyerTerms
from vpp.auction.entry import check_book
from vpp.auction.tender import Tender
from vpp.foundation.errors import InvalidInput
from vpp.workflows.ports import Stored, UnitOfWork


def over_intervals(terms: BuyerTerms, interval_count: int, horizon_count: int) -> BuyerTerms:
    """Repeat what is given as one value over every interval that it holds for.

    Args:
        terms: The terms as the buyer gives them.
        interval_count: Number of delivery intervals N.
        horizon_count: Number of delivery and recovery intervals T.

    Example:
        >>> from vpp.auction.buyer import ZoneLimit
        >>> terms = BuyerTerms(zones=(ZoneLimit("north", max_reduction_kw=(50.0,)),))
        >>> over_intervals(terms, 1, 3).zones[0].max_reduction_kw
        (50.0, 50.0, 50.0)
    """

    def each(values_kw: tuple[float, ...] | None, count: int) -> tuple[float, ...] | None:
        return values_kw * count if values_kw is not None and len(values_kw) == 1 else values_kw

    return replace(
        terms,
        zones=tuple(
            replace(
                zone,
                local_target_kw=each(zone.local_target_kw, interval_count),
                max_reduction_kw=each(zone.max_reduction_kw, horizon_count),
                max_rebound_kw=each(zone.max_rebound_kw, horizon_count),
            )
            for zone in terms.zones
        ),
        feeders=tuple(
            replace(
                feeder,
                max_reduction_kw=each(feeder.max_reduction_kw, horizon_count),
                max_rebound_kw=each(feeder.max_rebound_kw, horizon_count),
            )
            for feeder in terms.feeders
        ),
        sites=tuple(
            replace(site, max_rebound_kw=each(site.max_rebound_kw, horizon_count)) for site in terms.sites
        ),
        paths=tuple(
            replace(path, max_moved_kw=each(path.max_moved_kw, interval_count) or ()) for path in terms.paths
        ),
    )


def check_terms(uow: UnitOfWork, book: Book, zone: str) -> None:
    """Refuse terms that an auction of one zone cannot keep.

    Args:
        uow: Knows the sites.
        book: The auction's book, still empty.
        zone: Zone of the auction.

    Raises:
        InvalidInput: A value is out of range or of a wrong length, a site is unknown, energy is not
            called in full, or another zone than the auction's has a target of its own.
    """
    terms = book.terms
    if terms == ANY_TERMS:
        return
    check_book(book)
    if terms.activation_ratio != 1:
        raise InvalidInput(
            f"buyer_terms.activation_ratio is {terms.activation_ratio}, expected 1: the hub calls every "
            "award in full",
            activation_ratio=str(terms.activation_ratio),
        )
    for limit in terms.zones:
        if limit.zone != zone and any(limit.local_target_kw or ()):
            raise InvalidInput(
                f"buyer_terms.zone_limits of {limit.zone} has a local target, expected none: the auction "
                f"is in zone {zone}",
                zone=limit.zone,
            )
    named = {site_id for feeder in terms.feeders for site_id in feeder.site_ids}
    for site_id in sorted(named | {site.site_id for site in terms.sites}):
        if uow.sites.get(site_id) is None:
            raise InvalidInput(
                f"buyer_terms names sites/{site_id}, expected a known site", site=f"sites/{site_id}"
            )


def shown_to_sites(stored: Stored[Tender], site_ids: frozenset[str]) -> Stored[Tender]:
    """Leave out of an auction's terms what concerns other people's sites.

    Args:
        stored: The auction.
        site_ids: The sites of those who look at it.
    """
    terms = stored.value.terms
    feeders = tuple(
        replace(feeder, site_ids=tuple(site_id for site_id in feeder.site_ids if site_id in site_ids))
        for feeder in terms.feeders
    )
    shown = replace(
        terms,
        feeders=tuple(feeder for feeder in feeders if feeder.site_ids),
        sites=tuple(site for site in terms.sites if site.site_id in site_ids),
    )
    return replace(stored, value=replace(stored.value, terms=shown))
