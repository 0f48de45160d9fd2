"""A product's money rules in words."""

from decimal import Decimal

from vpp.cli.product.plain_number import plain, share
from vpp.portfolio.money_rules import MoneyRules, PayRule
from vpp.portfolio.pay_parts import AvailabilityTerms, PenaltyTerms, ShareTerms

_PRICES = {PayRule.AS_BID: "its own bid's price", PayRule.AS_CLEAR: "the clearing price"}
_PAID = {"always": "always", "when_called": "only when called", "when_not_called": "only when not called"}


def price_words(money: MoneyRules) -> str:
    """Say at which price an award is paid."""
    if money.fixed_price_per_mwh is not None:
        price = f"{plain(money.fixed_price_per_mwh)} {money.currency} per MWh"
    else:
        price = _PRICES[money.pay_rule]
    return price if money.price_factor == 1 else f"{plain(money.price_factor)} times {price}"


def pay_words(money: MoneyRules) -> str:
    """Say what is paid for, and at which price."""
    parts = [f"energy at {price_words(money)}"] if money.pays_energy else []
    terms = money.availability_terms
    if terms is not None:
        parts.append(f"readiness {availability_words(terms, money)}")
    return ", ".join(parts) or "nothing"


def availability_words(terms: AvailabilityTerms, money: MoneyRules) -> str:
    """Say what standing ready is paid, and when."""
    if terms.price_per_kw_h is None:
        price = f"at {price_words(money)}, per MW and hour"
    else:
        price = f"at {plain(terms.price_per_kw_h)} {money.currency} per kW and hour"
    parts = [price, _PAID[terms.paid]]
    if terms.by_performance:
        parts.append("times what was delivered of it where it is called")
    if terms.within_load:
        parts.append("as far as the load allowed it")
    return ", ".join(parts)


def penalty_words(money: MoneyRules) -> str:
    """Say what a shortfall costs."""
    terms, availability = money.penalty_terms, money.availability_terms
    if terms is None or _costs_nothing(terms):
        is_cut = availability is not None and availability.by_performance
        return "its share of the readiness" if is_cut else "nothing"
    against = "asked for" if money.commitment == "target" else "awarded"
    counted = "delivery" if terms.counts == "delivered" else "the paid quantity"
    text = (
        f"{penalty_price(terms, money.currency)} for what {counted} lacks of "
        f"{share(terms.threshold_ratio)} of what was {against}"
    )
    if terms.excess_above_ratio is not None:
        text += f", and for delivery above {share(terms.excess_above_ratio)} of it"
    return text if terms.retained_by == "operator" else f"{text}; the aggregator keeps it"


def penalty_price(terms: PenaltyTerms, currency: str) -> str:
    """Say what one missing kWh costs."""
    if terms.price_per_mwh is not None:
        return f"{plain(terms.price_per_mwh)} {currency} per MWh"
    return f"{plain(terms.price_ratio or Decimal(0))} times the price"


def share_words(money: MoneyRules) -> str:
    """Say what the aggregator keeps of a site's payments."""
    terms: ShareTerms = money.share_terms
    if terms.kind == "ratio":
        return f"the aggregator keeps {share(terms.ratio or Decimal(0))} of energy and readiness"
    if terms.kind == "fixed_price":
        price = plain(terms.site_price_per_mwh or Decimal(0))
        return f"the site gets {price} {money.currency} per MWh, the aggregator the rest"
    floor = plain(terms.floor_price_per_mwh or Decimal(0))
    return (
        f"the site gets {floor} {money.currency} per MWh and {share(terms.site_ratio or Decimal(0))} of what "
        "the price has above it, the aggregator the rest"
    )


def limit_words(money: MoneyRules) -> str:
    """Say what bounds the payment beside the response table."""
    limits, currency = money.limits, money.currency
    parts = []
    if limits.min_paid_kw > 0:
        parts.append(f"no energy below a mean of {plain(limits.min_paid_kw)} kW")
    if limits.max_paid_kw is not None:
        parts.append(f"no more than {plain(limits.max_paid_kw)} kW")
    if limits.max_amount_per_event is not None:
        parts.append(f"at most {plain(limits.max_amount_per_event)} {currency} per site and event")
    if limits.peak_below_baseline:
        parts.append("only if the event's highest load lies below the baseline's")
    if limits.min_mean_reduction_ratio > 0:
        parts.append(f"only if the mean moved by {share(limits.min_mean_reduction_ratio)} of the baseline")
    if money.budget is not None:
        parts.append(
            f"{plain(money.budget.amount)} {currency} for each {money.budget.per} in all, cut in proportion"
        )
    return "; ".join(parts) or "none"


def judged_words(money: MoneyRules) -> str:
    """Say what is held against what, where and over which time."""
    against = "what was asked for" if money.commitment == "target" else "what was awarded and called"
    where = "each site by itself" if money.measured_as == "site" else "the sites of an event together"
    over = "interval by interval" if money.judged_over == "interval" else "over the event as a whole"
    return f"{where} against {against}, {over}"


def _costs_nothing(terms: PenaltyTerms) -> bool:
    return not terms.price_ratio and not terms.price_per_mwh
