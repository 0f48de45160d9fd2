from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from vpp.flexibility import battery
from vpp.flexibility.battery import BatteryParameters, BatteryState
from vpp.foundation.errors import InvalidInput

PARAMS = BatteryParameters(
    resource_id="bess",
    capacity_kwh=1000.0,
    max_discharge_kw=500.0,
    max_charge_kw=250.0,
    round_trip_ratio=0.8,
    min_soc_ratio=0.1,
    max_soc_ratio=0.9,
    backup_floor_kwh=300.0,
    wear_cost_per_kwh=Decimal("0.16"),
    response_time=timedelta(seconds=1),
    delivery_ratio=0.95,
)
HOUR = timedelta(hours=1)
TARIFF = Decimal("0.60")


def test_the_higher_floor_holds() -> None:
    assert PARAMS.floor_kwh == 300.0  # the site's backup, above 10 % of 1000 kWh
    assert replace(PARAMS, backup_floor_kwh=50.0).floor_kwh == 100.0


def test_recharge_pays_the_losses_and_stops_when_even() -> None:
    state, change_kw = battery.advance(PARAMS, BatteryState(900.0), 100.0, HOUR)
    assert (change_kw, state.owed_kwh) == (-100.0, 100.0)
    state, change_kw = battery.advance(PARAMS, state, 0.0, HOUR)
    assert change_kw == pytest.approx(125.0)  # 100 kWh / 0.8
    assert state == BatteryState(900.0)
    assert battery.advance(PARAMS, state, 0.0, HOUR) == (state, 0.0)


def test_a_command_beyond_the_means_is_delivered_as_far_as_they_reach() -> None:
    state, change_kw = battery.advance(PARAMS, BatteryState(400.0), 5000.0, HOUR)
    assert (change_kw, state.stored_kwh) == (-100.0, 300.0)


def test_below_its_floor_a_battery_offers_and_gives_nothing() -> None:
    low = BatteryState(200.0)
    assert battery.available_kw(PARAMS, low, HOUR) == 0.0
    assert battery.advance(PARAMS, low, 100.0, HOUR) == (low, 0.0)


def test_an_offer_states_power_energy_price_and_recovery() -> None:
    bid = battery.offer(PARAMS, BatteryState(900.0), 4, timedelta(minutes=30), tariff_per_kwh=TARIFF)
    assert bid is not None
    assert bid.reduction_kw == (500.0,) * 4
    assert bid.energy_limit_kwh == 600.0  # 900 - 300
    assert bid.price_per_mwh == Decimal("310.00")  # 0.16 wear + 0.60 x (1 / 0.8 - 1)
    assert bid.recovery_ratio == 1.25
    assert bid.recovery_intervals == 6  # 600 kWh x 1.25 / 250 kW = 3 h
    assert (bid.divisible, bid.delivery_ratio) == (True, 0.95)


def test_what_is_promised_elsewhere_is_not_offered() -> None:
    promised = BatteryState(900.0, committed_arbitrage_kwh=200.0, committed_dr_kwh=100.0)
    bid = battery.offer(PARAMS, promised, 4, HOUR, tariff_per_kwh=TARIFF)
    assert bid is not None
    assert bid.energy_limit_kwh == 300.0


def test_promising_more_than_is_held_is_refused() -> None:
    with pytest.raises(InvalidInput, match="expected at least the promised 1000"):
        battery.offer(PARAMS, BatteryState(900.0, committed_dr_kwh=700.0), 4, HOUR, tariff_per_kwh=TARIFF)


def test_the_envelope_is_that_of_a_full_window() -> None:
    envelope = battery.envelope(PARAMS, battery.rested(PARAMS))
    assert (envelope.p_max_kw, envelope.energy_budget_kwh) == (500.0, 600.0)
    assert envelope.recovery.duration == 3 * HOUR


@pytest.mark.parametrize(
    "changes",
    [
        {"capacity_kwh": 0.0},
        {"round_trip_ratio": 1.01},
        {"min_soc_ratio": 0.95},
        {"backup_floor_kwh": 1001.0},
        {"delivery_ratio": 0.0},
        {"max_charge_kw": float("nan")},
    ],
)
def test_impossible_parameters_are_refused(changes: dict[str, float]) -> None:
    with pytest.raises(InvalidInput, match=next(iter(changes))):
        replace(PARAMS, **changes)  # type: ignore[arg-type]


def test_negative_commands_and_empty_steps_are_refused() -> None:
    with pytest.raises(InvalidInput, match="reduction_kw is -1"):
        battery.advance(PARAMS, BatteryState(900.0), -1.0, HOUR)
    with pytest.raises(InvalidInput, match="step is 0:00:00"):
        battery.available_kw(PARAMS, BatteryState(900.0), timedelta(0))
    with pytest.raises(InvalidInput, match="interval_count is 0"):
        battery.offer(PARAMS, BatteryState(900.0), 0, HOUR, tariff_per_kwh=TARIFF)


def test_a_charge_can_be_ordered_up_to_the_ceiling() -> None:
    low = BatteryState(200.0, owed_kwh=50.0)
    kw = battery.available_increase_kw(PARAMS, low, HOUR)
    after, change_kw = battery.advance(PARAMS, low, 0.0, HOUR, increase_kw=10_000.0)
    assert change_kw == kw > 0.0
    assert after.stored_kwh <= PARAMS.ceiling_kwh
    assert after.owed_kwh == 0.0
    assert battery.available_increase_kw(PARAMS, battery.rested(PARAMS), HOUR) == 0.0
    assert battery.advance(PARAMS, low, 0.0, HOUR, increase_kw=100.0, recovery_limit_kw=30.0)[1] == 30.0
    with pytest.raises(InvalidInput, match="expected 0 beside a reduction"):
        battery.advance(PARAMS, low, 1.0, HOUR, increase_kw=1.0)


def test_what_is_promised_is_no_part_of_the_present_envelope() -> None:
    full = battery.rested(PARAMS)
    free = battery.envelope(PARAMS, full)
    sold = battery.envelope(PARAMS, replace(full, committed_dr_kwh=100.0))
    assert free.energy_budget_kwh - sold.energy_budget_kwh == pytest.approx(100.0)
    nothing = battery.envelope(PARAMS, replace(full, committed_dr_kwh=PARAMS.window_kwh))
    assert (nothing.p_max_kw, nothing.recovery.energy_kwh) == (0.0, 0.0)
    assert "promised" in nothing.why_not
