r"""What rounding line by line leaves over against rounding an event once.

Where a product rounds `event`s, the operator owes for all sites of an event together

    R = round(sum of exact amounts)        energy, availability, make-whole, less penalties that it is paid

and the lines say `S`, the sum of the rounded amounts. The difference `R - S` goes from the operator to the
aggregator's rounding account, or back where it is below zero, so that the operator pays `R` in all.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from vpp.baseline.civil_clock import CivilClock
from vpp.foundation.interval import Interval
from vpp.settlement.account import Account, AccountKind
from vpp.settlement.charge import Charge
from vpp.settlement.charge_subject import ChargeSubject
from vpp.settlement.line_code import LineCode
from vpp.settlement.site_payments import SitePayments


def rounding_charges(payments: Sequence[SitePayments], aggregator_party_id: str) -> Iterator[Charge]:
    """Book what rounding left over, once per event that rounds as a whole.

    Args:
        payments: All payments of one period, in the statements' order.
        aggregator_party_id: Whose rounding account takes it.

    Yields:
        One charge per event with a difference, in the order of the events.
    """
    events: dict[str, list[SitePayments]] = {}
    for each in payments:
        if each.site.terms.rounds_events:
            events.setdefault(each.delivery.event_id, []).append(each)
    for event_id, sharing in events.items():
        terms, first = sharing[0].site.terms, sharing[0].delivery
        exact = sum((each.exactly_owed() for each in sharing), Fraction(0))
        lines = sum(_of_lines(each) for each in sharing)
        left = terms.unit.of(exact) - lines
        if not left:
            continue
        spans = [each.delivery.delivery for each in sharing]
        span = Interval(min(each.start for each in spans), max(each.end for each in spans))
        product = first.product
        yield Charge(
            LineCode.ROUNDING,
            Account(first.operator_party_id, AccountKind.OPERATOR, terms.currency),
            Account(aggregator_party_id, AccountKind.ROUNDING, terms.currency),
            None,
            span,
            CivilClock(product.time_zone).local_iso(span.start),
            terms.unit.amount(left),
            None,
            "",
            note=f"{terms.unit.amount(lines + left)} for the event as a whole, {terms.unit.amount(lines)} in "
            "its lines",
            subject=ChargeSubject(
                event_id=event_id,
                product_id=product.product_id,
                product_version=product.version,
                time_zone=product.time_zone,
            ),
        )


def _of_lines(payments: SitePayments) -> int:
    """Return what the lines of one delivery cost the operator, minor units."""
    site, unit = payments.site, payments.site.terms.unit
    owed = sum(payments.energy) + sum(payments.availability) + (payments.make_whole or 0)
    if site.terms.shortfall is None or site.terms.shortfall.is_kept_by_aggregator:
        return owed
    return owed - sum(
        unit.rounded(basis_wh, site.prices[n].penalty_micros) for n, basis_wh in enumerate(site.basis_wh)
    )
