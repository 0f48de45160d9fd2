"""A clearing as a JSON document: what storage keeps and what people download."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from vpp.auction.result import Award, BidReason, Clearing, ClearingStatus, PriceBranch, SolverRun
from vpp.foundation.errors import InvalidInput
from vpp.portfolio.product import PayRule
from vpp.solver.report import SolverName

FORMAT = "vpp.clearing/1"


def clearing_to_document(clearing: Clearing) -> dict[str, Any]:
    """Write a clearing as a JSON-able document; exact amounts become text.

    Args:
        clearing: The clearing.

    Returns:
        Nested dicts and lists of text, numbers and None, with the format's name in `format`.
    """
    return {
        "format": FORMAT,
        "auction_id": clearing.auction_id,
        "start": clearing.start.isoformat(),
        "step_s": clearing.step.total_seconds(),
        "pay_rule": clearing.pay_rule.value,
        "status": clearing.status.value,
        "target_kw": list(clearing.target_kw),
        "shortfall_kw": list(clearing.shortfall_kw),
        "price_per_mwh": [str(price) for price in clearing.price_per_mwh],
        "price_rule": [branch.value for branch in clearing.price_rule],
        "objective": str(clearing.objective),
        "bound": None if clearing.bound is None else str(clearing.bound),
        "gap_ratio": clearing.gap_ratio,
        "solver": {
            "solver": clearing.solver.solver.value,
            "version": clearing.solver.version,
            "wall_s": clearing.solver.wall_s,
        },
        "input_hash": clearing.input_hash,
        "awards": [_award_to_document(award) for award in clearing.awards],
    }


def clearing_from_document(document: Mapping[str, Any]) -> Clearing:
    """Read a clearing back.

    Args:
        document: What `clearing_to_document` wrote.

    Returns:
        The same clearing.

    Raises:
        InvalidInput: The document is of another format, or a field is missing or unreadable.
    """
    if document.get("format") != FORMAT:
        found = str(document.get("format"))
        raise InvalidInput(f"format is {found!r}, expected {FORMAT!r}", format=found)
    try:
        bound = document["bound"]
        return Clearing(
            auction_id=document["auction_id"],
            start=datetime.fromisoformat(document["start"]),
            step=timedelta(seconds=document["step_s"]),
            pay_rule=PayRule(document["pay_rule"]),
            target_kw=tuple(document["target_kw"]),
            awards=tuple(_award_from_document(award) for award in document["awards"]),
            price_per_mwh=tuple(Decimal(price) for price in document["price_per_mwh"]),
            price_rule=tuple(PriceBranch(branch) for branch in document["price_rule"]),
            shortfall_kw=tuple(document["shortfall_kw"]),
            objective=Decimal(document["objective"]),
            bound=None if bound is None else Decimal(bound),
            gap_ratio=document["gap_ratio"],
            status=ClearingStatus(document["status"]),
            solver=SolverRun(
                solver=SolverName(document["solver"]["solver"]),
                version=document["solver"]["version"],
                wall_s=document["solver"]["wall_s"],
            ),
            input_hash=document["input_hash"],
        )
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise InvalidInput(
            f"document is no clearing: {type(error).__name__} {error}, expected the fields of {FORMAT}"
        ) from error


def _award_to_document(award: Award) -> dict[str, Any]:
    return {
        "bid_id": award.bid_id,
        "site_id": award.site_id,
        "resource_id": award.resource_id,
        "reduction_kw": list(award.reduction_kw),
        "rebound_kw": list(award.rebound_kw),
        "price_per_mwh": [str(price) for price in award.price_per_mwh],
        "make_whole": str(award.make_whole),
        "reason": award.reason.value,
        "detail": award.detail,
    }


def _award_from_document(document: Mapping[str, Any]) -> Award:
    values = {field.name: document[field.name] for field in fields(Award)}
    values["reduction_kw"] = tuple(values["reduction_kw"])
    values["rebound_kw"] = tuple(values["rebound_kw"])
    values["price_per_mwh"] = tuple(Decimal(price) for price in values["price_per_mwh"])
    values["make_whole"] = Decimal(values["make_whole"])
    values["reason"] = BidReason(values["reason"])
    return Award(**values)
