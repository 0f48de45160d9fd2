"""A clearing in a few figures, for the terminal, for machines and for the report."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from vpp.auction.result import BidReason, Clearing, PriceBranch

_NOTHING = Decimal(0)
_KW_PER_MW = Decimal(1000)


@dataclass(frozen=True, slots=True)
class Summary:
    """A clearing in a few figures.

    Attributes:
        accepted_count: Bids of which something was bought.
        target_kwh: Energy asked for.
        margin_kwh: Asked for beyond it against the risk of delivery.
        shortfall_kwh: Of both together: served by nobody.
        unserved_kwh: Of the target alone: served by nobody; where anything is short, the margin is first.
        awarded_kwh: Energy bought, before derates, rebound not taken off.
        rebound_kwh: Energy that comes back, is charged, or arrives elsewhere by bids' rebound.
        paid: To all bids together, make-whole amounts among it.
        make_whole: Of it: make-whole amounts.
        prices: Lowest, mean and highest price of the intervals with a target; None without one.
        price_rules: How many intervals each rule priced.
        reasons: How many bids have each reason, most frequent first.
    """

    accepted_count: int
    target_kwh: float
    margin_kwh: float
    shortfall_kwh: float
    unserved_kwh: float
    awarded_kwh: float
    rebound_kwh: float
    paid: Decimal
    make_whole: Decimal
    prices: tuple[Decimal, Decimal, Decimal] | None
    price_rules: tuple[tuple[PriceBranch, int], ...]
    reasons: tuple[tuple[BidReason, int], ...]


def summarise(clearing: Clearing) -> Summary:
    """Add a clearing up."""
    hours = clearing.step.total_seconds() / 3600
    priced = [
        price
        for price, target_kw in zip(clearing.price_per_mwh, clearing.target_kw, strict=True)
        if target_kw > 0
    ]
    make_whole = sum(clearing.made_whole.values(), _NOTHING)
    margins = margins_kw(clearing)
    short_of_margin = zip(clearing.shortfall_kw, margins, strict=True)
    return Summary(
        accepted_count=sum(award.reason.is_accepted for award in clearing.awards),
        target_kwh=sum(clearing.target_kw) * hours,
        margin_kwh=sum(margins) * hours,
        shortfall_kwh=sum(clearing.shortfall_kw) * hours,
        unserved_kwh=sum(max(0.0, short - margin) for short, margin in short_of_margin) * hours,
        awarded_kwh=sum(sum(award.reduction_kw) for award in clearing.awards) * hours,
        rebound_kwh=sum(sum(award.rebound_kw) for award in clearing.awards) * hours,
        paid=_micro(
            sum(
                (
                    paid_for_energy(clearing, award.reduction_kw, award.price_per_mwh)
                    for award in clearing.awards
                ),
                make_whole,
            )
        ),
        make_whole=_micro(make_whole),
        prices=(min(priced), _micro(sum(priced, _NOTHING) / len(priced)), max(priced)) if priced else None,
        price_rules=tuple(Counter(clearing.price_rule).most_common()),
        reasons=tuple(Counter(award.reason for award in clearing.awards).most_common()),
    )


def margins_kw(clearing: Clearing) -> tuple[float, ...]:
    """Return what is asked for beyond the target, kW. Shape (N,)."""
    return clearing.margin_kw or (0.0,) * len(clearing.target_kw)


def _micro(value: Decimal) -> Decimal:
    return round(value, 6)


def paid_for_energy(
    clearing: Clearing, reduction_kw: Iterable[float], price_per_mwh: Iterable[Decimal]
) -> Decimal:
    """Return what an award's energy earns, without its make-whole amount."""
    hours = Decimal(repr(clearing.step.total_seconds())) / 3600
    return (
        sum(
            (Decimal(repr(kw)) * price for kw, price in zip(reduction_kw, price_per_mwh, strict=True) if kw),
            _NOTHING,
        )
        * hours
        / _KW_PER_MW
    )


def summary_document(clearing: Clearing, summary: Summary) -> dict[str, Any]:
    """Write the summary with stable keys; amounts are text, as they are exact."""
    run = clearing.solver
    return {
        "auction_id": clearing.auction_id,
        "status": clearing.status.value,
        "method": clearing.method.value,
        "solver": run.solver.value,
        "solver_version": run.version,
        "pay_rule": clearing.pay_rule.value,
        "uniform_price": clearing.uniform_price.value,
        "tie_rule": clearing.tie_rule.value,
        "currency": clearing.currency,
        "objective": str(clearing.objective),
        "bound": None if clearing.bound is None else str(clearing.bound),
        "gap_ratio": clearing.gap_ratio,
        "target_kwh": summary.target_kwh,
        "served_kwh": summary.target_kwh - summary.unserved_kwh,
        "unserved_kwh": summary.unserved_kwh,
        "shortfall_kwh": summary.shortfall_kwh,
        "awarded_kwh": summary.awarded_kwh,
        "rebound_kwh": summary.rebound_kwh,
        "bid_count": len(clearing.awards),
        "accepted_count": summary.accepted_count,
        "price_per_mwh": None
        if summary.prices is None
        else dict(zip(("min", "mean", "max"), map(str, summary.prices), strict=True)),
        "paid": str(summary.paid),
        "make_whole": {
            "count": len(clearing.made_whole),
            "sum": str(summary.make_whole),
        },
        "paradoxically_rejected": list(clearing.paradoxically_rejected),
        "margin_kwh": summary.margin_kwh,
        "margin_cost": None if clearing.margin_cost is None else str(clearing.margin_cost),
        "lost_opportunity": None if clearing.lost_opportunity is None else str(clearing.lost_opportunity),
        "reasons": {reason.value: count for reason, count in summary.reasons},
        "seconds": {
            "wall": run.wall_s,
            "build": run.build_s,
            "solve": run.solve_s,
            "price": run.price_s,
            "explain": run.explain_s,
            "verify": run.verify_s,
        },
    }
