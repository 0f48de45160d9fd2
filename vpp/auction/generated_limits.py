"""Limits and local targets for generated books, sized so that some of them bind."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from vpp.auction.bid import Bid, BlockOffer, Rebound, ReboundProfile, StepOffer
from vpp.auction.buyer import BuyerTerms, FeederLimit, PathLimit, SiteLimit, ZoneLimit
from vpp.auction.generated_dice import INCREMENT_KW, Dice, on_increment
from vpp.auction.generated_frame import BidFrame
from vpp.foundation.direction import Direction

_PEAK_SHARE = 0.25  # of the delivery: the time over which a store spreads its energy
_MOST_FEEDERS = 2
_MOST_SITES = 3
_MOST_PATHS = 2
_LIMITED_RESOURCES = 0.3  # share of the resources with several bids that cannot serve all of them


def firm_kw(frame: BidFrame, bid: Bid) -> Iterable[float]:
    """Estimate what a bid can add to the peak: a merit order's capacity.

    Work that comes back counts by half, as its return falls into the peak too; a store by what its
    energy lasts for.

    Args:
        frame: What all bids share.
        bid: The bid.

    Returns:
        Per delivery interval, kW of reduction as it counts. Shape (N,) or shorter.
    """
    if bid.direction is Direction.LOAD_UP or bid.migration is not None:
        return ()
    offer = bid.offer
    if isinstance(offer, BlockOffer):
        return [bid.delivery_ratio * max(0.0, change_kw) for change_kw in offer.profile_kw[: frame.delivery]]
    if isinstance(offer, StepOffer):
        share = bid.delivery_ratio
        if isinstance(bid.rebound, Rebound) or bid.run_limits is not None:
            share /= 2
        elif isinstance(bid.rebound, ReboundProfile):
            share -= 0.8 * sum(bid.rebound.ratios)
        return [share * sum(step.reduction_kw for step in steps) for steps in offer.steps]
    energy_kwh = (offer.start_kwh - offer.reserve_kwh) * offer.discharge_efficiency
    lasting_kw = energy_kwh / (frame.hours * max(1.0, _PEAK_SHARE * frame.delivery))
    return [bid.delivery_ratio * min(offer.discharge_kw, lasting_kw)] * frame.delivery


def resource_limits(dice: Dice, bids: Iterable[Bid]) -> dict[tuple[str, str], float]:
    """Limit some of the resources with several bids to less than all of them, but to any one of them.

    Args:
        dice: The draws.
        bids: The bids.

    Returns:
        (Site id, resource id) -> largest reduction, kW.
    """
    largest_kw: dict[tuple[str, str], list[float]] = defaultdict(list)
    for bid in bids:
        largest_kw[bid.site_id, bid.resource_id].append(_largest_kw(bid))
    return {
        resource: max(*sizes_kw, on_increment(sum(sizes_kw) * dice.share(0.6, 0.9)))
        for resource, sizes_kw in sorted(largest_kw.items())
        if len(sizes_kw) > 1 and dice.chance(_LIMITED_RESOURCES)
    }


def terms(dice: Dice, frame: BidFrame, bids: tuple[Bid, ...]) -> BuyerTerms:
    """Give some zones, feeders, sites and paths limits, and some zones a local target.

    Of every seven zones one has a limit on reduction, one a local target and two a limit on rebound.

    Args:
        dice: The draws.
        frame: What all bids share.
        bids: The bids.

    Returns:
        The terms.
    """
    by_zone = _capacity_kw(frame, bids, frame.site_zones)
    return BuyerTerms(
        zones=_zones(dice, frame, by_zone),
        feeders=_feeders(dice, frame, bids),
        sites=_sites(dice, frame, bids),
        paths=_paths(dice, frame, bids),
    )


def _zones(dice: Dice, frame: BidFrame, by_zone: Mapping[str, float]) -> tuple[ZoneLimit, ...]:
    limits = []
    for number, zone in enumerate(frame.zones):
        capacity_kw = by_zone.get(zone, 0.0)
        if capacity_kw < INCREMENT_KW:
            continue
        match number % 7:
            case 1:
                most_kw = on_increment(capacity_kw * dice.share(0.3, 0.5))
                limits.append(ZoneLimit(zone, max_reduction_kw=(most_kw,) * frame.horizon))
            case 3:
                share = dice.share(0.5, 0.65)
                local_kw = tuple(
                    on_increment(capacity_kw * share * needed) if needed > 0.5 else 0.0  # noqa: PLR2004  around the peak
                    for needed in frame.shape
                )
                limits.append(ZoneLimit(zone, local_target_kw=local_kw))
            case 4 | 6:
                most_kw = on_increment(capacity_kw * dice.share(0.03, 0.1))
                limits.append(ZoneLimit(zone, max_rebound_kw=(most_kw,) * frame.horizon))
            case _:
                pass
    return tuple(limits)


def _feeders(dice: Dice, frame: BidFrame, bids: tuple[Bid, ...]) -> tuple[FeederLimit, ...]:
    sites = tuple(frame.site_zones)
    size = max(2, len(sites) // 20)
    feeders = []
    for number in range(min(_MOST_FEEDERS, len(sites) // (2 * size))):
        members = sites[number * size : (number + 1) * size]
        capacity_kw = sum(_capacity_kw(frame, bids, dict.fromkeys(members, "feeder")).values())
        most_kw = on_increment(capacity_kw * dice.share(0.35, 0.6))
        back_kw = on_increment(capacity_kw * dice.share(0.05, 0.15))
        feeders.append(
            FeederLimit(
                f"feeder-{number + 1}", members, (most_kw,) * frame.horizon, (back_kw,) * frame.horizon
            )
        )
    return tuple(feeders)


def _sites(dice: Dice, frame: BidFrame, bids: tuple[Bid, ...]) -> tuple[SiteLimit, ...]:
    """Limit the import of sites that offer something which comes back."""
    back_kw: dict[str, float] = {}
    for bid in bids:
        if isinstance(bid.rebound, Rebound):
            back_kw[bid.site_id] = back_kw.get(bid.site_id, 0.0) + bid.rebound.max_return_kw
    return tuple(
        SiteLimit(site, max_rebound_kw=(on_increment(back_kw[site] * dice.share(0.5, 0.9)),) * frame.horizon)
        for site in sorted(back_kw)[:_MOST_SITES]
    )


def _paths(dice: Dice, frame: BidFrame, bids: tuple[Bid, ...]) -> tuple[PathLimit, ...]:
    moved_kw: dict[tuple[str, str], float] = {}
    for bid in bids:
        if bid.migration is not None:
            path = bid.zone, bid.migration.receiving_zone
            moved_kw[path] = moved_kw.get(path, 0.0) + _largest_kw(bid)
    largest = sorted(moved_kw, key=lambda path: (-moved_kw[path], path))[:_MOST_PATHS]
    return tuple(
        PathLimit(*path, (on_increment(moved_kw[path] * dice.share(0.4, 0.8)),) * frame.delivery)
        for path in largest
    )


def _capacity_kw(frame: BidFrame, bids: tuple[Bid, ...], key_of_site: Mapping[str, str]) -> dict[str, float]:
    """Return what the bids of each key can add at the peak, kW; sites without a key are left out."""
    peak = max(range(frame.delivery), key=lambda interval: frame.shape[interval])
    capacity_kw: dict[str, float] = {}
    for bid in bids:
        key = key_of_site.get(bid.site_id)
        if key is not None:
            at_peak = list(firm_kw(frame, bid))[peak : peak + 1]
            capacity_kw[key] = capacity_kw.get(key, 0.0) + sum(at_peak)
    return capacity_kw


def _largest_kw(bid: Bid) -> float:
    if isinstance(bid.offer, StepOffer):
        return max(sum(step.reduction_kw for step in steps) for steps in bid.offer.steps)
    if isinstance(bid.offer, BlockOffer):
        return max(bid.offer.profile_kw)
    return bid.offer.discharge_kw
