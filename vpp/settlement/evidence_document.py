"""Evidence as a document that is kept, hashed and handed out, and back again.

Canonical JSON in UTF-8: keys sorted, no spaces, floats with all their digits, gaps as null, exact numbers as
text, instants as ISO 8601 in UTC. Equal evidence gives equal bytes, and the bytes give equal evidence, to the
last bit of every float. What is read back may come from anybody, so every field is checked.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from vpp.foundation.direction import Direction
from vpp.foundation.errors import InvalidInput
from vpp.foundation.exact_numbers import is_sane
from vpp.foundation.interval import Interval
from vpp.portfolio.money_rules import PayRule
from vpp.settlement.evidence import (
    AggregateEvidence,
    AroundEvent,
    BaselineEvidence,
    MeterEvidence,
    SiteEvidence,
)
from vpp.settlement.evidence_fields import Fields
from vpp.settlement.site_delivery import EmissionFactor
from vpp.telemetry.quality import MeterQuality

SCHEMA_VERSION = 1


def evidence_document(evidence: SiteEvidence) -> bytes:
    """Write evidence as canonical JSON.

    Args:
        evidence: What settlement knows of a site in an event.

    Returns:
        UTF-8 bytes, the same for equal evidence.

    Raises:
        InvalidInput: A power is infinite.
    """
    document = {
        "schema_version": SCHEMA_VERSION,
        "event_id": evidence.event_id,
        "product_id": evidence.product_id,
        "product_version": evidence.product_version,
        "operator_party_id": evidence.operator_party_id,
        "site_id": evidence.site_id,
        "site_name": evidence.site_name,
        "party_id": evidence.party_id,
        "party_name": evidence.party_name,
        "time_zone": evidence.time_zone,
        "boundary": evidence.boundary,
        "span": [evidence.span.start.isoformat(), evidence.span.end.isoformat()],
        "direction": evidence.direction.value,
        "award_ids": evidence.award_ids,
        "dispatch_id": evidence.dispatch_id,
        "award_kw": _powers(evidence.award_kw),
        "target_kw": _powers(evidence.target_kw),
        "price_per_mwh": [str(price) for price in evidence.price_per_mwh],
        "price_basis": evidence.price_basis.value,
        "local_starts": evidence.local_starts,
        "make_whole": str(evidence.make_whole),
        "baseline": _baseline_document(evidence.baseline),
        "meter": _meter_document(evidence.meter),
        "around": {
            "before_kwh": _exact(evidence.around.before_kwh),
            "after_kwh": _exact(evidence.around.after_kwh),
        },
        "emission_factor": _factor_document(evidence.emission_factor),
        "read_at": None if evidence.read_at is None else evidence.read_at.isoformat(),
        "aggregate": _aggregate_document(evidence.aggregate),
        "notes": evidence.notes,
    }
    try:
        text = json.dumps(
            document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
    except ValueError as error:
        raise InvalidInput(
            f"evidence of {evidence.site_id} in {evidence.event_id} holds a power that is infinite, expected "
            "kW or a gap",
            site_id=evidence.site_id,
        ) from error
    return text.encode()


def evidence_digest(document: bytes) -> str:
    """Return the SHA-256 of a document, in hexadecimal.

    Example:
        >>> evidence_digest(b"{}")[:8]
        '44136fa3'
    """
    return hashlib.sha256(document).hexdigest()


def evidence_of(document: bytes) -> SiteEvidence:
    """Read evidence back from its document.

    Args:
        document: What `evidence_document` wrote.

    Returns:
        The evidence, equal to the one that was written.

    Raises:
        InvalidInput: It is not UTF-8 JSON, is of another schema, or a field is missing, unknown or not what
            was expected of it; the message names the field and its value.
    """
    try:
        content = json.loads(document.decode())
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise InvalidInput(f"evidence is not UTF-8 JSON: {error}") from error
    fields = Fields("evidence", content)
    if (version := fields.take("schema_version", int)) != SCHEMA_VERSION:
        raise InvalidInput(
            f"evidence is of schema {version}, expected {SCHEMA_VERSION}", schema_version=str(version)
        )
    count = len(local_starts := fields.texts("local_starts"))
    aggregate, factor = fields.part("aggregate"), fields.part("emission_factor")
    evidence = SiteEvidence(
        event_id=fields.text("event_id"),
        product_id=fields.text("product_id"),
        product_version=fields.take("product_version", int),
        operator_party_id=fields.text("operator_party_id"),
        site_id=fields.text("site_id"),
        site_name=fields.text("site_name"),
        party_id=fields.text("party_id"),
        party_name=fields.text("party_name"),
        time_zone=fields.text("time_zone"),
        boundary=fields.text("boundary"),
        span=fields.each("span", _span),
        direction=fields.each("direction", Direction),
        award_ids=fields.texts("award_ids"),
        dispatch_id=fields.text("dispatch_id"),
        award_kw=fields.powers("award_kw", count),
        target_kw=fields.powers("target_kw", count),
        price_per_mwh=fields.all("price_per_mwh", _decimal, count),
        price_basis=fields.each("price_basis", PayRule),
        local_starts=local_starts,
        make_whole=fields.each("make_whole", _decimal),
        baseline=_baseline_of(fields.promised("baseline"), count),
        meter=_meter_of(fields.promised("meter"), count),
        around=_around_of(fields.promised("around")),
        emission_factor=None if factor is None else _factor_of(factor),
        read_at=fields.each("read_at", _instant_or_none),
        aggregate=None if aggregate is None else _aggregate_of(aggregate, count),
        notes=fields.texts("notes"),
    )
    fields.finish()
    return evidence


def _baseline_document(baseline: BaselineEvidence) -> dict[str, Any]:
    return {
        "rule_id": baseline.rule_id,
        "rule_digest": baseline.rule_digest,
        "days_used": [day.isoformat() for day in baseline.days_used],
        "raw_kw": _powers(baseline.raw_kw),
        "adjusted_kw": _powers(baseline.adjusted_kw),
        "elsewhere_kw": _powers(baseline.elsewhere_kw),
        "loss_ratio": float(baseline.loss_ratio),
        "note": baseline.note,
        "remarks": baseline.remarks,
        "data_version": baseline.data_version,
    }


def _baseline_of(fields: Fields, count: int) -> BaselineEvidence:
    baseline = BaselineEvidence(
        rule_id=fields.text("rule_id"),
        rule_digest=fields.text("rule_digest"),
        days_used=fields.all("days_used", date.fromisoformat),
        raw_kw=fields.powers("raw_kw", count),
        adjusted_kw=fields.powers("adjusted_kw", count),
        elsewhere_kw=fields.powers("elsewhere_kw", count),
        loss_ratio=fields.number("loss_ratio"),
        note=fields.text("note"),
        remarks=fields.texts("remarks"),
        data_version=fields.text("data_version"),
    )
    fields.finish()
    return baseline


def _meter_document(meter: MeterEvidence) -> dict[str, Any]:
    return {
        "meter_id": meter.meter_id,
        "source": meter.source,
        "metered_kw": _powers(meter.metered_kw),
        "quality": [quality.name for quality in meter.quality],
        "data_version": meter.data_version,
        "device_kw": _powers(meter.device_kw),
        "flags": meter.flags,
    }


def _meter_of(fields: Fields, count: int) -> MeterEvidence:
    device_count = count if fields.has_items("device_kw") else 0
    meter = MeterEvidence(
        meter_id=fields.text("meter_id"),
        source=fields.text("source"),
        metered_kw=fields.powers("metered_kw", count),
        quality=fields.all("quality", MeterQuality.__members__.__getitem__, count),
        data_version=fields.take("data_version", int),
        device_kw=fields.powers("device_kw", device_count),
        flags=fields.texts("flags"),
    )
    fields.finish()
    return meter


def _aggregate_document(aggregate: AggregateEvidence | None) -> dict[str, Any] | None:
    if aggregate is None:
        return None
    return {
        "site_count": aggregate.site_count,
        "sum_of_baselines_kw": _powers(aggregate.sum_of_baselines_kw),
        "baseline_of_sum_kw": _powers(aggregate.baseline_of_sum_kw),
        "is_paid_by_sum": aggregate.is_paid_by_sum,
    }


def _aggregate_of(fields: Fields, count: int) -> AggregateEvidence:
    aggregate = AggregateEvidence(
        site_count=fields.take("site_count", int),
        sum_of_baselines_kw=fields.powers("sum_of_baselines_kw", count),
        baseline_of_sum_kw=fields.powers("baseline_of_sum_kw", count),
        is_paid_by_sum=fields.take("is_paid_by_sum", bool),
    )
    fields.finish()
    return aggregate


def _around_of(fields: Fields) -> AroundEvent:
    around = AroundEvent(
        fields.each("before_kwh", _decimal_or_none), fields.each("after_kwh", _decimal_or_none)
    )
    fields.finish()
    return around


def _factor_document(factor: EmissionFactor | None) -> dict[str, str] | None:
    return None if factor is None else {"kg_per_kwh": str(factor.kg_per_kwh), "source": factor.source}


def _factor_of(fields: Fields) -> EmissionFactor:
    factor = EmissionFactor(fields.each("kg_per_kwh", _decimal), fields.text("source"))
    fields.finish()
    return factor


def _powers(values_kw: Sequence[float]) -> list[float | None]:
    return [None if math.isnan(value) else float(value) for value in values_kw]


def _exact(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _decimal(text: str) -> Decimal:
    """Read an exact number; raises ValueError for anything else."""
    if type(text) is not str:  # whatever JSON can hold
        raise ValueError(text)
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(text) from error
    if not is_sane(number):
        raise ValueError(text)
    return number


def _decimal_or_none(text: str | None) -> Decimal | None:
    return None if text is None else _decimal(text)


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(text)
    return instant.astimezone(UTC)


def _instant_or_none(text: str | None) -> datetime | None:
    return None if text is None else _instant(text)


def _span(bounds: Sequence[str]) -> Interval:
    start, end = bounds
    return Interval(_instant(start), _instant(end))
