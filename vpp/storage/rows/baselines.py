"""Baselines, the choice of their rules, and edited readings."""

import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import RowMapping as Row

from vpp.foundation.interval import Interval
from vpp.storage.repository import TableMapping, Values
from vpp.storage.rows.delivery import delivery_columns, delivery_of
from vpp.storage.tables.baselines import METER_EDITS, RULE_CHOICES
from vpp.storage.tables.dispatch import AGGREGATE_BASELINES, BASELINES
from vpp.workflows.baseline_records import (
    AggregateBaselineRecord,
    BaselineProvenance,
    MeterEdit,
    MeterEditsRecord,
    RuleChoiceRecord,
)
from vpp.workflows.records import BaselineRecord

PROVENANCE = (
    "rule_id",
    "rule_version",
    "rule_digest",
    "engine_version",
    "data_version",
    "adjustment_ratio",
    "capped",
    "inputs",
    "score",
)


def _baseline_row(baseline: BaselineRecord) -> Values:
    return {
        "event_id": baseline.event_id,
        "site_id": baseline.site_id,
        **delivery_columns(baseline.delivery),
        "method": baseline.method,
        "days_used": [day.isoformat() for day in baseline.days_used],
        "raw_kw": baseline.raw_kw,
        "adjustment_kw": baseline.adjustment_kw,
        "adjusted": baseline.adjusted,
        "adjusted_kw": baseline.adjusted_kw,
        "before_kw": baseline.before_kw or None,
        "after_kw": baseline.after_kw or None,
        **_provenance_columns(baseline.provenance),
    }


def _provenance_columns(provenance: BaselineProvenance | None) -> dict[str, Any]:
    if provenance is None:
        return dict.fromkeys((*PROVENANCE, "notes", "flags"))
    columns = {name: getattr(provenance, name) for name in PROVENANCE}
    return columns | {"notes": list(provenance.notes), "flags": [dict(flag) for flag in provenance.flags]}


def _baseline(row: Row) -> BaselineRecord:
    return BaselineRecord(
        event_id=row["event_id"],
        site_id=row["site_id"],
        delivery=delivery_of(row),
        method=row["method"],
        days_used=tuple(date.fromisoformat(day) for day in row["days_used"]),
        raw_kw=row["raw_kw"],
        adjustment_kw=row["adjustment_kw"],
        adjusted=row["adjusted"],
        adjusted_kw=row["adjusted_kw"],
        provenance=_provenance(row),
        before_kw=row["before_kw"] or (),
        after_kw=row["after_kw"] or (),
    )


def _provenance(row: Row) -> BaselineProvenance | None:
    if row["rule_id"] is None:  # made before rules had versions
        return None
    return BaselineProvenance(
        **{name: row[name] for name in PROVENANCE}, notes=tuple(row["notes"]), flags=tuple(row["flags"])
    )


def _aggregate_row(baseline: AggregateBaselineRecord) -> Values:
    return {
        "event_id": baseline.event_id,
        **delivery_columns(baseline.delivery),
        "method": baseline.method,
        "days_used": [day.isoformat() for day in baseline.days_used],
        "raw_kw": baseline.raw_kw,
        "adjustment_kw": baseline.adjustment_kw,
        "adjusted": baseline.adjusted,
        "adjusted_kw": baseline.adjusted_kw,
        "rule_id": baseline.rule_id,
        "rule_digest": baseline.rule_digest,
        "site_ids": list(baseline.site_ids),
        "data_version": baseline.data_version,
        "notes": list(baseline.notes),
    }


def _aggregate(row: Row) -> AggregateBaselineRecord:
    return AggregateBaselineRecord(
        event_id=row["event_id"],
        delivery=delivery_of(row),
        method=row["method"],
        days_used=tuple(date.fromisoformat(day) for day in row["days_used"]),
        raw_kw=row["raw_kw"],
        adjustment_kw=row["adjustment_kw"],
        adjusted=row["adjusted"],
        adjusted_kw=row["adjusted_kw"],
        rule_id=row["rule_id"],
        rule_digest=row["rule_digest"],
        site_ids=tuple(row["site_ids"]),
        data_version=row["data_version"],
        notes=tuple(row["notes"]),
    )


def _choice_row(choice: RuleChoiceRecord) -> Values:
    return {
        "choice_id": choice.choice_id,
        "site_id": choice.site_id,
        "product_id": choice.product_id,
        "product_version": choice.product_version,
        "season_id": choice.season_id,
        "baseline_id": choice.baseline_id,
        "rule_digest": choice.rule_digest,
        "recommended": choice.recommended,
        "reason": choice.reason,
        "scores": [dict(score) for score in choice.scores],
        "engine_version": choice.engine_version,
        "data_version": choice.data_version,
    }


def _choice(row: Row) -> RuleChoiceRecord:
    return RuleChoiceRecord(
        choice_id=row["choice_id"],
        site_id=row["site_id"],
        product_id=row["product_id"],
        product_version=row["product_version"],
        season_id=row["season_id"],
        baseline_id=row["baseline_id"],
        rule_digest=row["rule_digest"],
        recommended=row["recommended"],
        reason=row["reason"],
        scores=tuple(row["scores"]),
        engine_version=row["engine_version"],
        data_version=row["data_version"],
    )


def _edits_row(record: MeterEditsRecord) -> Values:
    return {
        "edits_id": record.edits_id,
        "site_id": record.site_id,
        "data_version": record.data_version,
        "step_s": record.step,
        "edits": [_edit_document(edit) for edit in record.edits],
        "editing_version": record.editing_version,
    }


def _edit_document(edit: MeterEdit) -> dict[str, Any]:
    return {
        "start": edit.span.start.isoformat(),
        "end": edit.span.end.isoformat(),
        "flag": edit.flag,
        "reason": edit.reason,
        "raw_kw": _gaps_as_none(edit.raw_kw),
        "edited_kw": _gaps_as_none(edit.edited_kw),
    }


def _edit(document: Mapping[str, Any]) -> MeterEdit:
    return MeterEdit(
        span=Interval(datetime.fromisoformat(document["start"]), datetime.fromisoformat(document["end"])),
        flag=document["flag"],
        reason=document["reason"],
        raw_kw=_none_as_gaps(document["raw_kw"]),
        edited_kw=_none_as_gaps(document["edited_kw"]),
    )


def _gaps_as_none(values_kw: tuple[float, ...]) -> list[float | None]:
    return [None if math.isnan(value) else value for value in values_kw]


def _none_as_gaps(values_kw: list[float | None]) -> tuple[float, ...]:
    return tuple(math.nan if value is None else value for value in values_kw)


def _edits(row: Row) -> MeterEditsRecord:
    return MeterEditsRecord(
        edits_id=row["edits_id"],
        site_id=row["site_id"],
        data_version=row["data_version"],
        step=row["step_s"],
        edits=tuple(_edit(document) for document in row["edits"]),
        editing_version=row["editing_version"],
    )


BASELINE_MAPPING = TableMapping(BASELINES, _baseline_row, _baseline, frozenset({"event_id", "site_id"}))
AGGREGATE_MAPPING = TableMapping(AGGREGATE_BASELINES, _aggregate_row, _aggregate, frozenset())
CHOICE_MAPPING = TableMapping(RULE_CHOICES, _choice_row, _choice, frozenset({"site_id", "product_id"}))
EDITS_MAPPING = TableMapping(METER_EDITS, _edits_row, _edits, frozenset({"site_id"}))
