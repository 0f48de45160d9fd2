"""Instants, spans and intervals on the wire. Python keeps microseconds; finer values are refused."""

from datetime import UTC, datetime, timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from google.type import interval_pb2

from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval

_NANOS_PER_MICROSECOND = 1000
_NANOS_PER_SECOND = 1_000_000_000
_SECONDS_PER_DAY = 86_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799
"""The years 1 to 9999."""


def instant(message: Timestamp, field: str) -> datetime:
    """Read an instant that must be exact: a bound, a deadline, the start of a series.

    Args:
        message: The instant on the wire.
        field: Its path in the request, for the error.

    Raises:
        InvalidInput: It is finer than a microsecond, or outside the years 1 to 9999.

    Example:
        >>> instant(Timestamp(seconds=0), "gate_closure_time").isoformat()
        '1970-01-01T00:00:00+00:00'
    """
    if message.nanos % _NANOS_PER_MICROSECOND:
        raise InvalidInput(
            f"{field} has {message.nanos} nanos, expected whole microseconds",
            field=field,
            nanos=str(message.nanos),
        )
    return clock_reading(message, field)


def clock_reading(message: Timestamp, field: str) -> datetime:
    """Read what somebody's clock showed; below a microsecond it is cut off.

    Raises:
        InvalidInput: It is outside the years 1 to 9999.
    """
    seconds, nanos = message.seconds, message.nanos
    if not (_FIRST_SECOND <= seconds <= _LAST_SECOND and 0 <= nanos < _NANOS_PER_SECOND):
        raise InvalidInput(
            f"{field} is {seconds} s {nanos} ns, expected an instant of the years 1 to 9999", field=field
        )
    return _EPOCH + timedelta(seconds=seconds, microseconds=nanos // _NANOS_PER_MICROSECOND)


def timestamp(at: datetime) -> Timestamp:
    """Write an instant."""
    since = at - _EPOCH
    return Timestamp(
        seconds=since.days * _SECONDS_PER_DAY + since.seconds,
        nanos=since.microseconds * _NANOS_PER_MICROSECOND,
    )


def span(message: Duration, field: str) -> timedelta:
    """Read a span of time.

    Raises:
        InvalidInput: It is finer than a microsecond, or longer than Python can hold.

    Example:
        >>> span(Duration(seconds=900), "sample_interval")
        datetime.timedelta(seconds=900)
    """
    if message.nanos % _NANOS_PER_MICROSECOND:
        raise InvalidInput(
            f"{field} has {message.nanos} nanos, expected whole microseconds",
            field=field,
            nanos=str(message.nanos),
        )
    try:
        return message.ToTimedelta()
    except (ValueError, OverflowError) as error:
        raise InvalidInput(f"{field} is {message.seconds} s, expected a shorter span", field=field) from error


def duration(length: timedelta) -> Duration:
    """Write a span of time."""
    message = Duration()
    message.FromTimedelta(length)
    return message


def interval(message: interval_pb2.Interval, field: str) -> Interval:
    """Read a half-open interval.

    Raises:
        InvalidInput: A bound is missing or inexact, or the end is not after the start.
    """
    for bound in ("start_time", "end_time"):
        if not message.HasField(bound):
            raise InvalidInput(f"{field}.{bound} is missing, expected an instant", field=f"{field}.{bound}")
    start = instant(message.start_time, f"{field}.start_time")
    end = instant(message.end_time, f"{field}.end_time")
    if end <= start:
        raise InvalidInput(
            f"{field}.end_time is {end.isoformat()}, expected after {start.isoformat()}",
            field=f"{field}.end_time",
        )
    return Interval(start, end)


def interval_message(value: Interval) -> interval_pb2.Interval:
    """Write a half-open interval."""
    return interval_pb2.Interval(start_time=timestamp(value.start), end_time=timestamp(value.end))
