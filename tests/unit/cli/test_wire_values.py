from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from vpp.cli.wire_values import (
    energy_of,
    instant_from_wire,
    instant_to_wire,
    interval_from_wire,
    interval_to_wire,
    money_from_wire,
    money_to_wire,
)
from vpp.foundation.interval import Interval

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize("text", ["0", "249.90", "-0.000000001", "-3.25", "999999999.999999999"])
def test_money_survives_the_wire(text: str) -> None:
    money = money_from_wire(money_to_wire(Decimal(text), "GBP"))
    assert (money.amount, money.currency) == (Decimal(text), "GBP")


def test_units_and_nanos_never_differ_in_sign() -> None:
    wire = money_to_wire(Decimal("-0.5"), "GBP")
    assert (wire.units, wire.nanos) == (0, -500_000_000)


def test_times_survive_the_wire() -> None:
    span = Interval(NOON, NOON + timedelta(minutes=15))
    assert instant_from_wire(instant_to_wire(NOON)) == NOON
    assert interval_from_wire(interval_to_wire(span)) == span


def test_energy_is_power_times_hours() -> None:
    # 4 quarters of an hour at 1000 kW are 1000 kWh.
    assert energy_of([1000.0] * 4, timedelta(minutes=15)) == 1000.0
