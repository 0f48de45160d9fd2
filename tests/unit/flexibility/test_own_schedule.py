from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from vpp.flexibility.battery import BatteryParameters, BatteryState
from vpp.flexibility.dr_on_top import on_top
from vpp.flexibility.own_schedule import own_schedule
from vpp.foundation.errors import InvalidInput

HOUR = timedelta(hours=1)
PARAMS = BatteryParameters(
    "bess", 100.0, 50.0, 50.0, 0.8, 0.0, 1.0, 0.0, Decimal("0.05"), timedelta(seconds=1), 0.95
)
EMPTY = BatteryState(0.0)
DAY = (0.2, 0.2, 0.2, 0.9, 0.9, 0.3, 0.3, 0.3, 1.0, 1.0)


def test_it_buys_cheap_sells_dear_and_ends_as_it_began() -> None:
    plan = own_schedule(PARAMS, EMPTY, DAY, HOUR, max_cycles=2)
    assert plan.discharge_kw == (0.0, 0.0, 0.0, 50.0, 50.0, 0.0, 0.0, 0.0, 50.0, 50.0)
    assert sum(plan.charge_kw) == pytest.approx(200.0 / 0.8)
    assert plan.stored_kwh[-1] == 0.0
    # 100 kWh at 0.9 and 100 at 1.0, less wear, less 125 kWh at 0.2 and 125 at 0.3
    assert plan.value == pytest.approx(0.85 * 100 + 0.95 * 100 - 125 * 0.2 - 125 * 0.3)


def test_one_cycle_takes_the_better_one() -> None:
    plan = own_schedule(PARAMS, EMPTY, DAY, HOUR, max_cycles=1)
    assert sum(plan.discharge_kw) == pytest.approx(100.0)
    assert plan.discharge_kw[8:] == (50.0, 50.0)


def test_it_keeps_the_floor_and_does_nothing_where_nothing_pays() -> None:
    floored = replace(PARAMS, backup_floor_kwh=40.0)
    plan = own_schedule(floored, BatteryState(100.0), (1.0, 1.0, 0.2, 0.2), HOUR, max_cycles=2)
    assert min(plan.stored_kwh) == 40.0
    assert plan.stored_kwh[-1] == 100.0
    flat = own_schedule(PARAMS, EMPTY, (0.5,) * 6, HOUR, max_cycles=2)
    assert (flat.value, set(flat.discharge_kw)) == (0.0, {0.0})
    assert own_schedule(PARAMS, EMPTY, DAY, HOUR, max_cycles=0).value == 0.0


def test_prices_that_are_missing_are_refused() -> None:
    with pytest.raises(InvalidInput, match="price_per_kwh"):
        own_schedule(PARAMS, EMPTY, (), HOUR, max_cycles=1)
    with pytest.raises(InvalidInput, match="price_per_kwh"):
        own_schedule(PARAMS, EMPTY, (float("nan"),), HOUR, max_cycles=1)
    with pytest.raises(InvalidInput, match="max_cycles is -1"):
        own_schedule(PARAMS, EMPTY, (1.0,), HOUR, max_cycles=-1)


def test_what_can_be_recharged_in_between_is_free_for_an_event() -> None:
    half = replace(PARAMS, max_charge_kw=100.0)
    plan = own_schedule(
        half, BatteryState(100.0), (0.5, 0.5, 0.5, 0.5, 1.0, 1.0, 0.2, 0.2), HOUR, max_cycles=1
    )
    assert plan.discharge_kw[4:6] == (50.0, 50.0)
    early = on_top(half, plan, DAY[:8], HOUR, first=0, count=1)
    assert early.free_kwh == pytest.approx(50.0)  # one hour at 50 kW, back at 80 kWh an hour
    late = on_top(half, plan, (0.5, 0.5, 0.5, 0.5, 1.0, 1.0, 0.2, 0.2), HOUR, first=3, count=1)
    assert late.free_kwh == 0.0
    assert (late.displaceable_kwh, late.displaced_value_per_kwh) == (50.0, 1.0)


def test_nothing_is_left_below_the_floor_or_above_the_power() -> None:
    plan = own_schedule(PARAMS, EMPTY, DAY, HOUR, max_cycles=2)
    during = on_top(PARAMS, plan, DAY, HOUR, first=8, count=2)
    assert (during.power_kw, during.free_kwh, during.displaceable_kwh) == ((0.0, 0.0), 0.0, 0.0)
