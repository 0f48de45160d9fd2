"""Clearings on the wire, as far as the caller may see them."""

import json
from collections.abc import Collection, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from vpp.auction.clearing_json import clearing_from_document
from vpp.foundation.names import name, resource_ids
from vpp.rpc.wire.money_fields import MoneyMessage, money
from vpp.rpc.wire.time_fields import duration, timestamp
from vpp.v1 import auction_pb2 as pb
from vpp.workflows.ports import Stored
from vpp.workflows.records import ClearingRecord

_FINEST = Decimal("1e-9")
_SHOWN_TO_SITES = frozenset(
    {
        "auction",
        "startTime",
        "intervalDuration",
        "horizonIntervalCount",
        "direction",
        "currencyCode",
        "payRule",
        "uniformPrice",
        "tieRule",
        "status",
        "method",
        "targetReductionKw",
        "clearingPricePerMwh",
        "priceBranches",
        "zonePrices",
        "outcomes",
    }
)
"""What a site may see. From what is summed over every bid it could work out what the others offered: so not
what is short, nor how long the solver took, nor a digest of the book, which could be tried out bid by bid."""


def clearing_message(
    stored: Stored[ClearingRecord], own_sites: Collection[str] | None, currency: str
) -> pb.Clearing:
    """Write how an event was cleared.

    Args:
        stored: The record.
        own_sites: Whose awards the caller may see; None means everybody's. Without everybody's, what
            is summed over the whole book is left out too.
        currency: The product's currency.
    """
    clearing = clearing_from_document(stored.value.document)
    message = pb.Clearing(
        event=name("events", stored.value.event_id),
        status=clearing.status.name,
        clearing_price_per_mwh=[money(price, currency) for price in clearing.price_per_mwh],
        solver=f"{clearing.solver.solver.value} {clearing.solver.version}".strip(),
        document_json=json.dumps(visible_document(stored.value.document, own_sites), sort_keys=True),
        create_time=timestamp(stored.created_at),
    )
    if own_sites is None:
        message.shortfall_kw.extend(clearing.shortfall_kw)
        message.solve_duration.CopyFrom(duration(timedelta(seconds=clearing.solver.wall_s)))
        message.input_hash = clearing.input_hash
        message.objective_amount.CopyFrom(_cost(clearing.objective, currency))
        if clearing.bound is not None:
            message.bound_amount.CopyFrom(_cost(clearing.bound, currency))
        message.gap_ratio = clearing.gap_ratio or 0.0
    return message


def visible_document(document: Mapping[str, Any], own_sites: Collection[str] | None) -> dict[str, Any]:
    """Return the part of a clearing document that a caller may see.

    Example:
        >>> document = {"outcomes": [{"resource": "sites/north/resources/ups"}], "objectiveAmount": {}}
        >>> visible_document(document, {"south"})
        {'outcomes': []}
    """
    if own_sites is None:
        return dict(document)
    shown = {key: value for key, value in document.items() if key in _SHOWN_TO_SITES}
    shown["outcomes"] = [
        outcome
        for outcome in document.get("outcomes", [])
        if resource_ids(outcome["resource"])[0] in own_sites
    ]
    return shown


def _cost(amount: Decimal, currency: str) -> MoneyMessage:
    # The solver's costs are floats made decimal, finer than the wire's nine places; nobody is paid by them.
    return money(amount.quantize(_FINEST), currency)
