"""How far the net of each account may go: zones, feeders, sites and paths, in one place."""

from collections.abc import Sequence

from vpp.auction.reference.accounts import path_name
from vpp.auction.reference.view import Account, ReferenceView

Bounds = tuple[float | None, float | None]


def net_bounds(view: ReferenceView, account: Account, t: int) -> Bounds:
    """Return the least and the largest net of an account in an interval, kW; None for no limit.

    zone, feeder    -max_rebound[t] <= net[t] <= max_reduction[t]
    site            -max_rebound[t] <= net[t] <= its share of the target
    path            net[t] <= max_moved[t]

    Source:
        Design of the auction engine, section 2.1, L and U; section 2.2, migration, path limit.
    """
    kind, name = account
    terms = view.book.terms
    if kind == "zone":
        for zone in terms.zones:
            if zone.zone == name:
                return _least(zone.max_rebound_kw, t), _at(zone.max_reduction_kw, t)
        return None, None
    if kind == "feeder":
        feeder = next(feeder for feeder in terms.feeders if feeder.feeder_id == name)
        return _least(feeder.max_rebound_kw, t), _at(feeder.max_reduction_kw, t)
    if kind == "site":
        limits = [site.max_rebound_kw for site in terms.sites if site.site_id == name]
        return _least(limits[0] if limits else None, t), largest_share_kw(view, t)
    path = next(path for path in terms.paths if path_name(path.from_zone, path.to_zone) == name)
    return None, _at(path.max_moved_kw, t)


def largest_share_kw(view: ReferenceView, t: int) -> float | None:
    """Most that one site may serve, kW: target * (1 + margin) / min_site_count; None for any.

    Source:
        The buyer's terms, `min_site_count`: so that at least so many sites serve a target.
    """
    count = view.book.terms.min_site_count
    return view.required_kw[t] / count if count > 1 and t in view.required_kw else None


def _at(values: Sequence[float] | None, t: int) -> float | None:
    return values[t] if values is not None and t < len(values) else None


def _least(max_rebound_kw: Sequence[float] | None, t: int) -> float | None:
    value = _at(max_rebound_kw, t)
    return None if value is None else -value
