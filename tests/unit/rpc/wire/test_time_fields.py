from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.interval_pb2 import Interval as IntervalMessage

from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.rpc.wire.time_fields import (
    clock_reading,
    duration,
    instant,
    interval,
    interval_message,
    span,
    timestamp,
)

NOON = datetime(2026, 3, 29, 12, 0, 0, 123456, tzinfo=UTC)


def test_instants_and_spans_come_back() -> None:
    assert instant(timestamp(NOON), "start_time") == NOON
    assert instant(timestamp(NOON), "start_time").utcoffset() == timedelta(0)
    for length in (timedelta(0), timedelta(microseconds=1), timedelta(days=365), -timedelta(seconds=1.5)):
        assert span(duration(length), "sample_interval") == length


def test_what_is_finer_than_a_microsecond_is_refused_where_it_matters() -> None:
    fine = Timestamp(seconds=1, nanos=1)
    with pytest.raises(InvalidInput, match="start_time has 1 nanos"):
        instant(fine, "start_time")
    assert clock_reading(fine, "agent_time") == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    with pytest.raises(InvalidInput, match="sample_interval has 999 nanos"):
        span(Duration(nanos=999), "sample_interval")


@pytest.mark.parametrize("seconds", [2**62, -(2**62), 253402300800])
def test_an_instant_that_python_cannot_hold_is_refused(seconds: int) -> None:
    with pytest.raises(InvalidInput, match="start_time is"):
        instant(Timestamp(seconds=seconds), "start_time")


def test_a_span_that_python_cannot_hold_is_refused() -> None:
    with pytest.raises(InvalidInput, match="sample_interval is"):
        span(Duration(seconds=2**62), "sample_interval")


def test_intervals_are_half_open_and_need_both_bounds() -> None:
    value = Interval(NOON, NOON + timedelta(hours=1))
    assert interval(interval_message(value), "delivery_interval") == value
    for missing in ("start_time", "end_time"):
        message = interval_message(value)
        message.ClearField(missing)
        with pytest.raises(InvalidInput, match=f"delivery_interval.{missing} is missing"):
            interval(message, "delivery_interval")


@pytest.mark.parametrize("length", [timedelta(0), -timedelta(seconds=1)])
def test_an_empty_interval_is_refused(length: timedelta) -> None:
    message = IntervalMessage(start_time=timestamp(NOON), end_time=timestamp(NOON + length))
    with pytest.raises(InvalidInput, match=r"delivery_interval\.end_time is"):
        interval(message, "delivery_interval")
