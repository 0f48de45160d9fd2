"""A site's report as one JSON document with stable keys; what is not known is null, with a reason."""

import math
from typing import Any

from vpp.agent.event_responses import EventResponse
from vpp.agent.resource_report import ResourceReport
from vpp.agent.site_report import DirectionReport, SiteReport
from vpp.cli.agent.report_kinds import responses_by_kind
from vpp.flexibility.flexibility_ladder import RUNGS
from vpp.flexibility.mosaic_numbers import MosaicNumbers
from vpp.flexibility.site_grade import GradeLetter, Known, NotKnownYet, Score
from vpp.flexibility.yearly_flexibility import FlexibilityTotals

REPORT_VERSION = 1


def report_document(report: SiteReport) -> dict[str, Any]:
    """Return a report as JSON-able values."""
    choices = report.choices
    return {
        "version": REPORT_VERSION,
        "site": report.site,
        "display_name": report.display_name,
        "made_at": report.made_at.isoformat(),
        "since": report.span.start.isoformat(),
        "until": report.span.end.isoformat(),
        "agent_runs": report.is_running,
        "flexibility_at": None if report.flexibility_at is None else report.flexibility_at.isoformat(),
        "grade": report.letter.value if isinstance(report.letter, GradeLetter) else None,
        "grade_not_known": report.letter.why if isinstance(report.letter, NotKnownYet) else "",
        "scores": {name: score_document(score) for name, score in report.scores.items()},
        "metering": {
            "boundary": "poc",
            "error_kw": None if report.error is None else report.error.error_kw,
            "source": "" if report.error is None else report.error.source,
            "observation_count": 0 if report.error is None else report.error.observation_count,
            "meter_class_ratio": choices.grade.meter_class_ratio,
        },
        "mosaic": {"load_down": _direction(report.down), "load_up": _direction(report.up)},
        "resources": [_resource(each) for each in report.resources],
        "kinds": [
            {
                "kind": each.kind,
                "resource_count": each.resource_count,
                "response_count": len(each.promises),
                "kept_count": each.kept_count,
                "promised_kw": each.promised_kw,
                "delivered_kw": each.delivered_kw,
                "p10_ratio": each.low_ratio,
                "p50_ratio": each.middle_ratio,
                "p90_ratio": each.high_ratio,
            }
            for each in responses_by_kind(report.resources)
        ],
        "headroom": _headroom(report),
        "release": {
            "released_kw": report.release.released_kw,
            "rebound_kw": report.release.rebound_kw,
            "recovering": list(report.release.resource_ids),
            "room_kw": _finite(report.release.room_kw),
            "warnings": list(report.release.warnings),
        },
        "events": [_event(each) for each in report.events],
        "totals": {
            "span": _totals(report.seen),
            "last_365_days": None if isinstance(report.year, NotKnownYet) else _totals(report.year),
            "last_365_days_not_known": report.year.why if isinstance(report.year, NotKnownYet) else "",
        },
        "choices": {
            "least_for_a": choices.grade.least_for_a,
            "least_for_b": choices.grade.least_for_b,
            "least_for_c": choices.grade.least_for_c,
            "fewest_responses": choices.grade.fewest_responses,
            "least_tried_ratio": choices.grade.least_tried_ratio,
            "reached_weight": choices.response.reached_weight,
            "promptness_weight": choices.response.promptness_weight,
            "steadiness_weight": choices.response.steadiness_weight,
            "slowest_response_s": choices.response.slowest_response.total_seconds(),
            "magnitude_span_s": choices.span.total_seconds(),
        },
    }


def score_document(score: Score) -> dict[str, Any]:
    """Return a score: its ratio is null where it is not known yet."""
    if isinstance(score, Known):
        return {"ratio": score.ratio, "observation_count": score.observation_count, "source": score.source}
    return {"ratio": None, "observation_count": score.observation_count, "source": score.why}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _numbers(numbers: MosaicNumbers) -> dict[str, float]:
    return {
        "magnitude_kw": numbers.magnitude_kw,
        "timing_s": numbers.timing_s,
        "duration_h": numbers.duration_h,
        "activations_per_year": numbers.activations_per_year,
        "hours_per_year": numbers.hours_per_year,
    }


def _direction(report: DirectionReport) -> dict[str, Any]:
    return {
        **_numbers(report.numbers),
        "added_up_kw": report.added_up_kw,
        "bound_kw": _finite(report.bound_kw),
        "rungs_s": [rung.total_seconds() for rung in RUNGS],
        "ladder": [
            {
                "resource_id": row.resource_id,
                "alone_kw": list(row.alone_kw),
                "together_kw": list(row.together_kw),
                "firm_kw": list(row.firm_kw),
            }
            for row in report.ladder
        ],
    }


def _resource(resource: ResourceReport) -> dict[str, Any]:
    confidence = None if resource.down is None else resource.down.confidence
    return {
        "resource_id": resource.resource_id,
        "kind": resource.kind,
        "health": resource.health or None,
        "load_down": None if resource.down is None else _numbers(resource.down_numbers),
        "load_up": None if resource.up is None else _numbers(resource.up_numbers),
        "promise_ratio": None if confidence is None else confidence.p10_ratio,
        "promise_is_learned": resource.is_learned,
        "controllability": score_document(resource.controllability),
        "measurability": score_document(resource.measurability),
        "response_count": len(resource.promises),
        "test_count": resource.test_count,
        "unclear_test_count": resource.unclear_count,
        "failed_command_count": resource.failed_count,
    }


def _headroom(report: SiteReport) -> dict[str, Any] | None:
    room = report.room
    if room is None:
        return None
    return {
        "import_limit_kw": room.limit_kw,
        "load_factor_ratio": room.load_factor_ratio,
        "peak_ratio": room.peak_ratio,
        "rebound_room_kw": room.rebound_room_kw,
        "biddable_kw": room.biddable_kw,
        "nameplate_kw": room.nameplate_kw,
        "covered_ratio": room.covered_ratio,
        "time_zone": report.time_zone,
        "by_hour": [
            {
                "hour": each.hour,
                "firm_kw": each.firm_kw,
                "middle_kw": each.middle_kw,
                "high_kw": each.high_kw,
                "reading_count": each.reading_count,
            }
            for each in report.hours
        ],
    }


def _event(event: EventResponse) -> dict[str, Any]:
    shown = event.response
    return {
        "event": event.event,
        "purpose": event.purpose.value,
        "direction": event.direction.value,
        "start": event.start.isoformat(),
        "end": event.end.isoformat(),
        "state": event.state,
        "promised_kw": event.promised_kw,
        "remark": event.remark,
        "delivered_kw": None if shown is None else shown.delivered_kw,
        "delivered_kwh": None if shown is None else shown.delivered_kwh,
        "metered_ratio": None if shown is None else shown.metered_ratio,
        "reached_ratio": None if shown is None else shown.reached_ratio,
        "full_delay_s": None
        if shown is None or shown.full_delay is None
        else shown.full_delay.total_seconds(),
        "steadiness_ratio": None if shown is None else shown.steadiness_ratio,
        "score": None if shown is None else shown.score,
    }


def _totals(totals: FlexibilityTotals) -> dict[str, float]:
    return {
        "activation_count": totals.activation_count,
        "hours": totals.hours,
        "reduced_kwh": totals.reduced_kwh,
        "raised_kwh": totals.raised_kwh,
    }
