"""A battery's own schedule is the best there is, and an event on top of it breaks nothing."""

import math
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from vpp.flexibility.battery import BatteryParameters, BatteryState
from vpp.flexibility.dr_on_top import on_top
from vpp.flexibility.own_schedule import OwnSchedule, own_schedule

HOUR = timedelta(hours=1)
PRICES = st.lists(st.integers(0, 100).map(lambda cents: cents / 100.0), min_size=2, max_size=14)


@st.composite
def batteries(draw: st.DrawFn) -> tuple[BatteryParameters, BatteryState]:
    capacity = draw(st.sampled_from([50.0, 100.0]))
    params = BatteryParameters(
        "bess",
        capacity,
        draw(st.sampled_from([20.0, 35.0, 100.0])),
        draw(st.sampled_from([20.0, 45.0, 100.0])),
        draw(st.sampled_from([0.7, 0.85, 0.95])),
        0.1,
        0.9,
        draw(st.sampled_from([0.0, 20.0])),
        Decimal("0.03"),
        timedelta(seconds=1),
        0.95,
    )
    share = draw(st.floats(0.0, 1.0))
    stored_kwh = params.floor_kwh + share * (params.ceiling_kwh - params.floor_kwh)
    return params, BatteryState(stored_kwh)


def best_value(params: BatteryParameters, state: BatteryState, prices: list[float], cycles: float) -> float:
    """Solve the schedule's program as a linear one."""
    count, ratio, wear = len(prices), params.round_trip_ratio, float(params.wear_cost_per_kwh)
    cost = np.array([wear - price for price in prices] + list(prices))  # discharges, then charges drawn
    level = np.hstack([-np.tril(np.ones((count, count))), ratio * np.tril(np.ones((count, count)))])
    rows = np.vstack([level, -level, -level[-1:], np.hstack([np.ones(count), np.zeros(count)])])
    limits = np.concatenate(
        [
            np.full(count, params.ceiling_kwh - state.stored_kwh),
            np.full(count, state.stored_kwh - params.floor_kwh),
            [0.0, cycles * (params.ceiling_kwh - params.floor_kwh)],
        ]
    )
    bounds = [(0.0, params.max_discharge_kw)] * count + [(0.0, params.max_charge_kw)] * count
    return -float(linprog(cost, A_ub=rows, b_ub=limits, bounds=bounds).fun)


def check(params: BatteryParameters, state: BatteryState, plan: OwnSchedule) -> None:
    stored = state.stored_kwh
    for discharge, charge, level in zip(plan.discharge_kw, plan.charge_kw, plan.stored_kwh, strict=True):
        assert min(discharge, charge) == 0.0
        stored += params.round_trip_ratio * charge - discharge
        assert level == pytest.approx(stored, abs=1e-6)
        assert params.floor_kwh - 1e-6 <= level <= params.ceiling_kwh + 1e-6
        assert discharge <= params.max_discharge_kw + 1e-6
        assert charge <= params.max_charge_kw + 1e-6
    assert stored >= state.stored_kwh - 1e-6


@settings(deadline=None, max_examples=50)
@given(batteries(), PRICES, st.sampled_from([0.5, 1.0, 2.0]))
def test_it_is_worth_as_much_as_the_linear_programs_answer(
    unit: tuple[BatteryParameters, BatteryState], prices: list[float], cycles: float
) -> None:
    params, state = unit
    plan = own_schedule(params, state, prices, HOUR, max_cycles=cycles)
    check(params, state, plan)
    assert plan.value == pytest.approx(best_value(params, state, prices, cycles), abs=1e-6)


