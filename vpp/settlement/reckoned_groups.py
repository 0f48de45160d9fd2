"""How what was judged together was shared among its intervals, and what a shortfall is, with the numbers."""

from fractions import Fraction
from typing import NamedTuple

from vpp.portfolio.money_rules import MoneyRules
from vpp.settlement.delivery import MeasuredInterval
from vpp.settlement.exact_text import exact_text, kwh_text
from vpp.settlement.exact_units import WATT_US_PER_WH
from vpp.settlement.response_curve import ResponseCurve
from vpp.settlement.shared_figures import Cell, GroupFigures
from vpp.settlement.shortfall import ShortfallRule


class Judged(NamedTuple):
    """One interval as it was judged.

    Attributes:
        delivered: Delivery, W times microseconds, signed.
        committed: Commitment, likewise.
    """

    delivered: int
    committed: int


def paid_share(measured: MeasuredInterval, own: Judged, group: GroupFigures) -> tuple[int, str]:
    """Return an interval's share of a group's payable energy, Wh, and how it came about."""
    delivered_wh = max(0, own.delivered // WATT_US_PER_WH)
    weight = {"own": delivered_wh, "commitment": own.committed, "equal": 1}[group.paid_by]
    total = Fraction(group.paid_weight)
    shown = {
        "own": (kwh_text(delivered_wh * WATT_US_PER_WH), kwh_text(total * WATT_US_PER_WH), "delivered"),
        "commitment": (kwh_text(own.committed), kwh_text(total), "committed"),
        "equal": ("1", exact_text(total), "intervals"),
    }[group.paid_by]
    return _share(group.payable_wh, weight, group.paid_weight, shown, is_up=_cell(measured) in group.paid_up)


def shortfall_text(rules: MoneyRules, judged: Judged) -> tuple[int, str]:
    """Return what is charged for, Wh, and the formula with its numbers."""
    terms = rules.penalty_terms
    if terms is None:
        return 0, ""
    paid = ResponseCurve.of(rules.response_table).paid(judged.delivered, judged.committed)
    basis = Fraction(*ShortfallRule.of(terms).basis(judged.delivered, judged.committed, paid))
    counted, name = Fraction(judged.delivered), "delivered"
    if terms.counts == "paid":
        counted, name = Fraction(*paid), "paid by the response table"
    committed = kwh_text(judged.committed)
    text = f"max(0, {terms.threshold_ratio:f} * {committed} committed - {kwh_text(counted)} {name})"
    if (excess := terms.excess_above_ratio) is not None:
        text += f" + max(0, {kwh_text(judged.delivered)} delivered - {excess:f} * {committed} committed)"
    whole = int(basis / WATT_US_PER_WH)
    return whole, f"{text} = {kwh_text(whole * WATT_US_PER_WH)} kWh, cut down to 0.001 kWh"


def charged_share(
    measured: MeasuredInterval, rules: MoneyRules, own: Judged, group: GroupFigures
) -> tuple[int, str]:
    """Return an interval's share of a group's shortfall, Wh, and how it came about."""
    terms = rules.penalty_terms
    if terms is None:
        return 0, ""
    weight, total = 1, Fraction(group.charged_weight)
    shown = ("1", exact_text(total), "intervals")
    if group.charged_by == "commitment":
        weight = own.committed
        shown = (kwh_text(weight), kwh_text(total), "committed")
    elif group.charged_by == "own":
        rule = ShortfallRule.of(terms)
        share_wh, _ = paid_share(measured, own, group)
        missing, per = rule.basis(own.delivered, own.committed, (share_wh * WATT_US_PER_WH, 1))
        weight = missing * (rule.unit // per)
        shown = (kwh_text(Fraction(weight, rule.unit)), kwh_text(total / rule.unit), "missing")
    return _share(
        group.basis_wh, weight, group.charged_weight, shown, is_up=_cell(measured) in group.charged_up
    )


def _share(
    whole_wh: int, weight: int, total: int, shown: tuple[str, str, str], *, is_up: bool
) -> tuple[int, str]:
    own, of_all, what = shown
    share_wh = whole_wh * weight // total + is_up
    exact = kwh_text(Fraction(whole_wh * weight * WATT_US_PER_WH, total))
    return share_wh, (
        f"{kwh_text(whole_wh * WATT_US_PER_WH)} kWh * {own} / {of_all} {what} = {exact}, whole 0.001 kWh by "
        f"largest remainder = {kwh_text(share_wh * WATT_US_PER_WH)} kWh"
    )


def _cell(measured: MeasuredInterval) -> Cell:
    return (measured.site_id, measured.interval.start.isoformat())
