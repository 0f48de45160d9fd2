"""Readings that the hub had no room for wait as long as it asked, and are told of once."""

from datetime import UTC, datetime, timedelta

from google.protobuf.duration_pb2 import Duration

from vpp.agent.pacing import Pacing
from vpp.v1.session_pb2 import Refusal

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = NOON + timedelta(seconds=15)
HINT = Duration(seconds=15)


def test_readings_wait_until_the_hint_is_over_which_is_told_once() -> None:
    pacing = Pacing()
    assert not pacing.holds(NOON)
    pacing.refused(Refusal(refused_message="telemetry", telemetry_sequence=4, retry_delay=HINT), NOON)
    assert pacing.holds(LATER - timedelta(microseconds=1))
    assert not pacing.is_over(LATER - timedelta(microseconds=1))
    assert not pacing.holds(LATER)
    assert (pacing.is_over(LATER), pacing.is_over(LATER)) == (True, False)


def test_a_refusal_for_good_or_of_something_else_holds_nothing_back() -> None:
    pacing = Pacing()
    pacing.refused(Refusal(refused_message="telemetry", telemetry_sequence=4, reason="INVALID_INPUT"), NOON)
    pacing.refused(Refusal(refused_message="opt_out", retry_delay=HINT), NOON)
    assert not pacing.holds(NOON)
    assert not pacing.is_over(LATER)


def test_a_new_session_begins_anew() -> None:
    pacing = Pacing()
    pacing.refused(Refusal(refused_message="telemetry", retry_delay=HINT), NOON)
    pacing.reset()
    assert not pacing.holds(NOON)
    assert not pacing.is_over(LATER)
