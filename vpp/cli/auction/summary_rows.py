"""The summary of a clearing in words, field by field."""

from vpp.auction.result import Clearing, ClearingMethod, ClearingStatus
from vpp.auction.rules import UniformPrice
from vpp.cli.auction.summary import Summary
from vpp.cli.auction.wording import amount, counted, energy, percent, share
from vpp.portfolio.money_rules import PayRule

_STATUS_WORDS = {
    ClearingStatus.OPTIMAL: "optimal: proven best within the gap asked for",
    ClearingStatus.FEASIBLE: "feasible: the best found when time ran out",
    ClearingStatus.FALLBACK: "fallback: merit order, because the solver had nothing better in time",
}
_METHOD_WORDS = {
    ClearingMethod.NOTHING_TO_DECIDE: "nothing to decide",
    ClearingMethod.LINEAR: "linear model, exact",
    ClearingMethod.ROUNDED: "linear relaxation, rounded and solved again",
    ClearingMethod.COORDINATED: "prices that bids answer, then a restricted program, rounded",
    ClearingMethod.EXACT: "mixed-integer search",
    ClearingMethod.MERIT_ORDER: "merit order of simple offers",
}


def summary_rows(clearing: Clearing, summary: Summary) -> list[tuple[str, str]]:
    """Write the summary as field and value."""
    currency = clearing.currency
    made_whole = clearing.made_whole
    shed = _served(summary)
    rows = [
        ("status", _STATUS_WORDS[clearing.status]),
        ("method", f"{_METHOD_WORDS[clearing.method]} ({solver_words(clearing)})"),
        ("pricing", pricing_words(clearing)),
        ("cost", amount(clearing.objective, currency)),
        ("proven bound", "none" if clearing.bound is None else amount(clearing.bound, currency)),
        ("gap", percent(clearing.gap_ratio)),
        ("target served", shed),
        ("shortfall", _shortfall(clearing, summary)),
        ("bids accepted", f"{summary.accepted_count:,} of {len(clearing.awards):,}"),
        ("bought", _bought(summary)),
        ("price per MWh", _prices(summary, currency)),
        ("paid to bids", amount(summary.paid, currency)),
        (
            "make-whole",
            f"{amount(summary.make_whole, currency)} to {counted(len(made_whole), 'bid')}"
            if made_whole
            else "none",
        ),
        ("paradoxically rejected", _some(clearing.paradoxically_rejected)),
        ("margin", _margin(clearing, summary)),
    ]
    if clearing.lost_opportunity is not None:
        rows.append(("lost opportunity", amount(clearing.lost_opportunity, currency)))
    rows.append(
        (
            "time",
            _time(clearing),
        )
    )
    return rows


def pricing_words(clearing: Clearing) -> str:
    """Say how awards are paid and ties are broken."""
    if clearing.pay_rule is PayRule.AS_BID:
        rule = "pay-as-bid"
    elif clearing.pay_rule is PayRule.FIXED:
        rule = "the product's fixed price"
    elif clearing.uniform_price is UniformPrice.CONVEX_HULL:
        rule = "uniform, convex-hull price"
    else:
        rule = "uniform, fixed binaries"
    return f"{rule}; ties by {clearing.tie_rule.value.replace('_', ' ')}"


def solver_words(clearing: Clearing) -> str:
    """Name the solver and its version, as far as it was needed."""
    run = clearing.solver
    if run.version:
        return f"{run.solver.value} {run.version}"
    had = "had nothing better" if clearing.status is ClearingStatus.FALLBACK else "not needed"
    return f"{run.solver.value} {had}"


def _served(summary: Summary) -> str:
    if not summary.target_kwh:
        return "nothing was asked for"
    served_kwh = summary.target_kwh - summary.unserved_kwh
    return f"{energy(served_kwh)} of {energy(summary.target_kwh)} ({share(served_kwh / summary.target_kwh)})"


def _bought(summary: Summary) -> str:
    back = f", of which {energy(summary.rebound_kwh)} comes back" if summary.rebound_kwh else ""
    return energy(summary.awarded_kwh) + back


def _shortfall(clearing: Clearing, summary: Summary) -> str:
    short = sum(kw > 0 for kw in clearing.shortfall_kw)
    local = sum(any(kw > 0 for kw in short_kw) for _, short_kw in clearing.local_shortfall_kw)
    words = "none"
    if short:
        words = f"{energy(summary.shortfall_kwh)} in {short} of {len(clearing.target_kw)} intervals"
        if summary.margin_kwh:
            words += f", {energy(summary.shortfall_kwh - summary.unserved_kwh)} of it margin"
    return f"{words}; local targets missed in {counted(local, 'zone')}" if local else words


def _prices(summary: Summary, currency: str) -> str:
    if summary.prices is None:
        return "-"
    low, mean, high = (f"{price:,.2f}" for price in summary.prices)
    return f"min {low}, mean {mean}, max {high} {currency}".strip()


def _margin(clearing: Clearing, summary: Summary) -> str:
    if not summary.margin_kwh:
        return "none"
    cost = (
        ""
        if clearing.margin_cost is None
        else f" at a cost of {amount(clearing.margin_cost, clearing.currency)}"
    )
    return f"{energy(summary.margin_kwh)} beyond the target{cost}"


def _time(clearing: Clearing) -> str:
    run = clearing.solver
    parts = {
        "build": run.build_s,
        "solve": run.solve_s,
        "price": run.price_s,
        "explain": run.explain_s,
        "verify": run.verify_s,
    }
    return f"{run.wall_s:.3f} s: {', '.join(f'{name} {seconds:.3f}' for name, seconds in parts.items())}"


def _some(bid_ids: tuple[str, ...], shown: int = 20) -> str:
    if not bid_ids:
        return "none"
    more = f" and {len(bid_ids) - shown:,} more" if len(bid_ids) > shown else ""
    return f"{len(bid_ids):,}: {', '.join(bid_ids[:shown])}{more}"
