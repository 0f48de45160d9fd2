"""Why a line of a statement is what it is: days, readings, rule, and the formula with its numbers in it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from vpp.foundation.errors import NotFound
from vpp.portfolio.product import ProductProfile
from vpp.settlement.adjustment import Adjustment
from vpp.settlement.bundle import Bundle
from vpp.settlement.charge import Charge
from vpp.settlement.evidence import SiteEvidence
from vpp.settlement.evidence_delivery import grid_of
from vpp.settlement.line_code import LineCode
from vpp.settlement.reckoned_energy import energy_steps
from vpp.settlement.reckoned_statement import ReckonedStatement, reckoned_statement
from vpp.settlement.reckoned_steps import steps
from vpp.settlement.statement_diff import CellChange, changed_cells
from vpp.settlement.statement_file import csv_pieces
from vpp.settlement.statement_line import StatementLine
from vpp.settlement.step import Step
from vpp.settlement.verification import CellFault, line_faults

CUT = "cut from"
"""What the notes of amounts say that a limit cut."""
MEANINGS = {
    LineCode.ENERGY: "payment for delivered energy",
    LineCode.AVAILABILITY: "payment for standing ready",
    LineCode.MAKE_WHOLE: "payment of what the price left uncovered of an accepted bid",
    LineCode.AGG_FEE: "the aggregator's share of the site's payments",
    LineCode.SITE_SHARE: "what the site's own price lies above the operator's",
    LineCode.PENALTY: "charge for a shortfall",
    LineCode.ADJ_DISPUTE: "adjustment that two people agreed to after a dispute",
    LineCode.ADJ_MANUAL: "adjustment that two people agreed to",
    LineCode.ROUNDING: "what rounding the event once leaves over against rounding its lines",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """One settlement interval of the event at the site; None is a gap.

    Attributes:
        start_utc: First instant.
        local_start: Civil time of it.
        baseline_raw_kw: Baseline before the same-day adjustment.
        baseline_kw: Baseline after it.
        elsewhere_kw: What counts for other events, taken off both.
        metered_kw: Mean power at the meter.
        device_kw: Output of a device with a meter of its own; None without one.
        quality: How far the reading can be trusted.
        award_kw: Sold.
        target_kw: Instructed.
        is_explained: Whether the line is about this interval.
    """

    start_utc: str
    local_start: str
    baseline_raw_kw: float | None
    baseline_kw: float | None
    elsewhere_kw: float | None
    metered_kw: float | None
    device_kw: float | None
    quality: str
    award_kw: float
    target_kw: float
    is_explained: bool


@dataclass(frozen=True, slots=True)
class BaselineFacts:
    """Where the baseline of a line comes from.

    Attributes:
        rule_id: The rule that made it.
        rule_name: Its name for people; empty where the product does not hold it.
        rule_digest: SHA-256 of the rule's content; empty if it was not kept.
        is_verified: Whether its values were checked against a source; None where the rule is not known.
        source: Where the rule comes from.
        days_used: Civil days that were averaged.
        loss_ratio: Losses between meter and network, multiplied last.
        data_version: SHA-256 of the readings that it was made from; empty if it was not kept.
        notes: What a reader must know.
    """

    rule_id: str
    rule_name: str
    rule_digest: str
    is_verified: bool | None
    source: str
    days_used: tuple[date, ...]
    loss_ratio: float
    data_version: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MeterFacts:
    """Which readings a line is paid by.

    Attributes:
        meter_id: The meter.
        source: `telemetry` or `revenue_meter`.
        data_version: Number of the newest batch of readings that was known.
        read_at: When the newest reading was received; empty if there is none.
        flags: What was noticed about the readings.
    """

    meter_id: str
    source: str
    data_version: int
    read_at: str
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChangeFacts:
    """How a line differs from what stood booked before, and why.

    Attributes:
        previous: The version before; empty for the first.
        booked_before: What stood booked for the line, as the party sees it.
        amount: What the line says now.
        delta: The change.
        cells: Cells that differ from the version before.
        reason: Why, in words.
    """

    previous: str
    booked_before: Decimal
    amount: Decimal
    delta: Decimal
    cells: tuple[CellChange, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a line is what it is.

    Attributes:
        line: The line as the evidence gives it.
        meaning: What it is for, in words.
        payer: Account that pays; empty where the line only takes something back.
        payee: Account that is paid.
        site_name: The site's name for people; empty where the line is about none.
        party_name: Its owner's.
        product_name: The product's.
        product_source: Where the product's rules come from.
        unverified_fields: Values of the product that were checked against no source.
        baseline: Where the baseline comes from; None where the line needs none.
        meter: Which readings count; None where the line needs none.
        readings: Every interval of the event at the site.
        around: Energy before and after the event, kWh, reported and never paid.
        steps: The formula with its numbers, step by step.
        adjustment: The adjustment, on lines of adjustments.
        change: What the line changes, and why.
        faults: What the statement's own file says otherwise.
    """

    line: StatementLine
    meaning: str
    payer: str
    payee: str
    site_name: str
    party_name: str
    product_name: str
    product_source: str
    unverified_fields: tuple[str, ...]
    baseline: BaselineFacts | None
    meter: MeterFacts | None
    readings: tuple[Reading, ...]
    around: tuple[Decimal | None, Decimal | None]
    steps: tuple[Step, ...]
    adjustment: Adjustment | None
    change: ChangeFacts
    faults: tuple[CellFault, ...]


