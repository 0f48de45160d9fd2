"""Scores of sites on the wire."""

from vpp.dispatch.site_score import ErrorSource, SiteScore
from vpp.foundation.names import name
from vpp.rpc.wire.time_fields import duration, timestamp
from vpp.v1 import event_pb2
from vpp.v1 import site_score_pb2 as pb


def score_message(score: SiteScore) -> pb.SiteScore:
    """Write one site's scores of one event."""
    is_known = score.error_source is not ErrorSource.NONE
    source = score.error_source.name if is_known else "UNSPECIFIED"
    return pb.SiteScore(
        site=name("sites", score.site_id),
        event=name("events", score.event_id),
        purpose=event_pb2.Event.Purpose.Value(f"PURPOSE_{score.purpose.name}"),
        delivery_start_time=timestamp(score.delivery_start_at),
        target_kw=score.target_kw,
        observability_ratio=score.observability_ratio,
        measurability_ratio=score.measurability_ratio,
        controllability_ratio=score.controllability_ratio,
        event_observed_ratio=score.event_observed_ratio,
        month_observed_ratio=score.month_observed_ratio,
        error_kw=score.error_kw,
        error_source=pb.SiteScore.ErrorSource.Value(f"ERROR_SOURCE_{source}"),
        doubtful_ratio=score.doubtful_ratio,
        reached_ratio=score.reached_ratio,
        response_delay=None if score.response_delay is None else duration(score.response_delay),
        full_delay=None if score.full_delay is None else duration(score.full_delay),
        ramp_kw_per_min=score.ramp_kw_per_min,
        steadiness_ratio=score.steadiness_ratio,
    )
