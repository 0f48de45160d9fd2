"""On what conditions a bid is offered, and what an auction asks beside a target, as JSON documents."""

from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from vpp.auction.bid import Bid, Migration, RunLimits
from vpp.auction.buyer import BuyerTerms, FeederLimit, PathLimit, SiteLimit, ZoneLimit
from vpp.foundation.direction import Direction

_NOTHING = Decimal(0)


def document_of_conditions(bid: Bid) -> dict[str, Any] | None:
    """Return on what conditions a bid is offered, None for none; what is at its default is left out."""
    document: dict[str, Any] = {}
    if bid.direction is not Direction.LOAD_DOWN:
        document["direction"] = bid.direction.value
    if bid.run_limits is not None:
        limits = bid.run_limits
        document["run_limits"] = asdict(limits) | {"start_cost": str(limits.start_cost)}
    if bid.migration is not None:
        document["migration"] = asdict(bid.migration)
    if bid.availability_price_per_kw_h:
        document["availability_price_per_kw_h"] = str(bid.availability_price_per_kw_h)
    return document or None


def conditions_of(document: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the fields of a bid that say on what conditions it is offered.

    Example:
        >>> conditions_of({"migration": {"receiving_zone": "south", "receiving_ratio": 1.1}})["migration"]
        Migration(receiving_zone='south', receiving_ratio=1.1)
    """
    held = document or {}
    limits, migration = held.get("run_limits"), held.get("migration")
    return {
        "direction": Direction(held.get("direction", Direction.LOAD_DOWN.value)),
        "run_limits": None
        if limits is None
        else RunLimits(**(limits | {"start_cost": Decimal(limits["start_cost"])})),
        "migration": None if migration is None else Migration(**migration),
        "availability_price_per_kw_h": Decimal(held.get("availability_price_per_kw_h", _NOTHING)),
    }


def document_of_terms(terms: BuyerTerms) -> dict[str, Any]:
    """Return what a buyer asks as a JSON document."""
    return asdict(terms)


def terms_of(document: Mapping[str, Any]) -> BuyerTerms:
    """Return what a buyer asks, as a JSON document holds it.

    Example:
        >>> terms = BuyerTerms(zones=(ZoneLimit("north", max_reduction_kw=(50.0,)),))
        >>> terms_of(document_of_terms(terms)) == terms
        True
    """
    lists = {
        "zones": tuple(ZoneLimit(**_tuples(zone)) for zone in document["zones"]),
        "feeders": tuple(FeederLimit(**_tuples(feeder)) for feeder in document["feeders"]),
        "sites": tuple(SiteLimit(**_tuples(site)) for site in document["sites"]),
        "paths": tuple(PathLimit(**_tuples(path)) for path in document["paths"]),
    }
    return BuyerTerms(**(dict(document) | lists))


def _tuples(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in document.items()}
