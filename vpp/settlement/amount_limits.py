r"""Caps and budgets on amounts: more than there is, is cut for all in one proportion.

With a limit `L` and payments `a_k > 0` that share it, nothing is cut while `sum a_k <= L`. Otherwise

    a_k' = L * a_k / sum a      by largest remainder in minor units, so that  sum a_k' = L

`L` is cut down to the minor unit. A cap on a site's energy in an event is applied first, then the budget: of
an event, or of the settlement period. A budget is for everything that one operator pays: energy, availability
and make-whole, of one version of a product and, for a period, of that period's deliveries alone. Payments
below 0, at a price below 0, neither count nor are they cut; penalties are no part of it.

Source:
    Baseline reference, sections 1.5 (Quzhou: a short budget is cut in the same proportion for all) and 1.6.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from vpp.foundation.errors import InvalidInput
from vpp.settlement.cut import Cut
from vpp.settlement.exact_units import share_out
from vpp.settlement.line_code import LineCode
from vpp.settlement.shared_figures import BudgetFigures, BudgetKey, Paid
from vpp.settlement.site_payments import WHOLE, SitePayments


class Payment(NamedTuple):
    """One amount that a limit may cut."""

    of: SitePayments
    n: int
    code: LineCode

    @property
    def minor(self) -> int:
        """The amount, minor units."""
        return self.of.amount(self.n, self.code)

    @property
    def name(self) -> Paid:
        """What it is called in shared figures."""
        delivery = self.of.delivery
        start = delivery.delivery.start if self.n == WHOLE else delivery.intervals[self.n].interval.start
        return (delivery.event_id, delivery.site_id, start.isoformat(), self.code.name)


def cap_event_amount(payments: SitePayments) -> None:
    """Cut one site's energy in an event to the most that the product pays for it."""
    most = payments.site.terms.limits.max_amount_per_event
    if most is None:
        return
    unit = payments.site.terms.unit
    positive = [Payment(payments, n, LineCode.ENERGY) for n, minor in enumerate(payments.energy) if minor > 0]
    available, owed = unit.most(most), sum(payment.minor for payment in positive)
    if owed <= available:
        return
    shares, _ = share_out(available, [payment.minor for payment in positive])
    for payment, after in zip(positive, shares, strict=True):
        limit = "most that a site is paid for an event's energy"
        payments.cut(payment.n, payment.code, Cut(limit, payment.minor, after, available, owed))


def cut_to_budgets(
    payments: Iterable[SitePayments], period: str, known: Mapping[BudgetKey, BudgetFigures] | None
) -> tuple[dict[BudgetKey, BudgetFigures], list[str]]:
    """Cut payments to their products' budgets.

    Args:
        payments: All payments, in the statements' order.
        period: Settlement period, YYYY-MM.
        known: Figures of a reckoning with all sites, in place of the sums; None sums.

    Returns:
        What each budget was asked for, and what a person should know about it.

    Raises:
        InvalidInput: Figures are known, but not those of a budget that counts here.
    """
    asked: dict[BudgetKey, list[SitePayments]] = {}
    for each in payments:
        product, delivery = each.delivery.product, each.delivery
        budget = each.site.terms.budget
        if budget is None:
            continue
        if budget.per == "event" or delivery.settlement_period == period:
            event_id = delivery.event_id if budget.per == "event" else ""
            key = (delivery.operator_party_id, product.product_id, product.version, event_id)
            asked.setdefault(key, []).append(each)
    figures, notes = {}, []
    for key, sharing in asked.items():
        positive = [payment for each in sharing for payment in _positive(each)]
        available, (operator, product_id, version, event_id) = _available(sharing), key
        known_one = _summed(sharing, positive, available) if known is None else known.get(key)
        if known_one is None:
            raise InvalidInput(
                f"shared figures of {operator}'s budget of {product_id} version {version} are missing",
                product_id=product_id,
            )
        figures[key] = known_one
        if known_one.owed > available:
            _hand_out(positive, known_one, available, "event" if event_id else "period")
            amount = sharing[0].site.terms.unit.amount
            notes.append(
                f"{operator}'s budget of {product_id} version {version} for {event_id or period}: "
                f"{amount(known_one.owed)} owed, {amount(available)} there; all cut in one proportion"
            )
    return figures, notes


def _available(sharing: Sequence[SitePayments]) -> int:
    terms = sharing[0].site.terms
    return terms.unit.most(terms.budget.amount) if terms.budget is not None else 0


def _positive(payments: SitePayments) -> Iterator[Payment]:
    for n, minor in enumerate(payments.energy):
        if minor > 0:
            yield Payment(payments, n, LineCode.ENERGY)
    for n, minor in enumerate(payments.availability):
        if minor > 0:
            yield Payment(payments, n, LineCode.AVAILABILITY)
    if payments.make_whole:
        yield Payment(payments, WHOLE, LineCode.MAKE_WHOLE)


def _summed(sharing: Sequence[SitePayments], positive: Sequence[Payment], available: int) -> BudgetFigures:
    owed = sum(payment.minor for payment in positive)
    ups = [False] * len(positive)
    if owed > available:
        _, ups = share_out(available, [payment.minor for payment in positive])
    return BudgetFigures(
        owed,
        frozenset(each.delivery.event_id for each in sharing),
        frozenset(payment.name for payment, up in zip(positive, ups, strict=True) if up),
    )


def _hand_out(positive: Sequence[Payment], figures: BudgetFigures, available: int, per: str) -> None:
    """Cut the payments that are here; the figures may be of more."""
    for payment in positive:
        before = payment.minor
        after = available * before // figures.owed + (payment.name in figures.paid_up)
        payment.of.cut(
            payment.n, payment.code, Cut(f"budget for the {per}", before, after, available, figures.owed)
        )