@settings(deadline=None, max_examples=50)
@given(batteries(), PRICES, st.data())
def test_what_is_free_on_top_can_be_given_and_every_own_discharge_is_still_made(
    unit: tuple[BatteryParameters, BatteryState], prices: list[float], data: st.DataObject
) -> None:
    params, state = unit
    plan = own_schedule(params, state, prices, HOUR, max_cycles=2)
    first = data.draw(st.integers(0, len(prices) - 1))
    count = data.draw(st.integers(1, len(prices) - first))
    free = on_top(params, plan, prices, HOUR, first=first, count=count)
    left_kwh, stored = free.free_kwh, state.stored_kwh
    for n in range(len(prices)):
        extra = 0.0
        if first <= n < first + count:
            extra = min(left_kwh, free.power_kw[n - first])
            left_kwh -= extra
        charge = plan.charge_kw[n]
        if n >= first + count and plan.discharge_kw[n] == 0.0:  # recharge whatever has room
            room = (max(stored, plan.stored_kwh[n]) - stored) / params.round_trip_ratio
            charge = min(params.max_charge_kw, max(charge, room))
        stored += params.round_trip_ratio * charge - plan.discharge_kw[n] - extra
        assert stored >= params.floor_kwh - 1e-6
        assert plan.discharge_kw[n] + extra <= params.max_discharge_kw + 1e-6
    assert left_kwh == pytest.approx(0.0, abs=1e-6)


def cheapest_recharge(spare: list[float], prices: list[float], needed: list[float], total: float) -> float:
    """Solve for the cheapest recharge in time; return the dearest price it uses."""
    count = len(spare)
    rows = -np.tril(np.ones((count, count)))
    limits = [-max(0.0, kwh) for kwh in needed[:-1]] + [-min(max(0.0, total), sum(spare))]
    # A little of the index in the cost: of equal intervals either may be used.
    best = linprog(prices, A_ub=rows, b_ub=limits, bounds=[(0.0, kwh) for kwh in spare])
    used = [price for price, kwh in zip(prices, best.x, strict=True) if kwh > 1e-6]
    return max(used, default=0.0)


@settings(deadline=None, max_examples=50)
@given(batteries(), PRICES, st.data())
def test_recharging_is_priced_at_the_dearest_of_the_cheapest_intervals_that_are_in_time(
    unit: tuple[BatteryParameters, BatteryState], prices: list[float], data: st.DataObject
) -> None:
    params, state = unit
    prices = [price + 0.001 * n for n, price in enumerate(prices)]  # none the same: one answer
    plan = own_schedule(params, state, prices, HOUR, max_cycles=2)
    first = data.draw(st.integers(0, len(prices) - 2))
    free = on_top(params, plan, prices, HOUR, first=first, count=1)
    end = first + 1
    spare, least_sold = [0.0] * len(prices), math.inf
    for n in reversed(range(len(prices))):
        if plan.discharge_kw[n] > 0.0:
            least_sold = min(least_sold, prices[n])
        elif prices[n] / params.round_trip_ratio < least_sold:
            spare[n] = params.round_trip_ratio * (params.max_charge_kw - plan.charge_kw[n])
    needed = [free.free_kwh - (kwh - params.floor_kwh) for kwh in plan.stored_kwh[end:]]
    expected = cheapest_recharge(spare[end:], prices[end:], needed, free.free_kwh)
    assert free.recharged_at_per_kwh == pytest.approx(expected / params.round_trip_ratio, abs=1e-9)


@settings(deadline=None, max_examples=50)
@given(
    batteries(),
    st.lists(st.integers(-100, 100).map(lambda cents: cents / 100.0), min_size=2, max_size=14),
    st.sampled_from([0.5, 2.0]),
)
def test_prices_below_zero_are_used_and_break_nothing(
    unit: tuple[BatteryParameters, BatteryState], prices: list[float], cycles: float
) -> None:
    params, state = unit
    plan = own_schedule(params, state, prices, HOUR, max_cycles=cycles)
    check(params, state, plan)
    above = own_schedule(params, state, [max(0.0, price) for price in prices], HOUR, max_cycles=cycles)
    at_prices = sum(
        (price - 0.03) * sold - price * drawn
        for price, sold, drawn in zip(prices, above.discharge_kw, above.charge_kw, strict=True)
    )
    earned = sum(
        (price - 0.03) * sold - price * drawn
        for price, sold, drawn in zip(prices, plan.discharge_kw, plan.charge_kw, strict=True)
    )
    assert plan.value == pytest.approx(earned, abs=1e-6)
    assert plan.value >= min(0.0, at_prices) - 1e-6
    for n, price in enumerate(prices):  # what is paid for is taken as long as there is room for it
        if price < 0.0 and plan.discharge_kw[n] == 0.0:
            room_kwh = params.ceiling_kwh - max(plan.stored_kwh[n:])
            assert plan.charge_kw[n] >= params.max_charge_kw - 1e-6 or room_kwh <= 1e-6
