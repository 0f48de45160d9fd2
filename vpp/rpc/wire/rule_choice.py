"""Rules chosen, their scores, and edited readings on the wire."""

from collections.abc import Mapping
from typing import Any

from vpp.foundation.names import name
from vpp.rpc.wire.time_fields import interval_message, timestamp
from vpp.v1 import baseline_pb2, rule_choice_pb2
from vpp.workflows.baseline_records import MeterEdit, RuleChoiceRecord
from vpp.workflows.ports import Stored

FIGURES = (
    "event_count",
    "missing_count",
    "rrmse_ratio",
    "bias_ratio",
    "median_relative_error_ratio",
    "variability_ratio",
    "p90_absolute_error_ratio",
    "rmae_ratio",
    "raw_rrmse_ratio",
    "raw_bias_ratio",
)


def score_message(score: Mapping[str, Any]) -> rule_choice_pb2.RuleScore:
    """Write how well a rule fits a site."""
    return rule_choice_pb2.RuleScore(
        baseline_id=score["baseline_id"],
        version_number=score["rule_version"],
        rule_digest=score["rule_digest"],
        verified=score.get("verified", False),
        scored=score["scored"],
        passed=score["passed"],
        verdict=score["verdict"],
        **{figure: score[figure] for figure in FIGURES if score.get(figure) is not None},
    )


def choice_message(stored: Stored[RuleChoiceRecord]) -> rule_choice_pb2.RuleChoice:
    """Write by which rule a site is measured in a season."""
    record = stored.value
    return rule_choice_pb2.RuleChoice(
        site=name("sites", record.site_id),
        product=name("products", record.product_id),
        version_number=record.product_version,
        season=record.season_id,
        baseline_id=record.baseline_id,
        rule_digest=record.rule_digest,
        recommended=record.recommended,
        reason=record.reason,
        scores=[score_message(score) for score in record.scores],
        engine_version=record.engine_version,
        data_version=record.data_version or "",
        create_time=timestamp(stored.created_at),
    )


def edit_message(edit: MeterEdit) -> baseline_pb2.MeterEdit:
    """Write readings that were edited or flagged alike."""
    return baseline_pb2.MeterEdit(
        interval=interval_message(edit.span),
        flag=edit.flag,
        reason=edit.reason,
        raw_kw=edit.raw_kw,
        edited_kw=edit.edited_kw,
    )
