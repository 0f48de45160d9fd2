"""A product's rules in words, each with the fields that it is told from."""

from datetime import timedelta

from vpp.cli.product.money_words import (
    availability_words,
    judged_words,
    limit_words,
    penalty_words,
    price_words,
    share_words,
)
from vpp.cli.product.plain_number import plain
from vpp.foundation.direction import Direction
from vpp.portfolio.call_rules import CallRules, Trigger
from vpp.portfolio.product import ProductProfile

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_TAGS = {
    "P": "published by the authority",
    "S": "reported by others",
    "D": "our own design",
    "C": "computed",
    "M": "from memory",
}
Row = tuple[str, str, tuple[str, ...]]
"""What is told, in which words, and from which fields or groups of them."""


def product_rows(product: ProductProfile) -> list[Row]:
    """List what a product says, part by part."""
    return [
        *_identity_rows(product),
        *_call_rows(product),
        *_bid_rows(product),
        *_measurement_rows(product),
        *_money_rows(product),
        *_source_rows(product),
    ]


def unverified_of(product: ProductProfile, fields: tuple[str, ...]) -> list[str]:
    """Return which of some fields, or of some groups' fields, were checked against no source."""
    return [
        name
        for name in product.provenance.unverified_fields
        if any(
            name == field or name.startswith(f"{field}.") or field.startswith(f"{name}.") for field in fields
        )
    ]


def length(span: timedelta) -> str:
    """Write a length of time.

    Example:
        >>> length(timedelta(days=2)), length(timedelta(hours=6)), length(timedelta(minutes=15))
        ('2 d', '6 h', '15 min')
    """
    if span >= 2 * _DAY and not span % _DAY:
        return f"{span // _DAY} d"
    if span >= _HOUR:
        return f"{span / _HOUR:g} h"
    return f"{span / timedelta(minutes=1):g} min"


def _identity_rows(product: ProductProfile) -> list[Row]:
    claim = ", claims no compliance with any market" if product.status == "example" else ""
    return [
        ("product", f"{product.product_id}, version {product.version}", ("product_id", "version")),
        ("where", f"{product.jurisdiction}, {product.time_zone}", ("jurisdiction", "time_zone")),
        ("status", f"{product.status}{claim}", ("status",)),
    ]


def _call_rows(product: ProductProfile) -> list[Row]:
    call = product.call
    asked = "less" if call.direction is Direction.LOAD_DOWN else "more"
    moved = (
        "sites follow instructions"
        if call.is_instructed
        else "sites stand ready and act by themselves on what they measure; they are asked for 0 kW"
    )
    rows: list[Row] = [
        ("asks for", f"{asked} consumption; {moved}", ("call.direction", "call.activation")),
        ("called by", _trigger_words(call), ("call.trigger", "call.gate_close", "call.notice_min")),
        ("notice", _notice_words(call), ("call.notice_min", "call.notice_max")),
        (
            "length",
            f"{length(call.min_duration)} to {length(call.max_duration)}",
            ("call.min_duration", "call.max_duration"),
        ),
        (
            "how often",
            _count_words(call),
            ("call.max_events_per_day", "call.max_events_per_year", "call.max_hours_per_year"),
        ),
        ("when", call.calendar.words, ("call.calendar",)),
        ("recovery watched for", length(call.recovery_window), ("call.recovery_window",)),
    ]
    if product.stacking_excludes:
        rows.append(("not beside", ", ".join(product.stacking_excludes), ("stacking_excludes",)))
    return rows


def _trigger_words(call: CallRules) -> str:
    if call.trigger is Trigger.EMERGENCY:
        return "the operator, from standing bids"
    return f"an auction that ends at least {length(call.bidding_ends)} before the start"


def _notice_words(call: CallRules) -> str:
    least = f"at least {length(call.notice_min)}"
    return least if call.notice_max is None else f"{least}, at most {length(call.notice_max)}"


