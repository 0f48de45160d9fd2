"""A clearing as JSON: the JSON form of `vpp.v1.ClearingDocument`, what storage keeps and people download."""

import re
from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from vpp.auction.bid_json import MOST_HORIZON, MOST_INTERVALS, ZONE, ZONE_EXPECTED, named
from vpp.auction.certificate_json import CERTIFICATE_NAMES, certificate_document, certificate_of, rounded_down
from vpp.auction.json_fields import JsonObject, Names, nanoseconds
from vpp.auction.json_money import MoneyWriter
from vpp.auction.json_values import instant_text, seconds_text, span_text
from vpp.auction.outcome_json import AmountReader, OutcomeReader, outcome_document
from vpp.auction.result import Clearing, ClearingMethod, ClearingStatus, PriceBranch, SolverRun, ZonePrice
from vpp.auction.rules import TieRule, UniformPrice
from vpp.foundation.direction import Direction
from vpp.foundation.names import name
from vpp.portfolio.money_rules import PayRule
from vpp.solver.report import SolverName

_CLEARING = Names(
    "auction",
    "start_time",
    "interval_duration",
    "horizon_interval_count",
    "direction",
    "currency_code",
    "pay_rule",
    "uniform_price",
    "tie_rule",
    "status",
    "method",
    "target_reduction_kw",
    "shortfall_kw",
    "zone_shortfalls",
    "clearing_price_per_mwh",
    "price_branches",
    "zone_prices",
    "margin_kw",
    "margin_cost_amount",
    "objective_amount",
    "bound_amount",
    "gap_ratio",
    "lost_opportunity_amount",
    "certificate",
    "solver_run",
    "input_hash",
    "outcomes",
)
_ZONE_PRICE = Names("zone", "price_per_mwh")
_ZONE_SHORTFALL = Names("zone", "shortfall_kw")
_PARTS_OF_RUN = ("wall", "build", "solve", "price", "explain", "verify")
_RUN = Names("solver", "version", *(f"{part}_duration" for part in _PARTS_OF_RUN))
_SOLVER = re.compile("|".join(solver.value for solver in SolverName))
_MOST_OUTCOMES = 200_000
_MOST_ZONES = 1_000
_LONGEST = 100
_NANOS_PER_SECOND = 1e9


def clearing_to_document(clearing: Clearing) -> dict[str, Any]:
    """Write a clearing; what is at its default is left out, as in the JSON form of proto3.

    Prices and payments are exact. Costs, which a solver worked out, are rounded to nine decimals, bounds
    downwards; times to nanoseconds.

    Args:
        clearing: The clearing.

    Returns:
        Nested dicts and lists for `json.dumps`. Equal parts are the same object: not to be changed.

    Raises:
        InvalidInput: An id is malformed, or a price has more than nine decimals.
    """
    money = MoneyWriter(clearing.currency)
    horizon_count = max([len(clearing.target_kw), *(len(award.rebound_kw) for award in clearing.awards)])
    document: dict[str, Any] = {
        "auction": name("auctions", clearing.auction_id),
        "startTime": instant_text(clearing.start),
        "intervalDuration": span_text(clearing.step),
        "horizonIntervalCount": horizon_count,
        "direction": f"DIRECTION_{clearing.direction.name}",
        "currencyCode": clearing.currency,
        "payRule": f"PAY_RULE_{clearing.pay_rule.name}",
        "uniformPrice": f"UNIFORM_PRICE_{clearing.uniform_price.name}",
        "tieRule": f"TIE_RULE_{clearing.tie_rule.name}",
        "status": f"STATUS_{clearing.status.name}",
        "method": f"METHOD_{clearing.method.name}",
        "targetReductionKw": list(clearing.target_kw),
        "shortfallKw": list(clearing.shortfall_kw),
        "zoneShortfalls": [
            {"zone": zone, "shortfallKw": list(shortfall_kw)}
            for zone, shortfall_kw in clearing.local_shortfall_kw
        ],
        "clearingPricePerMwh": [money.exact(price) for price in clearing.price_per_mwh],
        "priceBranches": [f"PRICE_BRANCH_{branch.name}" for branch in clearing.price_rule],
        "zonePrices": [
            {"zone": zone.zone, "pricePerMwh": [money.exact(price) for price in zone.price_per_mwh]}
            for zone in clearing.zone_prices
        ],
        "marginKw": list(clearing.margin_kw),
        "solverRun": _run_document(clearing.solver),
        "inputHash": clearing.input_hash,
        "outcomes": [outcome_document(award, money) for award in clearing.awards],
    }
    document |= _costs(clearing, money)
    return {key: value for key, value in document.items() if value not in ("", [])}


