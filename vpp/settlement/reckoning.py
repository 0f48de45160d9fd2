"""From a period's deliveries to every amount that anybody owes anybody.

Deliveries are judged (each interval, an event, or all its sites together), limited, paid, cut to caps and
budgets, and charged; then events are rounded and adjustments added. Each step is a part of its own, in whole
numbers, and the order in which deliveries come changes nothing.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.settlement.adjustment import Adjustment
from vpp.settlement.adjustment_charges import adjustment_charges
from vpp.settlement.amount_limits import cap_event_amount, cut_to_budgets
from vpp.settlement.charge import Charge
from vpp.settlement.event_rounding import rounding_charges
from vpp.settlement.exact_units import wh_of
from vpp.settlement.judging import judge_alone, judge_together
from vpp.settlement.pay_terms import PayTermsOf
from vpp.settlement.payment_limits import limit_payments
from vpp.settlement.run_terms import RunTerms
from vpp.settlement.shared_figures import GroupFigures, SharedFigures
from vpp.settlement.site_cells import SiteCells
from vpp.settlement.site_charges import accounts_of, site_charges, unsettled_because
from vpp.settlement.site_delivery import SiteDelivery
from vpp.settlement.site_payments import SitePayments

PERIOD = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Reckoning:
    """Everything that is owed for a period.

    Attributes:
        charges: In the statements' order: deliveries by time, event and site, their intervals by time and
            line code; then what rounding leaves over, by event, then adjustments.
        notes: What a person should know about the run, each once.
        shared: What sites' lines owe to other sites.
    """

    charges: tuple[Charge, ...]
    notes: tuple[str, ...]
    shared: SharedFigures


def reckon(
    period: str,
    deliveries: Sequence[SiteDelivery],
    *,
    run: RunTerms,
    adjustments: Sequence[Adjustment] = (),
    shared: SharedFigures | None = None,
) -> Reckoning:
    """Reckon a period.

    Args:
        period: Civil month in which delivery began at the site, YYYY-MM.
        deliveries: All deliveries of the period, with the readings as they are known; in any order. A
            delivery of another period is charged for in that one; here it only counts in the sums of its
            event, where sites are judged together or share a budget.
        run: What the run reckons by.
        adjustments: Adjustments; those that are approved and of this period are charged.
        shared: Figures of an earlier reckoning with all sites, in place of what would be summed, so that
            some sites' lines can be reckoned without the others. What rounding leaves over is then booked
            only of events that are said to be whole, as it rests on all their sites.

    Returns:
        The charges.

    Raises:
        InvalidInput: The period is no month, a site has two deliveries in one event, an energy is finer than
            0.001 kWh, or shared figures are given and lack an event or a budget.
    """
    if not PERIOD.fullmatch(period):
        raise InvalidInput(f"period is {period!r}, expected YYYY-MM", period=period)
    ordered = sorted(
        deliveries, key=lambda delivery: (delivery.delivery, delivery.event_id, delivery.site_id)
    )
    _check_single(ordered)
    cells, groups = _judged(ordered, run, None if shared is None else shared.groups)
    payments = []
    notes: list[str] = []
    for delivery, site in zip(ordered, cells, strict=True):
        if site.terms.is_limited:
            limit_payments(site)
        if unsettled := unsettled_because(delivery, run.aggregator_party_id):
            # It holds up nobody else; in what is judged together it has delivered all the same.
            notes.append(unsettled)
            continue
        counts_estimates = run.counts_estimates(delivery.event_id, delivery.site_id)
        paid = SitePayments(delivery, site, counts_estimates=counts_estimates)
        cap_event_amount(paid)
        payments.append(paid)
    budgets, cut_notes = cut_to_budgets(payments, period, None if shared is None else shared.budgets)
    own = [each for each in payments if each.delivery.settlement_period == period]
    charges: list[Charge] = []
    for each in own:
        charges += site_charges(each, accounts_of(each, run.aggregator_party_id))
    whole = [each for each in own if shared is None or each.delivery.event_id in shared.whole_event_ids]
    charges += rounding_charges(whole, run.aggregator_party_id)
    charges += adjustment_charges(period, ordered, run, adjustments)
    return Reckoning(tuple(charges), (*notes, *cut_notes, *_withheld(own)), SharedFigures(groups, budgets))


def _check_single(ordered: Sequence[SiteDelivery]) -> None:
    """Refuse a delivery that is there twice."""
    seen: set[tuple[str, str]] = set()
    for delivery in ordered:
        pair = (delivery.event_id, delivery.site_id)
        if pair in seen:
            raise InvalidInput(
                f"site {delivery.site_id} has two deliveries in event {delivery.event_id}",
                site_id=delivery.site_id,
                event_id=delivery.event_id,
            )
        seen.add(pair)


def _judged(
    ordered: Sequence[SiteDelivery],
    run: RunTerms,
    known: Mapping[tuple[str, Interval], GroupFigures] | None,
) -> tuple[list[SiteCells], dict[tuple[str, Interval], GroupFigures]]:
    """Judge all deliveries, in their order; with what was judged over several sites."""
    terms_of = PayTermsOf()
    cells = [
        SiteCells(
            delivery.intervals,
            delivery.price_per_mwh,
            terms_of(delivery.product),
            counts_estimates=run.counts_estimates(delivery.event_id, delivery.site_id),
        )
        for delivery in ordered
    ]
    together: dict[str, list[tuple[SiteDelivery, SiteCells]]] = {}
    for delivery, site in zip(ordered, cells, strict=True):
        if site.terms.by_aggregate:
            together.setdefault(delivery.event_id, []).append((delivery, site))
        elif site.terms.by_event:
            judge_together(delivery.event_id, [site], (), None)
        else:
            judge_alone(site)
    groups: dict[tuple[str, Interval], GroupFigures] = {}
    for event_id, pairs in together.items():
        pairs.sort(key=lambda pair: pair[1].site_id)
        groups |= judge_together(event_id, [site for _, site in pairs], _shift_wh(pairs[0][0]), known)
    return cells, groups


def _shift_wh(delivery: SiteDelivery) -> list[int]:
    """Return what the paid baseline of the sum lies above the sum of baselines, in the event's direction."""
    direction = delivery.product.call.direction
    return [
        0 if shift_kwh is None else direction.delivered(wh_of(shift_kwh), 0)
        for shift_kwh in delivery.aggregate_shift_kwh
    ]


def _withheld(own: Sequence[SitePayments]) -> Iterator[str]:
    """Say which events have intervals that are neither paid nor charged for."""
    for event_id, sharing in groupby(own, key=lambda each: each.delivery.event_id):
        counts = [sum(delivered is None for delivered in each.site.delivered_wh) for each in sharing]
        if any(counts):
            yield (
                f"{event_id}: {sum(counts)} intervals at {sum(map(bool, counts))} sites without usable data, "
                "neither paid nor charged for"
            )
