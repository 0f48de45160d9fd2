"""From adjustments that two people agreed to, to charges."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.settlement.account import Account, AccountKind
from vpp.settlement.adjustment import Adjustment, AdjustmentState
from vpp.settlement.charge import Charge
from vpp.settlement.charge_subject import ChargeSubject
from vpp.settlement.exact_units import MinorUnit
from vpp.settlement.line_code import LineCode
from vpp.settlement.run_terms import RunTerms
from vpp.settlement.site_delivery import SiteDelivery

MORE_THAN_A_MONTH = timedelta(days=32)


def adjustment_charges(
    period: str, deliveries: Sequence[SiteDelivery], run: RunTerms, adjustments: Sequence[Adjustment]
) -> Iterator[Charge]:
    """Charge the approved adjustments of a period.

    An adjustment stands at the first delivery that it is about and that concerns both its parties; one that
    is about none, at the period as a whole in UTC. It moves between the operator's account, the aggregator's
    for fees, and a site's or an owner's.

    Args:
        period: Settlement period, YYYY-MM.
        deliveries: Deliveries, of any period.
        run: What the run reckons by.
        adjustments: All that are known.

    Yields:
        One charge each, by adjustment id.

    Raises:
        InvalidInput: An adjustment's amount is not above 0 or finer than the minor unit, or its two parties
            are one.
    """
    operators = run.operator_party_ids | {delivery.operator_party_id for delivery in deliveries}
    for adjustment in sorted(adjustments, key=lambda each: each.adjustment_id):
        if adjustment.state is not AdjustmentState.APPROVED or adjustment.period != period:
            continue
        minor = _checked_minor(adjustment)
        about = _about(adjustment, deliveries, run)
        interval, local_start = _place(period, about)
        product = about[0].product if about else None

        owner = about[0].party_id if about and adjustment.site_id else ""

        def account(party_id: str, agreed: Adjustment = adjustment, owner: str = owner) -> Account:
            if party_id == run.aggregator_party_id:
                return Account(party_id, AccountKind.FEE, agreed.currency)
            # An operator may own a site as well, and sell there to another one.
            if party_id in operators and party_id != owner:
                return Account(party_id, AccountKind.OPERATOR, agreed.currency)
            return Account(party_id, AccountKind.SITE, agreed.currency, agreed.site_id)

        yield Charge(
            LineCode.ADJ_DISPUTE if adjustment.dispute_id else LineCode.ADJ_MANUAL,
            account(adjustment.payer_party_id),
            account(adjustment.payee_party_id),
            None,
            interval,
            local_start,
            MinorUnit(adjustment.currency).amount(minor),
            None,
            "",
            note=_reason(adjustment),
            subject=ChargeSubject(
                event_id=adjustment.event_id,
                site_id=adjustment.site_id,
                product_id=product.product_id if product else "",
                product_version=product.version if product else None,
                time_zone=about[0].time_zone if about else "UTC",
                adjustment_id=adjustment.adjustment_id,
            ),
        )


def _about(adjustment: Adjustment, deliveries: Sequence[SiteDelivery], run: RunTerms) -> list[SiteDelivery]:
    """Return what an adjustment is about: known to both its parties, so that each finds the same place."""
    concerned = {adjustment.payer_party_id, adjustment.payee_party_id} - {run.aggregator_party_id}
    return [
        delivery
        for delivery in deliveries
        if delivery.event_id == adjustment.event_id
        and adjustment.site_id in {"", delivery.site_id}
        and concerned <= {delivery.party_id, delivery.operator_party_id}
    ]


def _checked_minor(adjustment: Adjustment) -> int:
    """Return an adjustment's amount in minor units."""
    per_unit = MinorUnit(adjustment.currency).per_unit
    minor = int(adjustment.amount * per_unit)
    if minor <= 0 or minor != adjustment.amount * per_unit:
        raise InvalidInput(
            f"amount of {adjustment.adjustment_id} is {adjustment.amount} {adjustment.currency}, expected a "
            "whole number of minor units above 0",
            amount=str(adjustment.amount),
        )
    if adjustment.payer_party_id == adjustment.payee_party_id:
        raise InvalidInput(
            f"payer and payee of {adjustment.adjustment_id} are both {adjustment.payer_party_id}, "
            "expected two parties",
            party_id=adjustment.payer_party_id,
        )
    return minor


def _place(period: str, about: Sequence[SiteDelivery]) -> tuple[Interval, str]:
    """Return the interval that an adjustment stands at, and the civil time of its start."""
    if about:
        return about[0].delivery, about[0].local_starts[0]
    first = datetime.fromisoformat(f"{period}-01").replace(tzinfo=UTC)
    return Interval(first, (first + MORE_THAN_A_MONTH).replace(day=1)), first.isoformat()


def _reason(adjustment: Adjustment) -> str:
    """Say why, and who agreed."""
    answers = f"answers {adjustment.dispute_id}; " if adjustment.dispute_id else ""
    return (
        f"{adjustment.reason}; {answers}proposed by {adjustment.proposed_by}, approved by "
        f"{adjustment.decided_by}"
    )
