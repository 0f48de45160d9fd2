"""Between the wire's values and Python's, once, at the edge."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Protocol

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from vpp.foundation.direction import Direction
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.v1 import buyer_pb2

NANOS = 1_000_000_000


class WireInterval(Protocol):
    """The part of `google.type.Interval` that is read here; the type itself ships no stubs."""

    start_time: Timestamp
    end_time: Timestamp


class WireMoney(Protocol):
    """The part of `google.type.Money` that is used here; the type itself ships no stubs."""

    currency_code: str
    units: int
    nanos: int


def instant(value: Timestamp) -> datetime:
    """Return an instant, aware UTC.

    Raises:
        InvalidInput: It lies outside the years 1 to 9999.
    """
    try:
        return value.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(f"an instant of {value.seconds} s is no instant: {error}") from error


def timestamp(value: datetime) -> Timestamp:
    """Return the wire's form of an instant."""
    wire = Timestamp()
    wire.FromDatetime(value)
    return wire


def span(value: Duration) -> timedelta:
    """Return a span."""
    return value.ToTimedelta()


def duration(value: timedelta) -> Duration:
    """Return the wire's form of a span."""
    wire = Duration()
    wire.FromTimedelta(value)
    return wire


def interval(value: WireInterval) -> Interval:
    """Return a half-open interval.

    Raises:
        InvalidInput: It is empty, reversed, or no interval of instants.
    """
    return Interval(instant(value.start_time), instant(value.end_time))


def set_money(target: WireMoney, value: Decimal, currency: str) -> None:
    """Write an amount into a message's field.

    Example:
        >>> from vpp.v1.auction_pb2 import PriceStep
        >>> step = PriceStep(reduction_kw=10.0)
        >>> set_money(step.price_per_mwh, Decimal("12.5"), "GBP")
        >>> step.price_per_mwh.units, step.price_per_mwh.nanos
        (12, 500000000)
    """
    units = int(value)
    target.currency_code = currency
    target.units = units
    target.nanos = int((value - units) * NANOS)


def amount(value: WireMoney) -> Decimal:
    """Return an amount without its currency.

    Example:
        >>> from vpp.v1.auction_pb2 import PriceStep
        >>> step = PriceStep()
        >>> set_money(step.price_per_mwh, Decimal("12.5"), "GBP")
        >>> amount(step.price_per_mwh)
        Decimal('12.5')
    """
    return Decimal(value.units) + Decimal(value.nanos) / NANOS


def direction_of(value: buyer_pb2.Direction.ValueType) -> Direction:
    """Take a direction off the wire; one that is not given is down, as from hubs that know no other.

    Example:
        >>> direction_of(buyer_pb2.DIRECTION_UNSPECIFIED)
        <Direction.LOAD_DOWN: 'load_down'>
    """
    return Direction.LOAD_UP if value == buyer_pb2.DIRECTION_LOAD_UP else Direction.LOAD_DOWN


def wire_direction(value: Direction) -> buyer_pb2.Direction.ValueType:
    """Return the wire's form of a direction; down stays unsaid, as hubs that know no other expect."""
    if value is Direction.LOAD_UP:
        return buyer_pb2.DIRECTION_LOAD_UP
    return buyer_pb2.DIRECTION_UNSPECIFIED
