"""Offers and rebounds as JSON documents; prices as decimal text, so that no digit is lost."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from vpp.auction.bid import BlockOffer, PriceStep, Rebound, StepOffer
from vpp.foundation.errors import BrokenPromise


def document_of_offer(offer: StepOffer | BlockOffer) -> dict[str, Any]:
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
    return {
        "kind": "block",
        "profile_kw": list(offer.profile_kw),
        "price_per_mwh": str(offer.price_per_mwh),
        "fixed_cost": str(offer.fixed_cost),
        "min_acceptance_ratio": offer.min_acceptance_ratio,
    }


def offer_of(document: Mapping[str, Any]) -> StepOffer | BlockOffer:
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
    raise BrokenPromise(f"a stored offer is of kind {document['kind']!r}", kind=str(document["kind"]))


def document_of_rebound(rebound: Rebound) -> dict[str, Any]:
    """Return a rebound as a JSON document."""
    return {
        "ratio": rebound.ratio,
        "window_intervals": rebound.window_intervals,
        "max_return_kw": rebound.max_return_kw,
    }


def rebound_of(document: Mapping[str, Any]) -> Rebound:
    """Return the rebound of a JSON document."""
    return Rebound(
        ratio=float(document["ratio"]),
        window_intervals=int(document["window_intervals"]),
        max_return_kw=float(document["max_return_kw"]),
    )
