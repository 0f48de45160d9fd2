"""One line of a settlement statement, column for column."""

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from vpp.foundation.errors import InvalidInput
from vpp.portfolio.money_rules import PayRule
from vpp.settlement.charge import Charge
from vpp.settlement.delivery import MeasuredInterval
from vpp.settlement.entry import EntryKey
from vpp.settlement.exact_units import ZERO
from vpp.settlement.line_code import Flow, LineCode, flow_of
from vpp.settlement.performance import BandCode
from vpp.settlement.run_type import RunType
from vpp.settlement.site_delivery import EmissionFactor, SiteDelivery
from vpp.settlement.statement_head import StatementHead
from vpp.telemetry.quality import MeterQuality

MASS_STEP_KG = Decimal("0.001")


class StatementLine(NamedTuple):
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
        product_version: Version of its rules; None on an adjustment that is about no event.
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
            metered, for load_up metered less baseline; empty where the reading is BAD.
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
        adjustment_id: The adjustment that it books; empty on lines that rules give.
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
    product_version: int | None
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
    adjustment_id: str = ""

    @property
    def local_time(self) -> datetime:
        """Civil time of its start.

        Raises:
            InvalidInput: The file says something else than a time with an offset.
        """
        try:
            local = datetime.fromisoformat(self.local_start)
        except ValueError:
            local = None
        if local is None or local.tzinfo is None:
            raise InvalidInput(
                f"line {self.line_no} has local_start {self.local_start!r}, expected ISO 8601 with an offset",
                line_no=str(self.line_no),
            )
        return local

    @property
    def key(self) -> tuple[str, str, datetime, datetime, str, str]:
        """What the line settles; unique in a statement and the same in every version of it."""
        return (
            self.event_id,
            self.site_id,
            self.interval_start_utc,
            self.interval_end_utc,
            self.line_code.name,
            self.adjustment_id,
        )


def line_of(
    charge: Charge, line_no: int, head: StatementHead, *, booked_before: Decimal | None = None
) -> StatementLine:
    """Show a charge as one of its two parties sees it.

    Args:
        charge: The charge; the head's party is its payer or its payee.
        line_no: Number of the line in its statement.
        head: The statement.
        booked_before: What stands booked for the charge's key from its payer to its payee; None or 0 where
            nothing does.

    Returns:
        The line, its change the amount less what stood booked.
    """
    delivery, measured, judged = charge.delivery, charge.measured, charge.performance
    if delivery is None:
        return _line_without_delivery(charge, line_no, head, booked_before or ZERO)
    product, is_penalty = delivery.product, charge.code is LineCode.PENALTY
    amount = charge.amount
    delta = amount - booked_before if booked_before else amount
    if charge.payee.party_id != head.party_id:
        amount, delta = ZERO - amount, ZERO - delta
    factor = delivery.emission_factor if measured else None
    note = charge.note
    if measured and (delivery.baseline_note or delivery.meter_note):
        note = "; ".join(part for part in (note, delivery.baseline_note, delivery.meter_note) if part)
    # By position: matching nearly fifty names costs more than everything else here.
    return StatementLine(
        head.statement_id,
        head.version,
        head.run_type,
        line_no,
        charge.code,
        head.period,
        head.party_id,
        delivery.site_id,
        "",
        delivery.meter_id,
        delivery.boundary,
        product.product_id,
        product.version,
        delivery.event_id,
        " ".join(delivery.award_ids),
        delivery.dispatch_id,
        product.call.direction.value,
        charge.interval.start,
        charge.interval.end,
        charge.local_start,
        delivery.time_zone,
        measured.award_kw if measured else None,
        measured.target_kw if measured else None,
        (delivery.baseline_method or product.baseline.baseline_id) if measured else "",
        measured.baseline_raw_kwh if measured else None,
        measured.adjustment_kwh if measured else None,
        measured.baseline_kwh if measured else None,
        measured.metered_kwh if measured else None,
        measured.quality if measured else None,
        measured.delivered_kwh if measured else None,
        judged.payable_kwh if judged and measured else None,
        judged.band_code if judged and measured else None,
        charge.availability_kw_h,
        charge.price,
        charge.price_unit,
        delivery.price_basis if charge.code is LineCode.ENERGY else None,
        amount,
        head.currency,
        flow_of(amount),
        product.money.penalty_formula_id if is_penalty else "",
        judged.penalty_basis_kwh if judged and is_penalty else None,
        delta,
        head.prev_version,
        factor.kg_per_kwh if factor else None,
        _co2_kg(measured, factor),
        factor.source if factor else "",
        note,
        "",
    )