def _costs(clearing: Clearing, money: MoneyWriter) -> dict[str, Any]:
    document: dict[str, Any] = {"objectiveAmount": money.rounded(clearing.objective, ROUND_HALF_EVEN)}
    if clearing.bound is not None:
        document["boundAmount"] = rounded_down(clearing.bound, money)
    if clearing.gap_ratio is not None:
        document["gapRatio"] = clearing.gap_ratio
    if clearing.margin_cost is not None:
        document["marginCostAmount"] = money.rounded(clearing.margin_cost, ROUND_HALF_EVEN)
    if clearing.lost_opportunity is not None:
        document["lostOpportunityAmount"] = money.rounded(clearing.lost_opportunity, ROUND_HALF_EVEN)
    if clearing.certificate is not None:
        document["certificate"] = certificate_document(clearing.certificate, money)
    return document


def _run_document(run: SolverRun) -> dict[str, Any]:
    document = {"solver": run.solver.value}
    if run.version:
        document["version"] = run.version
    for part in _PARTS_OF_RUN:
        seconds = getattr(run, f"{part}_s")
        if seconds:
            document[f"{part}Duration"] = seconds_text(round(seconds * _NANOS_PER_SECOND))
    return document


def clearing_from_document(document: Mapping[str, Any]) -> Clearing:
    """Read a clearing.

    Args:
        document: Nested dicts and lists, as `json.loads` returns them.

    Returns:
        The clearing.

    Raises:
        InvalidInput: A field is unknown, missing or unreadable, or a list too long; names its
            path in the document, its value and what was expected.
    """
    fields = JsonObject(document, _CLEARING, "")
    target_kw = fields.numbers("target_reduction_kw", most=MOST_INTERVALS)
    currency = fields.text("currency_code", longest=3)
    amounts = AmountReader(currency)
    horizon_count = fields.count("horizon_interval_count", most=MOST_HORIZON, least=len(target_kw))
    outcomes = OutcomeReader(amounts, len(target_kw), horizon_count)
    objective = amounts.amount(fields, "objective_amount")
    proof = fields.inner("certificate", CERTIFICATE_NAMES)
    return Clearing(
        auction_id=named(fields, "auction", "auctions"),
        start=fields.instant("start_time"),
        step=fields.span("interval_duration"),
        pay_rule=fields.choice("pay_rule", PayRule, "PAY_RULE_"),
        target_kw=target_kw,
        awards=tuple(
            [
                outcomes.award(value, f"outcomes[{n}]")
                for n, value in enumerate(fields.items("outcomes", most=_MOST_OUTCOMES))
            ]
        ),
        price_per_mwh=amounts.amounts(fields, "clearing_price_per_mwh", most=MOST_INTERVALS),
        price_rule=fields.choices("price_branches", PriceBranch, "PRICE_BRANCH_", most=MOST_INTERVALS),
        shortfall_kw=fields.numbers("shortfall_kw", most=MOST_INTERVALS),
        objective=Decimal(0) if objective is None else objective,
        bound=amounts.amount(fields, "bound_amount"),
        gap_ratio=fields.some_number("gap_ratio"),
        status=fields.choice("status", ClearingStatus, "STATUS_"),
        solver=_run(fields),
        input_hash=fields.text("input_hash", longest=_LONGEST),
        direction=fields.choice("direction", Direction, "DIRECTION_", Direction.LOAD_DOWN),
        currency=currency,
        method=fields.choice("method", ClearingMethod, "METHOD_"),
        uniform_price=fields.choice(
            "uniform_price", UniformPrice, "UNIFORM_PRICE_", UniformPrice.FIXED_BINARIES
        ),
        tie_rule=fields.choice("tie_rule", TieRule, "TIE_RULE_", TieRule.PRICE_TIME),
        zone_prices=tuple(
            ZonePrice(
                zone.matching("zone", ZONE, ZONE_EXPECTED),
                amounts.amounts(zone, "price_per_mwh", most=MOST_HORIZON),
            )
            for zone in fields.objects("zone_prices", _ZONE_PRICE, most=_MOST_ZONES)
        ),
        local_shortfall_kw=tuple(
            (zone.matching("zone", ZONE, ZONE_EXPECTED), zone.numbers("shortfall_kw", most=MOST_INTERVALS))
            for zone in fields.objects("zone_shortfalls", _ZONE_SHORTFALL, most=_MOST_ZONES)
        ),
        margin_kw=fields.numbers("margin_kw", most=MOST_INTERVALS),
        margin_cost=amounts.amount(fields, "margin_cost_amount"),
        lost_opportunity=amounts.amount(fields, "lost_opportunity_amount"),
        certificate=None if proof is None else certificate_of(proof, currency),
    )


def _run(fields: JsonObject) -> SolverRun:
    run = JsonObject(fields.raw("solver_run", "an object"), _RUN, fields.at("solver_run"))
    seconds = {}
    for part in _PARTS_OF_RUN:
        field = f"{part}_duration"
        value = nanoseconds(run.raw(field, "a span"), run.at(field)) if run.has(field) else 0
        seconds[f"{part}_s"] = value / _NANOS_PER_SECOND
    return SolverRun(
        solver=SolverName(run.matching("solver", _SOLVER, "glpk or highs")),
        version=run.text("version", longest=_LONGEST),
        **seconds,
    )
