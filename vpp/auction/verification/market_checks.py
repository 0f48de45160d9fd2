"""Promises to the buyer: the target is served or said to be short, and the grid's limits hold."""

from collections.abc import Iterator, Sequence

import numpy as np

from vpp.auction.verification.award_arrays import AwardArrays
from vpp.auction.verification.net_positions import NetPositions
from vpp.auction.verification.telling import KW, Floats


def balance(awards: AwardArrays, nets: NetPositions) -> Iterator[str]:
    """Served and unserved make up the target and its margin; rebound keeps to its headroom.

    With a reserve against losses, what the largest site serves is not counted. Where more than
    the target may not be bought, that is checked as well, except beside such a reserve, which is
    itself more than the target.

    Args:
        awards: The awards.
        nets: Their sums.

    Yields:
        Every promise that is broken.
    """
    book, terms = awards.book, awards.book.book.terms
    slack = nets.system_slack_kw
    headroom_kw = book.book.rebound_headroom_kw
    served_kw = nets.system_kw - (nets.largest_kw if terms.has_loss_reserve else 0.0)
    for t in range(book.horizon):
        required_kw, missing_kw = book.required_kw[t], awards.shortfall_kw[t]
        net_kw = served_kw[t] if required_kw > 0 else nets.system_kw[t]
        if missing_kw < 0 or (not required_kw and missing_kw):
            yield f"interval {t} misses {missing_kw:.9g} kW of {required_kw:.9g}"
        if required_kw > 0:
            excess_kw = net_kw + missing_kw - required_kw
            stated = f"interval {t} serves {net_kw:.9g} and misses {missing_kw:.9g} of {required_kw:.9g} kW"
            if excess_kw < -slack:
                yield stated
            elif excess_kw > slack and missing_kw > slack:
                yield f"{stated}, which is more than is missing"
            elif excess_kw > slack and not terms.allows_over_delivery and not terms.has_loss_reserve:
                yield f"{stated}, although no more than the target may be bought"
        elif headroom_kw is not None and net_kw < -headroom_kw - slack:
            yield f"interval {t} rebounds by {-net_kw:.9g} kW, the headroom is {headroom_kw:.9g}"


def limits(awards: AwardArrays, nets: NetPositions) -> Iterator[str]:
    """Limits of zones, feeders, sites and paths hold.

    Args:
        awards: The awards.
        nets: Their sums.

    Yields:
        Every promise that is broken.
    """
    book, terms = awards.book, awards.book.book.terms
    for zone in terms.zones:
        place = book.zones[zone.zone]
        net_kw, slack = nets.zone_kw[place], float(nets.zone_slack_kw[place, 0])
        yield from _within(f"zone {zone.zone}", net_kw, slack, zone.max_reduction_kw, zone.max_rebound_kw)
    for feeder, sites in zip(terms.feeders, book.feeder_sites, strict=True):
        net_kw, slack = nets.site_kw[sites].sum(axis=0), float(nets.site_slack_kw[sites].sum()) + KW
        name = f"feeder {feeder.feeder_id}"
        yield from _within(name, net_kw, slack, feeder.max_reduction_kw, feeder.max_rebound_kw)
    for site in terms.sites:
        place = book.sites[site.site_id]
        slack = float(nets.site_slack_kw[place, 0])
        yield from _within(f"site {site.site_id}", nets.site_kw[place], slack, None, site.max_rebound_kw)
    for path, movers in zip(terms.paths, book.movers_of_path, strict=True):
        moved_kw = awards.reduction_kw[movers].sum(axis=0)
        name, slack = f"path {path.from_zone}>{path.to_zone}", KW * (2 + len(movers) / 10)
        for t in np.flatnonzero(moved_kw > np.array(path.max_moved_kw) + slack):
            limit = f"its limit is {path.max_moved_kw[t]:.9g}"
            yield f"{name} moves {moved_kw[t]:.9g} kW in interval {t}, {limit}"


def _within(
    name: str,
    net_kw: Floats,
    slack: float,
    max_reduction_kw: Sequence[float] | None,
    max_rebound_kw: Sequence[float] | None,
) -> Iterator[str]:
    if max_reduction_kw is not None:
        for t in np.flatnonzero(net_kw > np.array(max_reduction_kw) + slack).tolist():
            limit = f"its limit is {max_reduction_kw[t]:.9g}"
            yield f"{name} is reduced by {net_kw[t]:.9g} kW in interval {t}, {limit}"
    if max_rebound_kw is not None:
        for t in np.flatnonzero(net_kw < -np.array(max_rebound_kw) - slack).tolist():
            limit = f"its limit is {max_rebound_kw[t]:.9g}"
            yield f"{name} rebounds by {-net_kw[t]:.9g} kW in interval {t}, {limit}"


