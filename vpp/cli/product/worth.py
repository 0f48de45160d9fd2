"""What delivery is worth under a product, at some shares of the commitment: an example for people."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from vpp.portfolio.money_rules import MoneyRules
from vpp.settlement.response_curve import ResponseCurve
from vpp.settlement.shortfall import ShortfallRule

_SHARES = tuple(Fraction(n, 10) for n in (0, 3, 5, 7, 8, 9, 10, 11, 12, 15, 20))
_JUST_BELOW = Fraction(1, 100)


@dataclass(frozen=True, slots=True)
class Worth:
    """What one delivery is worth, as shares of the commitment.

    Attributes:
        delivered: What was delivered.
        paid: What is paid for.
        penalised: What is charged for.
        ready: Which readiness is paid where the site is called; None where none is.
    """

    delivered: Fraction
    paid: Fraction
    penalised: Fraction
    ready: Fraction | None = None


def example_shares(money: MoneyRules) -> tuple[Fraction, ...]:
    """Choose the deliveries that an example shows: round ones, and both sides of every corner."""
    corners = {Fraction(point.delivered_ratio) for point in money.response_table.points}
    terms = money.penalty_terms
    if terms is not None:
        corners.add(Fraction(terms.threshold_ratio))
        if terms.excess_above_ratio is not None:
            corners.add(Fraction(terms.excess_above_ratio))
    corners = {corner for corner in corners if corner <= _SHARES[-1]}
    below = {corner - _JUST_BELOW for corner in _steps(money) if _JUST_BELOW < corner <= _SHARES[-1]}
    return tuple(sorted({*_SHARES, *corners, *below}))


def worth_at(money: MoneyRules, shares: Sequence[Fraction]) -> list[Worth]:
    """Reckon what deliveries are worth, by the rules that settlement reckons with.

    Args:
        money: The product's money rules; without energy nothing is paid for by it.
        shares: Deliveries as shares of the commitment.
    """
    curve, terms = ResponseCurve.of(money.response_table), money.penalty_terms
    shortfall = None if terms is None else ShortfallRule.of(terms)
    worths = []
    for each in shares:
        delivered, committed = each.as_integer_ratio()
        counted = curve.paid(delivered, committed)
        paid = Fraction(*counted) / committed if money.pays_energy else Fraction(0)
        missing = (
            Fraction(0)
            if shortfall is None
            else Fraction(*shortfall.basis(delivered, committed, counted)) / committed
        )
        worths.append(Worth(each, paid, missing, _ready(money, each)))
    return worths


def depends_on_delivery(money: MoneyRules) -> bool:
    """Tell whether anything that a product pays or charges for follows what is delivered."""
    terms = money.availability_terms
    is_cut = terms is not None and terms.by_performance
    return money.pays_energy or money.penalty_terms is not None or is_cut


def _ready(money: MoneyRules, delivered: Fraction) -> Fraction | None:
    """Return which share of the readiness is paid at a delivery where the site is called."""
    terms = money.availability_terms
    if terms is None or terms.paid == "when_not_called":
        return None
    return min(Fraction(1), max(Fraction(0), delivered)) if terms.by_performance else Fraction(1)


def _steps(money: MoneyRules) -> set[Fraction]:
    """Return where the paid share jumps."""
    points = money.response_table.points
    jumps = {
        Fraction(later.delivered_ratio)
        for earlier, later in pairwise(points)
        if earlier.delivered_ratio == later.delivered_ratio and earlier.paid_ratio != later.paid_ratio
    }
    first = points[0]
    return jumps | ({Fraction(first.delivered_ratio)} if first.paid_ratio else set())
