"""One line of a settlement statement, column for column."""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from vpp.portfolio.money_rules import PayRule
from vpp.settlement.charge import Charge
from vpp.settlement.line_code import Flow, LineCode, flow_of
from vpp.settlement.performance import ZERO, BandCode
from vpp.settlement.run_type import RunType
from vpp.telemetry.quality import MeterQuality

MASS_STEP_KG = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One line of a settlement statement; the fields are the columns of the file, in its order.

    Energies stand on ENERGY lines only, so that a column may be summed. None and the empty text
    mean that the column does not apply; they never mean zero.

    Attributes:
        statement_id: Statement it belongs to.
        version: Version of the statement.
        run_type: Why the version was written.
        line_no: Counts the lines from 1.
        line_code: What the line is for.
        settlement_period: Civil month, YYYY-MM.
        party_id: Party the statement is written for.
        site_id: Site that delivered.
        resource_id: Empty: sites are settled at their meter, not resource by resource.
        meter_id: Meter that was read.
        boundary: Where the meter sits; `poc` is the point of connection.
        product_id: Product.
        product_version: Version of its rules.
        event_id: Event.
        award_id: Award; several are joined by a space.
        dispatch_id: Instruction.
        direction: Which way consumption was asked to move.
        interval_start_utc: First instant of the interval.
        interval_end_utc: First instant after the interval.
        local_start: Civil time of its start, ISO 8601 with offset.
        tz: IANA name of the civil time.
        award_kw: Sold in that direction, kW.
        target_kw: Instructed in that direction, kW.
        baseline_id: Rule of the baseline, or the fallback that took its place.
        baseline_raw_kwh: Baseline before adjustment.
        adjustment_kwh: Same-day adjustment, signed.
        baseline_kwh: Baseline paid against.
        metered_kwh: Consumption.
        quality: How far the reading can be trusted.
        delivered_kwh: How far the meter moved in that direction, signed: for load_down baseline less
            metered, for load_up metered less baseline.
        payable_kwh: What of it is paid, after floor and cap.
        band_code: Where the delivery lies against the target.
        availability_kw_h: Awarded power times hours.
        price: What the basis is multiplied with.
        price_unit: Unit of the price; an amount per MWh is for 1000 kWh.
        price_basis: How the price was set.
        amount: Positive is paid to the party; a whole number of minor units.
        currency: ISO 4217 code.
        flow: PAYMENT or CHARGE, the sign of the amount in a word.
        penalty_formula_id: Rule of the penalty.
        penalty_basis_kwh: Shortfall charged for.
        delta_amount: Change against the version before; in version 1 the amount itself.
        prev_version: The version before; None in version 1.
        emission_factor_kg_per_kwh: Optional; an estimate, not a certificate.
        co2_kg: Consumption avoided times the factor, kg; negative where it was raised.
        ef_source: Where the factor comes from.
        note: What a reader needs to know.
    """

    statement_id: str
    version: int
    run_type: RunType
    line_no: int
    line_code: LineCode
    settlement_period: str
    party_id: str
    site_id: str
    resource_id: str
    meter_id: str
    boundary: str
    product_id: str
    product_version: int
    event_id: str
    award_id: str
    dispatch_id: str
    direction: str
    interval_start_utc: datetime
    interval_end_utc: datetime
    local_start: str
    tz: str
    award_kw: Decimal | None
    target_kw: Decimal | None
    baseline_id: str
    baseline_raw_kwh: Decimal | None
    adjustment_kwh: Decimal | None
    baseline_kwh: Decimal | None
    metered_kwh: Decimal | None
    quality: MeterQuality | None
    delivered_kwh: Decimal | None
    payable_kwh: Decimal | None
    band_code: BandCode | None
    availability_kw_h: Decimal | None
    price: Decimal | None
    price_unit: str
    price_basis: PayRule | None
    amount: Decimal
    currency: str
    flow: Flow
    penalty_formula_id: str
    penalty_basis_kwh: Decimal | None
    delta_amount: Decimal
    prev_version: int | None
    emission_factor_kg_per_kwh: Decimal | None
    co2_kg: Decimal | None
    ef_source: str
    note: str

    @property
    def key(self) -> tuple[str, str, datetime, datetime, str]:
        """What the line settles; unique in a statement and the same in every version of it."""
        return (
            self.event_id,
            self.site_id,
            self.interval_start_utc,
            self.interval_end_utc,
            self.line_code.name,
        )


def line_of(  # noqa: PLR0913  what all lines of a statement share, by keyword
    charge: Charge,
    line_no: int,
    *,
    statement_id: str,
    version: int,
    run_type: RunType,
    period: str,
    party_id: str,
) -> StatementLine:
    """Show a charge as one of its two parties sees it, as a line that no earlier version had.

    Args:
        charge: The charge.
        line_no: Number of the line in its statement.
        statement_id: The statement.
        version: Version of the statement.
        run_type: Why the version is written.
        period: Settlement period, YYYY-MM.
        party_id: Payer or payee of the charge.

    Returns:
        The line, its change equal to its amount.
    """
    delivery, measured, judged = charge.delivery, charge.measured, charge.performance
    is_penalty = charge.code is LineCode.PENALTY
    amount = charge.amount if charge.payee_party_id == party_id else ZERO - charge.amount
    factor = delivery.emission_factor if measured else None
    avoided_kwh = measured.avoided_kwh if measured else None
    co2_kg = None
    if factor and avoided_kwh is not None:
        co2_kg = (avoided_kwh * factor.kg_per_kwh).quantize(MASS_STEP_KG, ROUND_HALF_UP) + ZERO
    return StatementLine(
        statement_id=statement_id,
        version=version,
        run_type=run_type,
        line_no=line_no,
        line_code=charge.code,
        settlement_period=period,
        party_id=party_id,
        site_id=delivery.site_id,
        resource_id="",
        meter_id=delivery.meter_id,
        boundary=delivery.boundary,
        product_id=delivery.product.product_id,
        product_version=delivery.product.version,
        event_id=delivery.event_id,
        award_id=" ".join(delivery.award_ids),
        dispatch_id=delivery.dispatch_id,
        direction=delivery.product.call.direction.value,
        interval_start_utc=charge.interval.start,
        interval_end_utc=charge.interval.end,
        local_start=charge.local_start,
        tz=delivery.time_zone,
        award_kw=measured.award_kw if measured else None,
        target_kw=measured.target_kw if measured else None,
        baseline_id=(delivery.baseline_method or delivery.product.baseline.baseline_id) if measured else "",
        baseline_raw_kwh=measured.baseline_raw_kwh if measured else None,
        adjustment_kwh=measured.adjustment_kwh if measured else None,
        baseline_kwh=measured.baseline_kwh if measured else None,
        metered_kwh=measured.metered_kwh if measured else None,
        quality=measured.quality if measured else None,
        delivered_kwh=measured.delivered_kwh if measured else None,
        payable_kwh=judged.payable_kwh if judged and measured else None,
        band_code=judged.band_code if judged and measured else None,
        availability_kw_h=charge.availability_kw_h,
        price=charge.price,
        price_unit=charge.price_unit,
        price_basis=delivery.price_basis if charge.code is LineCode.ENERGY else None,
        amount=amount,
        currency=delivery.product.money.currency,
        flow=flow_of(amount),
        penalty_formula_id=delivery.product.money.penalty_formula_id if is_penalty else "",
        penalty_basis_kwh=judged.penalty_basis_kwh if judged and is_penalty else None,
        delta_amount=amount,
        prev_version=None,
        emission_factor_kg_per_kwh=factor.kg_per_kwh if factor else None,
        co2_kg=co2_kg,
        ef_source=factor.source if factor else "",
        note="; ".join(note for note in (charge.note, delivery.baseline_note if measured else "") if note),
    )
