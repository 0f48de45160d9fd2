from dataclasses import replace
from datetime import UTC, datetime, timedelta

from vpp.dispatch.purpose import EventPurpose
from vpp.dispatch.site_score import ErrorSource, SiteScore
from vpp.rpc.wire.site_score import score_message
from vpp.v1 import site_score_pb2 as pb
from vpp.v1.event_pb2 import Event

SCORE = SiteScore(
    event_id="drill",
    site_id="north-1",
    purpose=EventPurpose.MANDATORY,
    delivery_start_at=datetime(2026, 3, 2, 17, tzinfo=UTC),
    target_kw=100.0,
    event_observed_ratio=0.9,
    month_observed_ratio=0.8,
    error_kw=5.0,
    error_source=ErrorSource.PLACEBO,
    doubtful_ratio=0.1,
    reached_ratio=0.7,
    response_delay=timedelta(seconds=60),
    full_delay=timedelta(seconds=90),
    ramp_kw_per_min=80.0,
    steadiness_ratio=0.0,
    observability_ratio=0.8,
    measurability_ratio=0.6,
    controllability_ratio=0.5,
)


def test_every_field_is_sent() -> None:
    message = score_message(SCORE)
    assert {field.name for field, _ in message.ListFields()} == set(pb.SiteScore.DESCRIPTOR.fields_by_name)
    assert message.purpose == Event.PURPOSE_MANDATORY
    assert message.error_source == pb.SiteScore.ERROR_SOURCE_PLACEBO
    assert (message.site, message.event) == ("sites/north-1", "events/drill")
    assert message.full_delay.ToTimedelta() == timedelta(seconds=90)
    assert message.HasField("steadiness_ratio")


def test_what_never_happened_is_absent_and_not_nought() -> None:
    never = replace(SCORE, response_delay=None, full_delay=None, ramp_kw_per_min=None, steadiness_ratio=None)
    message = score_message(never)
    absent = ("response_delay", "full_delay", "ramp_kw_per_min", "steadiness_ratio")
    assert not any(message.HasField(field) for field in absent)


def test_every_source_of_an_error_has_a_name_on_the_wire() -> None:
    sent = {score_message(replace(SCORE, error_source=source)).error_source for source in ErrorSource}
    assert sent == set(pb.SiteScore.ErrorSource.values())