def explain(csv_bytes: bytes, bundle: Bundle, line_no: int) -> Explanation:
    """Explain a line of a statement.

    Args:
        csv_bytes: The statement's file.
        bundle: Its bundle.
        line_no: Number of the line, from 1.

    Returns:
        The explanation, from the evidence; what the file says otherwise is in `faults`.

    Raises:
        NotFound: The statement has no such line.
        InvalidInput: A part of the bundle is missing or does not fit.
    """
    reckoned = reckoned_statement(bundle)
    if not 1 <= line_no <= len(reckoned.lines):
        raise NotFound(
            f"line is {line_no}, {bundle.head.statement_id} has lines 1 to {len(reckoned.lines)}",
            line=str(line_no),
        )
    line, charge = reckoned.lines[line_no - 1]
    evidence = reckoned.evidence_for(line.event_id, line.site_id)
    product = _product(bundle, line, evidence)
    faults = line_faults(csv_bytes, reckoned)
    return Explanation(
        line=line,
        meaning=MEANINGS[line.line_code],
        payer=charge.payer.account_id if charge else "",
        payee=charge.payee.account_id if charge else "",
        site_name=evidence.site_name if evidence else "",
        party_name=evidence.party_name if evidence else "",
        product_name=product.display_name if product else "",
        product_source=product.provenance.source if product else "",
        unverified_fields=product.provenance.unverified_fields if product else (),
        baseline=_baseline_facts(evidence, product) if evidence and product else None,
        meter=_meter_facts(evidence) if evidence else None,
        readings=_readings(evidence, product, line) if evidence and product else (),
        around=(evidence.around.before_kwh, evidence.around.after_kwh) if evidence else (None, None),
        steps=_all_steps(reckoned, line, charge, evidence),
        adjustment=_adjustment(bundle, line),
        change=_change(bundle, line, charge),
        faults=tuple(fault for fault in faults if fault.line_no == str(line_no)),
    )


def _all_steps(
    reckoned: ReckonedStatement, line: StatementLine, charge: Charge | None, evidence: SiteEvidence | None
) -> tuple[Step, ...]:
    """Tell the way from powers to the amount."""
    if charge is None:
        return ()
    found = steps(charge, reckoned.charges_for(line.event_id, line.site_id))
    is_measured = charge.performance is not None or charge.code is LineCode.AVAILABILITY
    if not is_measured or charge.delivery is None or evidence is None:
        return found
    n = next(n for n, each in enumerate(charge.delivery.intervals) if each.interval == charge.interval)
    return (*energy_steps(evidence, charge.delivery.intervals[n], n), *found)


def _product(bundle: Bundle, line: StatementLine, evidence: SiteEvidence | None) -> ProductProfile | None:
    wanted = (line.product_id, line.product_version)
    if evidence is not None:
        wanted = (evidence.product_id, evidence.product_version)
    return next((each for each in bundle.products if (each.product_id, each.version) == wanted), None)


def _baseline_facts(evidence: SiteEvidence, product: ProductProfile) -> BaselineFacts:
    baseline = evidence.baseline
    known = {rule.digest: rule for rule in (*product.baseline.rules, *product.baseline.named)}
    rule = known.get(baseline.rule_digest)
    if rule is None and not baseline.rule_digest and not baseline.rule_id:
        rule = product.baseline.rule
    notes = (baseline.note, *baseline.remarks)
    return BaselineFacts(
        rule_id=baseline.rule_id or product.baseline.baseline_id,
        rule_name=rule.display_name if rule else "",
        rule_digest=baseline.rule_digest,
        is_verified=rule.is_verified if rule else None,
        source=rule.source.title if rule else "",
        days_used=baseline.days_used,
        loss_ratio=baseline.loss_ratio,
        data_version=baseline.data_version,
        notes=tuple(note for note in notes if note),
    )