def line_taken_back(  # noqa: PLR0913  all but three by keyword
    key: EntryKey,
    line_no: int,
    head: StatementHead,
    *,
    booked_before: Decimal,
    delivery: SiteDelivery | None = None,
    local_start: str = "",
) -> StatementLine:
    """Show that something no longer applies: amount 0, so that all versions' changes add up.

    Nothing that could be summed stands on it.

    Args:
        key: What it settled.
        line_no: Number of the line in its statement.
        head: The statement.
        booked_before: What stood booked, positive where it was paid to the party; 0 where a version before
            has taken it back already.
        delivery: The site's delivery in that event, if there still is one.
        local_start: Civil time of the interval's start; UTC if empty and no interval of the delivery says it.

    Returns:
        The line, its change the opposite of what stood booked.
    """
    nothing = booked_before - booked_before
    start = key.interval.start
    if not local_start and delivery is not None:
        known = zip(delivery.intervals, delivery.local_starts, strict=True)
        local_start = next((local for each, local in known if each.interval.start == start), "")
    return _plain_line(
        key,
        line_no,
        head,
        delivery,
        (local_start or start.isoformat(), "" if local_start else "UTC"),
        (nothing, nothing - booked_before),
        "taken back: no longer applies",
    )


def _line_without_delivery(
    charge: Charge, line_no: int, head: StatementHead, booked_before: Decimal
) -> StatementLine:
    """Show an adjustment, or a rounding, that is about no measured delivery."""
    amount, delta = charge.amount, charge.amount - booked_before
    if charge.payee.party_id != head.party_id:
        amount, delta = ZERO - amount, ZERO - delta
    line = _plain_line(
        charge.key, line_no, head, None, (charge.local_start, charge.time_zone), (amount, delta), charge.note
    )
    return line._replace(
        price=charge.price,
        price_unit=charge.price_unit,
        product_id=charge.product_id,
        product_version=charge.product_version,
    )


def _plain_line(  # noqa: PLR0913, PLR0917  one argument per group of columns
    key: EntryKey,
    line_no: int,
    head: StatementHead,
    delivery: SiteDelivery | None,
    local: tuple[str, str],
    amounts: tuple[Decimal, Decimal],
    note: str,
) -> StatementLine:
    """Show amount and change of a key with what is known of it, and no quantity."""
    local_start, time_zone = local
    amount, delta = amounts
    return StatementLine(
        statement_id=head.statement_id,
        version=head.version,
        run_type=head.run_type,
        line_no=line_no,
        line_code=key.code,
        settlement_period=head.period,
        party_id=head.party_id,
        site_id=key.site_id,
        resource_id="",
        meter_id=delivery.meter_id if delivery else "",
        boundary=delivery.boundary if delivery else "",
        product_id=delivery.product.product_id if delivery else "",
        product_version=delivery.product.version if delivery else None,
        event_id=key.event_id,
        award_id=" ".join(delivery.award_ids) if delivery else "",
        dispatch_id=delivery.dispatch_id if delivery else "",
        direction=delivery.product.call.direction.value if delivery else "",
        interval_start_utc=key.interval.start,
        interval_end_utc=key.interval.end,
        local_start=local_start,
        tz=delivery.time_zone if delivery else time_zone,
        award_kw=None,
        target_kw=None,
        baseline_id="",
        baseline_raw_kwh=None,
        adjustment_kwh=None,
        baseline_kwh=None,
        metered_kwh=None,
        quality=None,
        delivered_kwh=None,
        payable_kwh=None,
        band_code=None,
        availability_kw_h=None,
        price=None,
        price_unit="",
        price_basis=None,
        amount=amount,
        currency=head.currency,
        flow=flow_of(amount),
        penalty_formula_id="",
        penalty_basis_kwh=None,
        delta_amount=delta,
        prev_version=head.prev_version,
        emission_factor_kg_per_kwh=None,
        co2_kg=None,
        ef_source="",
        note=note,
        adjustment_id=key.adjustment_id,
    )


def _co2_kg(measured: MeasuredInterval | None, factor: EmissionFactor | None) -> Decimal | None:
    """Estimate what an interval avoided, kg; negative where consumption was raised."""
    if measured is None or factor is None or measured.avoided_kwh is None:
        return None
    return (measured.avoided_kwh * factor.kg_per_kwh).quantize(MASS_STEP_KG, ROUND_HALF_UP) + ZERO
