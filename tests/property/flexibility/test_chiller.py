"""A hall never warms too far or too fast, and all heat put into it is taken out again."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpp.flexibility import chiller, chiller_plant
from vpp.flexibility.chiller_curves import AIR_COOLED, WATER_COOLED, ChillerCurves
from vpp.flexibility.chiller_plant import ChillerParameters, ChillerState, hall_of, heat_kwh, settled_kelvin
from vpp.flexibility.inlet_envelope import inlet_limit_celsius

HOUR = timedelta(hours=1)
STEPS = st.integers(1, 3600).map(lambda seconds: timedelta(seconds=seconds))


@st.composite
def halls(draw: st.DrawFn) -> tuple[ChillerParameters, ChillerState]:
    it_load_kw = draw(st.floats(100.0, 20_000.0))
    params = ChillerParameters(
        resource_id="chiller",
        rated_capacity_kw=it_load_kw * draw(st.floats(0.8, 2.0)),
        reference_cop=draw(st.floats(2.0, 7.0)),
        curves=draw(st.sampled_from((WATER_COOLED, AIR_COOLED))),
        loop_water_m3=draw(st.floats(0.0, 400.0)),
        it_load_kw=it_load_kw,
        leaving_celsius=draw(st.floats(4.0, 15.0)),
        max_rebound_kw=draw(st.floats(0.0, 10_000.0)),
        wear_cost_per_kwh=Decimal("0.01"),
        response_time=timedelta(minutes=5),
        delivery_ratio=0.8,
        budget_kelvin=draw(st.floats(0.0, 8.0)),
    )
    state = ChillerState(
        course_celsius=draw(st.floats(18.0, 30.0)),
        deviation_kelvin=draw(st.floats(0.0, 4.0)),
        cooling_load_kw=it_load_kw * draw(st.floats(0.0, 1.2)),
        condenser_celsius=draw(st.floats(10.0, 45.0)),
    )
    return params, state


@settings(deadline=None)
@given(halls(), st.lists(st.floats(0.0, 5_000.0) | st.just(0.0), min_size=1, max_size=20), STEPS)
def test_no_command_warms_the_hall_too_far_or_too_fast(
    hall: tuple[ChillerParameters, ChillerState], commands_kw: list[float], step: timedelta
) -> None:
    params, state = hall
    limit_celsius = inlet_limit_celsius(params.equipment_class, params.policy_limit_celsius)
    most_kelvin = max(state.deviation_kelvin, min(params.budget_kelvin, limit_celsius - state.course_celsius))
    state = replace(state, loop_kelvin=state.deviation_kelvin)
    for command_kw in commands_kw:
        after, change_kw = chiller.advance(params, state, command_kw, step)
        for share in (0.25, 0.5, 0.75, 1.0):  # also inside the step, where the heat flow is constant
            loop_kw = (heat_kwh(params, after) - heat_kwh(params, state)) / (step / HOUR)
            _, air = hall_of(params, state).after(
                state.water_kelvin, state.deviation_kelvin, loop_kw, share * (step / HOUR)
            )
            assert air <= most_kelvin + 1e-9
            rate = abs(air - state.deviation_kelvin) / (share * (step / HOUR))
            assert rate <= params.rate_limit_k_per_hour + 1e-6
        assert settled_kelvin(params, after) <= most_kelvin + 1e-9  # so it stays there once it is left alone
        assert change_kw >= -command_kw
        assert change_kw <= params.max_rebound_kw + 1e-6
        state = after


@settings(deadline=None)
@given(halls(), STEPS)
def test_chillers_deliver_what_they_call_available(
    hall: tuple[ChillerParameters, ChillerState], step: timedelta
) -> None:
    params, state = hall
    promised_kw = chiller.available_kw(params, state, step)
    after, change_kw = chiller.advance(params, state, promised_kw, step)
    if promised_kw > 0.0:
        assert change_kw == -promised_kw
        # The heat the step put in is the cooling that the saved power would have done.
        before_kw = chiller_plant.electric_kw(params, state, state.cooling_load_kw)
        carried_kw = min(state.cooling_load_kw, chiller_plant.capacity_kw(params, state))
        cut_kw = carried_kw - chiller_plant.cooling_kw_at(params, state, before_kw - promised_kw)
        put_in_kwh = heat_kwh(params, after) - heat_kwh(params, state)
        assert put_in_kwh == pytest.approx(cut_kw * (step / HOUR), rel=1e-6, abs=1e-6)


@settings(deadline=None)
@given(halls(), st.integers(60, 900).map(lambda seconds: timedelta(seconds=seconds)))
def test_all_heat_comes_out_again_if_there_is_capacity(
    hall: tuple[ChillerParameters, ChillerState], step: timedelta
) -> None:
    params, state = hall
    taken_kwh = 0.0
    borrowed_kwh = state.deviation_kelvin * params.heat_capacity_kwh_per_k
    for _ in range(60):
        expected_kw = chiller.recovery_kw(params, state, step)
        after, change_kw = chiller.advance(params, state, 0.0, step)
        assert change_kw == expected_kw
        taken_kwh += heat_kwh(params, state) - heat_kwh(params, after)
        state = after
    left_kwh = heat_kwh(params, state)
    assert taken_kwh + left_kwh == pytest.approx(borrowed_kwh, abs=1e-6)
    spare_kw = chiller_plant.capacity_kw(params, state) - state.cooling_load_kw
    if spare_kw > 0.0 and params.max_rebound_kw > chiller_plant.full_power_kw(params, state):
        returned_kwh = min(
            borrowed_kwh, 60 * (step / HOUR) * min(spare_kw, 20.0 * params.heat_capacity_kwh_per_k)
        )
        assert taken_kwh >= returned_kwh - 1e-6


@given(st.floats(0.0, 1.0), st.sampled_from((WATER_COOLED, AIR_COOLED)))
def test_power_at_part_load_inverts(part_load_ratio: float, curves: ChillerCurves) -> None:
    power = curves.relative_power(part_load_ratio)
    back = curves.part_load_ratio_at(power)
    assert curves.relative_power(back) == pytest.approx(power, abs=1e-9)
    assert back >= part_load_ratio - 1e-9  # the most cooling that the power pays for