def _meter_facts(evidence: SiteEvidence) -> MeterFacts:
    meter = evidence.meter
    return MeterFacts(
        meter_id=meter.meter_id,
        source=meter.source,
        data_version=meter.data_version,
        read_at="" if evidence.read_at is None else evidence.read_at.isoformat(),
        flags=(*evidence.notes, *meter.flags),
    )


def _readings(evidence: SiteEvidence, product: ProductProfile, line: StatementLine) -> tuple[Reading, ...]:
    baseline, meter = evidence.baseline, evidence.meter
    return tuple(
        Reading(
            start_utc=interval.start.isoformat(),
            local_start=evidence.local_starts[n],
            baseline_raw_kw=_known(baseline.raw_kw, n),
            baseline_kw=_known(baseline.adjusted_kw, n),
            elsewhere_kw=_known(baseline.elsewhere_kw, n),
            metered_kw=_known(meter.metered_kw, n),
            device_kw=_known(meter.device_kw, n) if meter.device_kw else None,
            quality=meter.quality[n].name,
            award_kw=evidence.award_kw[n],
            target_kw=evidence.target_kw[n],
            is_explained=line.interval_start_utc <= interval.start < line.interval_end_utc,
        )
        for n, interval in enumerate(grid_of(evidence.span, product))
    )


def _known(values_kw: Sequence[float], n: int) -> float | None:
    return None if math.isnan(values_kw[n]) else values_kw[n]


def _adjustment(bundle: Bundle, line: StatementLine) -> Adjustment | None:
    return next((each for each in bundle.adjustments if each.adjustment_id == line.adjustment_id), None)


def _change(bundle: Bundle, line: StatementLine, charge: Charge | None) -> ChangeFacts:
    """Say what a line changes against what stood booked, and why."""
    cells: tuple[CellChange, ...] = ()
    if bundle.previous_csv and charge is not None:
        cells = changed_cells(bundle.previous_csv, b"".join(csv_pieces([line])))
    return ChangeFacts(
        previous=bundle.head.previous,
        booked_before=line.amount - line.delta_amount,
        amount=line.amount,
        delta=line.delta_amount,
        cells=cells,
        reason=_reason(bundle, line, charge, cells),
    )


def _reason(  # noqa: PLR0911  one return per reason
    bundle: Bundle, line: StatementLine, charge: Charge | None, cells: tuple[CellChange, ...]
) -> str:
    """Say why a line changes what stood booked."""
    previous = bundle.head.previous
    if not previous:
        return "this is the first version, so the whole amount is the change"
    if not line.delta_amount:
        causes = _causes(line, cells)
        but = f", though {causes[0]} other than in it" if causes else ""
        return f"the amount is that of {previous}{but}"
    if charge is None:
        return f"{previous} had an amount here that no longer applies"
    if line.adjustment_id:
        return "two people agreed to the adjustment after the version before"
    booked = bundle.booked_before.get(charge.key)
    if booked is None and not cells:  # a line without an amount has cells, though nothing stood booked for it
        return f"{previous} had no such line"
    if booked is not None and booked[:2] != (charge.payer, charge.payee):
        return "other accounts are concerned than before: what stood booked is taken back and booked anew"
    causes = _causes(line, cells)
    return f"{causes[0] if causes else 'what it is reckoned from is'} other than in {previous}"


def _causes(line: StatementLine, cells: tuple[CellChange, ...]) -> list[str]:
    """Return what differs, in words, the first cause first."""
    columns = {cell.column for cell in cells}
    causes = [words for needed, words in _CAUSES if columns & needed]
    if columns & {"amount"} and line.line_code in {LineCode.AGG_FEE, LineCode.SITE_SHARE}:
        causes.append("the payments that it rests on are")
    if any(CUT in text for cell in cells if cell.column == "note" for text in (cell.before, cell.after)):
        causes.append("how far a limit cuts it is")
    return causes


_CAUSES = (
    ({"product_version"}, "the event is settled under a corrected version of its product,"),
    ({"metered_kwh", "quality"}, "the readings are"),
    ({"baseline_kwh", "baseline_raw_kwh", "baseline_id"}, "the baseline is"),
    ({"award_kw", "target_kw", "price"}, "what was sold or instructed is"),
    ({"payable_kwh", "band_code", "penalty_basis_kwh"}, "how the delivery is judged is"),
    ({"availability_kw_h"}, "the readiness that counts is"),
)
"""Columns that differ, the first cause first, and what it means."""