def _count_words(call: CallRules) -> str:
    parts = [f"{call.max_events_per_day} a day"]
    if call.max_events_per_year is not None:
        parts.append(f"{call.max_events_per_year} a year")
    if call.max_hours_per_year is not None:
        parts.append(f"{call.max_hours_per_year:g} h a year")
    return f"at most {', '.join(parts)}, per site"


def _bid_rows(product: ProductProfile) -> list[Row]:
    bid, currency = product.bid, product.money.currency
    most = "" if bid.max_bid_kw is None else f", at most {bid.max_bid_kw:,g} kW"
    steps = f" in steps of {bid.increment_kw:g} kW" if bid.increment_kw else ""
    return [
        (
            "size of a bid",
            f"at least {bid.min_bid_kw:,g} kW{most}{steps}",
            ("bid.min_bid_kw", "bid.max_bid_kw", "bid.increment_kw"),
        ),
        (
            "price of a bid",
            f"{plain(bid.price_floor_per_mwh)} to {plain(bid.price_cap_per_mwh)} {currency} per MWh",
            ("bid.price_floor_per_mwh", "bid.price_cap_per_mwh"),
        ),
    ]


def _measurement_rows(product: ProductProfile) -> list[Row]:
    terms = product.measurement
    meter = (
        "any that divides it" if product.telemetry_interval is None else length(product.telemetry_interval)
    )
    others = ", ".join(rule.baseline_id for rule in product.baseline.alternatives)
    rows: list[Row] = [
        ("settled by", f"{length(product.settlement_interval)}", ("settlement_interval",)),
        ("longest metering interval", meter, ("telemetry_interval",)),
        (
            "baseline",
            product.baseline.baseline_id + (f", or {others} where it fits better" if others else ""),
            ("baseline.rule", "baseline.alternatives"),
        ),
        ("metered at", ", ".join(terms.boundaries), ("measurement.boundaries",)),
        (
            "reported beside",
            f"{length(terms.before_window)} before and {length(terms.after_window)} after",
            ("measurement.before_window", "measurement.after_window"),
        ),
    ]
    if terms.device_metered != "none":
        split = "load, and devices by their own meter as far as they offset load"
        rows.append(("storage, generation", split, ("measurement.device_metered",)))
    if product.money.measured_as == "aggregate":
        summed = terms.aggregate_baseline.replace("_", " ")
        rows.append(("the aggregate's baseline", summed, ("measurement.aggregate_baseline",)))
    if product.test_rule:
        rows.append(("test", product.test_rule, ("test_rule",)))
    return rows


def _money_rows(product: ProductProfile) -> list[Row]:
    money = product.money
    terms = money.availability_terms
    energy = price_words(money) if money.pays_energy else "not paid"
    ready = "not paid" if terms is None else availability_words(terms, money)
    return [
        (
            "energy",
            energy,
            ("money.pay_rule", "money.fixed_price_per_mwh", "money.price_factor", "money.pays_energy"),
        ),
        ("judged", judged_words(money), ("money.commitment", "money.measured_as", "money.judged_over")),
        (
            "a shortfall costs",
            penalty_words(money),
            ("money.penalty", "money.penalty_formula_id", "money.penalty_ratio", "money.band_full_ratio"),
        ),
        ("readiness", ready, ("money.availability", "money.availability_price_per_kw_h")),
        ("shared", share_words(money), ("money.share", "money.aggregator_fee_ratio")),
        ("limits", limit_words(money), ("money.limits", "money.budget")),
        (
            "rounded",
            "each line" if money.rounding == "line" else "each line, and the event's total",
            ("money.rounding",),
        ),
        (
            "first statement",
            f"{length(product.initial_statement_delay)} after measurement",
            ("initial_statement_delay",),
        ),
    ]


def _source_rows(product: ProductProfile) -> list[Row]:
    source = product.provenance
    rows: list[Row] = [
        ("source", f"{source.source} ({_TAGS[source.source_tag]}), read {source.read_on}", ("provenance",)),
    ]
    if source.source_url is not None:
        rows.append(("to be read at", source.source_url, ("provenance.source_url",)))
    return rows
