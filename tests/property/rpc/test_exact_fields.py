"""Amounts and instants survive the wire for every value that it can carry."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from vpp.rpc.wire.money_fields import amount, money
from vpp.rpc.wire.time_fields import duration, instant, span, timestamp

NANOS = st.integers(-(2**63) * 10**9 + 10**9, (2**63 - 1) * 10**9)


@given(NANOS)
def test_amounts(nanos: int) -> None:
    exact = Decimal(nanos).scaleb(-9)
    message = money(exact, "JPY")
    assert amount(message, "price") == exact
    assert message.units * 10**9 + message.nanos == nanos


@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)))  # noqa: DTZ001  the strategy wants naive bounds
def test_instants(naive: datetime) -> None:
    at = naive.replace(tzinfo=UTC)
    assert instant(timestamp(at), "start_time") == at


@given(st.timedeltas(-timedelta(days=3650), timedelta(days=3650)))
def test_spans(length: timedelta) -> None:
    assert span(duration(length), "sample_interval") == length
