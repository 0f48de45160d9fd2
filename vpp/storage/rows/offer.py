"""Offers and what goes with them as JSON documents; prices as decimal text, so that no digit is lost."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from vpp.auction.bid import BlockOffer, Offer, PriceStep, Rebound, ReboundProfile, StepOffer, StoreOffer
from vpp.foundation.errors import BrokenPromise


def document_of_offer(offer: Offer) -> dict[str, Any]:
    """Return an offer as a JSON document.

    Example:
        >>> document_of_offer(StepOffer(steps=((PriceStep(50.0, Decimal("120.50")),), ())))
        {'kind': 'steps', 'steps': [[[50.0, '120.50']], []]}
    """
    if isinstance(offer, StepOffer):
        return {
            "kind": "steps",
            "steps": [
                [[step.reduction_kw, str(step.price_per_mwh)] for step in steps] for steps in offer.steps
            ],
        }
    if isinstance(offer, BlockOffer):
        return {
            "kind": "block",
            "profile_kw": list(offer.profile_kw),
            "price_per_mwh": str(offer.price_per_mwh),
            "fixed_cost": str(offer.fixed_cost),
            "min_acceptance_ratio": offer.min_acceptance_ratio,
        }
    return {
        "kind": "store",
        "discharge_kw": offer.discharge_kw,
        "charge_kw": offer.charge_kw,
        "capacity_kwh": offer.capacity_kwh,
        "reserve_kwh": offer.reserve_kwh,
        "start_kwh": offer.start_kwh,
        "end_kwh": offer.end_kwh,
        "price_per_mwh": str(offer.price_per_mwh),
        "charge_efficiency": offer.charge_efficiency,
        "discharge_efficiency": offer.discharge_efficiency,
        "hold_ratio": offer.hold_ratio,
        "cycle_limit_kwh": offer.cycle_limit_kwh,
    }


def offer_of(document: Mapping[str, Any]) -> Offer:
    """Return the offer of a JSON document.

    Raises:
        BrokenPromise: The document is no offer.
    """
    if document["kind"] == "steps":
        return StepOffer(
            steps=tuple(
                tuple(PriceStep(float(reduction_kw), Decimal(price)) for reduction_kw, price in steps)
                for steps in document["steps"]
            )
        )
    if document["kind"] == "block":
        return BlockOffer(
            profile_kw=tuple(float(value) for value in document["profile_kw"]),
            price_per_mwh=Decimal(document["price_per_mwh"]),
            fixed_cost=Decimal(document["fixed_cost"]),
            min_acceptance_ratio=float(document["min_acceptance_ratio"]),
        )
    if document["kind"] == "store":
        cycle_limit_kwh = document["cycle_limit_kwh"]
        return StoreOffer(
            discharge_kw=float(document["discharge_kw"]),
            charge_kw=float(document["charge_kw"]),
            capacity_kwh=float(document["capacity_kwh"]),
            reserve_kwh=float(document["reserve_kwh"]),
            start_kwh=float(document["start_kwh"]),
            end_kwh=float(document["end_kwh"]),
            price_per_mwh=Decimal(document["price_per_mwh"]),
            charge_efficiency=float(document["charge_efficiency"]),
            discharge_efficiency=float(document["discharge_efficiency"]),
            hold_ratio=float(document["hold_ratio"]),
            cycle_limit_kwh=None if cycle_limit_kwh is None else float(cycle_limit_kwh),
        )
    raise BrokenPromise(f"a stored offer is of kind {document['kind']!r}", kind=str(document["kind"]))


def document_of_rebound(rebound: Rebound | ReboundProfile) -> dict[str, Any]:
    """Return a rebound as a JSON document."""
    if isinstance(rebound, ReboundProfile):
        return {"ratios": list(rebound.ratios)}
    return {
        "ratio": rebound.ratio,
        "window_intervals": rebound.window_intervals,
        "max_return_kw": rebound.max_return_kw,
    }


def rebound_of(document: Mapping[str, Any]) -> Rebound | ReboundProfile:
    """Return the rebound of a JSON document."""
    if "ratios" in document:
        return ReboundProfile(tuple(float(ratio) for ratio in document["ratios"]))
    return Rebound(
        ratio=float(document["ratio"]),
        window_intervals=int(document["window_intervals"]),
        max_return_kw=float(document["max_return_kw"]),
    )
