"""Values of the wire as Python has them, and back: money, instants, spans."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.interval_pb2 import Interval as WireInterval
from google.type.money_pb2 import Money as WireMoney

from vpp.foundation.interval import Interval
from vpp.foundation.money import Money

_NANO = Decimal("1e-9")


def money_to_wire(amount: Decimal, currency: str) -> WireMoney:
    """Write an exact amount as units and nanos of one sign.

    Example:
        >>> money_to_wire(Decimal("-1.75"), "GBP").nanos
        -750000000
    """
    units = int(amount)
    return WireMoney(currency_code=currency, units=units, nanos=int((amount - units) / _NANO))


def money_from_wire(money: WireMoney) -> Money:
    """Read an exact amount.

    Example:
        >>> money_from_wire(WireMoney(currency_code="GBP", units=-1, nanos=-750_000_000)).amount
        Decimal('-1.750000000')
    """
    return Money(Decimal(money.units) + money.nanos * _NANO, money.currency_code)


def instant_to_wire(instant: datetime) -> Timestamp:
    """Write an aware-UTC instant."""
    stamp = Timestamp()
    stamp.FromDatetime(instant)
    return stamp


def instant_from_wire(stamp: Timestamp) -> datetime:
    """Read an instant as aware UTC."""
    return stamp.ToDatetime(tzinfo=UTC)


def interval_to_wire(interval: Interval) -> WireInterval:
    """Write a half-open span."""
    return WireInterval(start_time=instant_to_wire(interval.start), end_time=instant_to_wire(interval.end))


def interval_from_wire(interval: WireInterval) -> Interval:
    """Read a half-open span."""
    return Interval(instant_from_wire(interval.start_time), instant_from_wire(interval.end_time))


def span_from_wire(duration: Duration) -> timedelta:
    """Read a span."""
    return duration.ToTimedelta()


def energy_of(power_kw: Sequence[float], step: timedelta) -> float:
    """Add up the energy of a regular series, kWh.

    Example:
        >>> energy_of([100.0, 300.0], timedelta(minutes=15))
        100.0
    """
    return sum(power_kw) * (step / timedelta(hours=1))