def local_targets(awards: AwardArrays, nets: NetPositions) -> Iterator[str]:
    """Each zone's own target is served from the zone, or said to be short.

    Args:
        awards: The awards.
        nets: Their sums.

    Yields:
        Every promise that is broken.
    """
    book, short = awards.book, dict(awards.clearing.local_shortfall_kw)
    if len(short) < len(awards.clearing.local_shortfall_kw):
        yield "a zone's local shortfall is stated twice"
    for zone in book.book.terms.zones:
        missing_kw = np.array(short.pop(zone.zone, (0.0,) * book.delivery))
        if len(missing_kw) != book.delivery:
            yield f"local shortfall of zone {zone.zone} has {len(missing_kw)} intervals"
            continue
        target_kw = np.array(zone.local_target_kw or (0.0,) * book.delivery)
        place = book.zones[zone.zone]
        net_kw, slack = nets.zone_kw[place, : book.delivery], float(nets.zone_slack_kw[place, 0])
        excess_kw = net_kw + missing_kw - target_kw
        bad = (missing_kw < 0) | ((target_kw <= 0) & (missing_kw != 0))
        bad |= (target_kw > 0) & ((excess_kw < -slack) | ((excess_kw > slack) & (missing_kw > slack)))
        for t in np.flatnonzero(bad):
            served = f"zone {zone.zone} serves {net_kw[t]:.9g} and misses {missing_kw[t]:.9g}"
            yield f"{served} of its local {target_kw[t]:.9g} kW in interval {t}"
    for name in short:
        yield f"zone {name} has a local shortfall and no local target"


def security(awards: AwardArrays, nets: NetPositions) -> Iterator[str]:
    """No site serves more than its share, and net reduction starts and ends gently.

    Args:
        awards: The awards.
        nets: Their sums.

    Yields:
        Every promise that is broken.
    """
    book, terms = awards.book, awards.book.book.terms
    if terms.min_site_count > 1:
        share_kw = np.where(book.required_kw > 0, book.required_kw / terms.min_site_count, np.inf)
        names = tuple(book.sites)
        for place, t in np.argwhere(nets.site_kw > share_kw + nets.site_slack_kw):
            stated = f"site {names[place]} serves {nets.site_kw[place, t]:.9g} kW in interval {t}"
            yield f"{stated}, at most {share_kw[t]:.9g} with {terms.min_site_count} sites at least"
    net_kw = np.concatenate(([0.0], nets.system_kw, [0.0]))
    rises_kw, slack = np.diff(net_kw), 2 * nets.system_slack_kw
    if terms.max_start_ramp_kw is not None:  # nothing starts after the horizon
        for t in np.flatnonzero(rises_kw[:-1] > terms.max_start_ramp_kw + slack):
            limit = f"its limit is {terms.max_start_ramp_kw:.9g}"
            yield f"net reduction rises by {rises_kw[t]:.9g} kW to interval {t}, {limit}"
    if terms.max_release_ramp_kw is not None:
        for t in np.flatnonzero(-rises_kw > terms.max_release_ramp_kw + slack):
            limit = f"its limit is {terms.max_release_ramp_kw:.9g}"
            yield f"net reduction falls by {-rises_kw[t]:.9g} kW to interval {t}, {limit}"


def margin(awards: AwardArrays, _: NetPositions) -> Iterator[str]:
    """The margin that was bought is between none and all of what the buyer asks.

    Args:
        awards: The awards.

    Yields:
        Every promise that is broken.
    """
    book, clearing = awards.book, awards.clearing
    asked_kw = book.required_kw[: book.delivery] - np.array(book.book.target_kw)
    if clearing.margin_kw and len(clearing.margin_kw) != book.delivery:
        yield f"margin_kw has {len(clearing.margin_kw)} intervals"
        return
    for t, kw in enumerate(clearing.margin_kw):
        if not -KW <= kw <= asked_kw[t] + KW:
            yield f"interval {t} has a margin of {kw:.9g} kW, the buyer asks for {asked_kw[t]:.9g}"
    if clearing.margin_cost is not None and float(clearing.margin_cost) < -KW:
        yield f"the margin costs {clearing.margin_cost}"
