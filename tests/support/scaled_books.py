"""The same book in other units: every price, or every quantity, times a factor."""

from dataclasses import replace

from vpp.auction.bid import Bid, BlockOffer, Rebound, StepOffer, StoreOffer
from vpp.auction.book import Book
from vpp.auction.buyer import BuyerTerms

_STORE_SIZES = ("discharge_kw", "charge_kw", "capacity_kwh", "reserve_kwh", "start_kwh", "end_kwh")


def prices_times(book: Book, factor: int) -> Book:
    """Every price and fixed cost, and the cap, times a factor."""
    bids = tuple(_dearer(bid, factor) for bid in book.bids)
    return replace(book, price_cap_per_mwh=book.price_cap_per_mwh * factor, bids=bids)


def quantities_times(book: Book, factor: int) -> Book:
    """Every power, energy and fixed cost times a factor; prices per MWh as they are."""
    headroom_kw = book.rebound_headroom_kw
    return replace(
        book,
        target_kw=tuple(factor * kw for kw in book.target_kw),
        rebound_headroom_kw=None if headroom_kw is None else factor * headroom_kw,
        bids=tuple(_larger(bid, factor) for bid in book.bids),
        resource_limit_kw={owner: factor * kw for owner, kw in book.resource_limit_kw.items()},
        terms=_wider(book.terms, factor),
    )


def _dearer(bid: Bid, factor: int) -> Bid:
    offer, limits = bid.offer, bid.run_limits
    if isinstance(offer, StepOffer):
        ladders = (
            tuple(replace(step, price_per_mwh=step.price_per_mwh * factor) for step in steps)
            for steps in offer.steps
        )
        offer = StepOffer(tuple(ladders))
    else:
        offer = replace(offer, price_per_mwh=offer.price_per_mwh * factor)
    if isinstance(offer, BlockOffer):
        offer = replace(offer, fixed_cost=offer.fixed_cost * factor)
    if limits is not None:
        limits = replace(limits, start_cost=limits.start_cost * factor)
    asked = bid.availability_price_per_kw_h * factor
    return replace(bid, offer=offer, run_limits=limits, availability_price_per_kw_h=asked)


def _larger(bid: Bid, factor: int) -> Bid:
    offer, limits, rebound = bid.offer, bid.run_limits, bid.rebound
    if isinstance(offer, StepOffer):
        ladders = (
            tuple(replace(step, reduction_kw=step.reduction_kw * factor) for step in steps)
            for steps in offer.steps
        )
        offer = StepOffer(tuple(ladders))
    elif isinstance(offer, BlockOffer):
        profile = tuple(factor * kw for kw in offer.profile_kw)
        offer = replace(offer, profile_kw=profile, fixed_cost=offer.fixed_cost * factor)
    else:
        offer = _larger_store(offer, factor)
    if limits is not None:
        least_kw, cost = limits.min_level_kw * factor, limits.start_cost * factor
        limits = replace(limits, min_level_kw=least_kw, start_cost=cost)
    if isinstance(rebound, Rebound):
        rebound = replace(rebound, max_return_kw=rebound.max_return_kw * factor)
    limit_kwh = None if bid.energy_limit_kwh is None else bid.energy_limit_kwh * factor
    return replace(bid, offer=offer, run_limits=limits, rebound=rebound, energy_limit_kwh=limit_kwh)


def _larger_store(offer: StoreOffer, factor: int) -> StoreOffer:
    sizes = {name: factor * getattr(offer, name) for name in _STORE_SIZES}
    cycle_kwh = offer.cycle_limit_kwh
    return replace(offer, cycle_limit_kwh=None if cycle_kwh is None else factor * cycle_kwh, **sizes)


def _wider(terms: BuyerTerms, factor: int) -> BuyerTerms:
    def row(row_kw: tuple[float, ...] | None) -> tuple[float, ...] | None:
        return None if row_kw is None else tuple(factor * kw for kw in row_kw)

    def one(limit_kw: float | None) -> float | None:
        return None if limit_kw is None else factor * limit_kw

    return replace(
        terms,
        max_start_ramp_kw=one(terms.max_start_ramp_kw),
        max_release_ramp_kw=one(terms.max_release_ramp_kw),
        zones=tuple(
            replace(
                zone,
                local_target_kw=row(zone.local_target_kw),
                max_reduction_kw=row(zone.max_reduction_kw),
                max_rebound_kw=row(zone.max_rebound_kw),
            )
            for zone in terms.zones
        ),
        feeders=tuple(
            replace(
                feeder,
                max_reduction_kw=row(feeder.max_reduction_kw),
                max_rebound_kw=row(feeder.max_rebound_kw),
            )
            for feeder in terms.feeders
        ),
        sites=tuple(replace(site, max_rebound_kw=row(site.max_rebound_kw)) for site in terms.sites),
        paths=tuple(
            replace(path, max_moved_kw=tuple(factor * kw for kw in path.max_moved_kw)) for path in terms.paths
        ),
    )
