"""From one site's delivery to amounts between its owner, the operator and the aggregator."""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from vpp.foundation.errors import InvalidInput
from vpp.settlement.charge import Charge
from vpp.settlement.line_code import LineCode
from vpp.settlement.performance import (
    ZERO,
    BandCode,
    Performance,
    amount_of,
    assess,
    energy_of,
    settled_price,
)
from vpp.settlement.run_type import RunType
from vpp.settlement.site_delivery import SiteDelivery

ENERGY_STEP = Decimal("0.001")


def charges(
    delivery: SiteDelivery, run_type: RunType, *, operator_party_id: str, aggregator_party_id: str
) -> tuple[Charge, ...]:
    """Settle one site in one event.

    Per settlement interval: ENERGY always, AVAILABILITY if the product pays it, AGG_FEE if there
    is anything to share, PENALTY if there is a shortfall to charge. Then MAKE_WHOLE once, if owed.
    The fee is a share of the interval's rounded payments and is rounded once itself.

    Args:
        delivery: What the site sold, was told and delivered.
        run_type: Estimated readings count in INITIAL only.
        operator_party_id: Grid operator, who pays and is paid penalties.
        aggregator_party_id: Aggregator, who keeps the fee.

    Returns:
        The charges in order of time; within an interval in the order above.

    Raises:
        InvalidInput: The three parties are not three, or the product's rules cannot be settled.
    """
    parties = (delivery.party_id, operator_party_id, aggregator_party_id)
    if len(set(parties)) != len(parties):
        raise InvalidInput(
            f"site owner, operator and aggregator are {', '.join(parties)}, expected three parties",
            party_id=delivery.party_id,
        )
    judged = tuple(
        assess(measured, delivery.product.money, price, run_type)
        for measured, price in zip(delivery.intervals, delivery.price_per_mwh, strict=True)
    )
    booked: list[Charge] = []
    for n, performance in enumerate(judged):
        booked += _of_interval(delivery, n, performance, operator_party_id, aggregator_party_id)
    booked += _make_whole(delivery, judged, operator_party_id)
    return tuple(booked)


def _of_interval(
    delivery: SiteDelivery, n: int, performance: Performance, operator_party_id: str, aggregator_party_id: str
) -> Iterator[Charge]:
    """Settle one interval."""
    rules, measured, local_start = delivery.product.money, delivery.intervals[n], delivery.local_starts[n]
    per_mwh, owner = f"{rules.currency}/MWh", delivery.party_id
    paid = performance.energy.amount
    yield Charge(
        code=LineCode.ENERGY,
        payer_party_id=operator_party_id,
        payee_party_id=owner,
        delivery=delivery,
        interval=measured.interval,
        local_start=local_start,
        amount=paid,
        price=performance.price_per_mwh,
        price_unit=per_mwh,
        measured=measured,
        performance=performance,
        note=performance.note,
    )
    if rules.availability_price_per_kw_h > 0:
        # Without a trusted reading nothing shows that the power was available either.
        seen = performance.band_code is not BandCode.NO_DATA
        kw_h = energy_of(measured.award_kw, measured.interval).quantize(ENERGY_STEP, ROUND_HALF_UP)
        kw_h = kw_h if seen else ZERO
        price = settled_price(rules.availability_price_per_kw_h)
        availability = amount_of(kw_h * price, rules.currency).amount
        paid += availability
        yield Charge(
            code=LineCode.AVAILABILITY,
            payer_party_id=operator_party_id,
            payee_party_id=owner,
            delivery=delivery,
            interval=measured.interval,
            local_start=local_start,
            amount=availability,
            price=price,
            price_unit=f"{rules.currency}/kW.h",
            availability_kw_h=kw_h,
            note=performance.note,
        )
    fee = amount_of(rules.aggregator_fee_ratio * paid, rules.currency).amount
    if fee:
        yield Charge(
            code=LineCode.AGG_FEE,
            payer_party_id=owner,
            payee_party_id=aggregator_party_id,
            delivery=delivery,
            interval=measured.interval,
            local_start=local_start,
            amount=fee,
            price=rules.aggregator_fee_ratio,
            price_unit="ratio",
            note="share of the interval's energy and availability amounts",
        )
    if performance.penalty_basis_kwh:
        yield Charge(
            code=LineCode.PENALTY,
            payer_party_id=owner,
            payee_party_id=operator_party_id,
            delivery=delivery,
            interval=measured.interval,
            local_start=local_start,
            amount=performance.penalty.amount,
            price=performance.penalty_price_per_mwh,
            price_unit=per_mwh,
            performance=performance,
        )


def _make_whole(
    delivery: SiteDelivery, judged: tuple[Performance, ...], operator_party_id: str
) -> Iterator[Charge]:
    """Pay what the price left uncovered, in proportion to the payable share of the target.

    The clearing owes it for the bid's cost, and a site that delivered half bore half of that cost;
    paid in full whatever was delivered, it would reward accepted bids that stay away.
    """
    if not delivery.make_whole:
        return
    target_kwh = sum((energy_of(m.target_kw, m.interval) for m in delivery.intervals), ZERO)
    payable_kwh = sum((performance.payable_kwh for performance in judged), ZERO)
    exact = delivery.make_whole
    if payable_kwh < target_kwh or not target_kwh:
        exact = delivery.make_whole * payable_kwh / target_kwh if target_kwh else ZERO
    yield Charge(
        code=LineCode.MAKE_WHOLE,
        payer_party_id=operator_party_id,
        payee_party_id=delivery.party_id,
        delivery=delivery,
        interval=delivery.delivery,
        local_start=delivery.local_starts[0],
        amount=amount_of(exact, delivery.product.money.currency).amount,
        price=None,
        price_unit="",
        note=f"{delivery.make_whole:f} at full delivery; payable {payable_kwh:f} kWh of "
        f"{target_kwh.quantize(ENERGY_STEP, ROUND_HALF_UP):f} kWh target",
    )
