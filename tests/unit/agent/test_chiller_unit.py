"""A cooling plant as the agent sees it: how warm the loop is, where the plant shows it and where not."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from vpp.agent.chiller_unit import ChillerUnit
from vpp.flexibility import chiller
from vpp.flexibility.chiller_curves import WATER_COOLED
from vpp.flexibility.chiller_plant import ChillerParameters, ChillerState, settled_kelvin

PARAMS = ChillerParameters(
    "cooling",
    1200.0,
    5.5,
    WATER_COOLED,
    20.0,
    1000.0,
    6.67,
    100.0,
    Decimal("0.01"),
    timedelta(minutes=5),
    0.8,
)
MINUTE = timedelta(minutes=1)
CALM = {
    "available": 1.0,
    "reduction_kw": 0.0,
    "inlet_setpoint_celsius": 22.0,
    "inlet_temperature_celsius": 22.0,
    "it_load_kw": 1000.0,
    "condenser_celsius": 29.4,
}


def during(minutes: int) -> tuple[ChillerState, float]:
    """Carry a hall through some minutes of the largest cut."""
    state, change_kw = ChillerState(22.0, 0.0, 1000.0, 29.4, 0.0), 0.0
    for _ in range(minutes):
        state, change_kw = chiller.advance(PARAMS, state, 90.0, MINUTE)
    return state, -change_kw


def test_a_loop_that_is_shown_is_followed_from_its_undisturbed_course() -> None:
    unit = ChillerUnit(PARAMS)
    unit.observe(CALM | {"water_temperature_celsius": 8.4})
    assert unit.observed.loop_kelvin == 0.0
    truth, cut_kw = during(10)
    shown = {
        "reduction_kw": cut_kw,
        "inlet_temperature_celsius": 22.0 + truth.deviation_kelvin,
        "water_temperature_celsius": 8.4 + truth.water_kelvin,
    }
    unit.observe(CALM | shown)
    assert settled_kelvin(PARAMS, unit.observed) == pytest.approx(settled_kelvin(PARAMS, truth))
    assert unit.available_kw(unit.observed, MINUTE) == pytest.approx(
        chiller.available_kw(PARAMS, truth, MINUTE)
    )


def test_a_loop_that_is_still_warm_after_a_short_cut_is_not_taken_for_its_course() -> None:
    """Otherwise the heat of one short cut after the other would be forgotten, and the budget overdrawn."""
    unit = ChillerUnit(PARAMS)
    at = datetime(2026, 7, 1, 12, tzinfo=UTC)
    unit.observe(CALM | {"water_temperature_celsius": 8.4}, at)
    truth, _ = during(1)
    assert truth.deviation_kelvin < 0.2 < truth.water_kelvin
    held = {
        "inlet_temperature_celsius": 22.0 + truth.deviation_kelvin,
        "water_temperature_celsius": 8.4 + truth.water_kelvin,
    }
    unit.observe(CALM | held, at + MINUTE)  # released, and told not to recover yet
    assert settled_kelvin(PARAMS, unit.observed) == pytest.approx(settled_kelvin(PARAMS, truth))
    assert unit.recovery_kw(unit.observed, MINUTE) > 0.0
    unit.observe(CALM | held | {"reduction_kw": -30.0}, at + 2 * MINUTE)  # recovers
    assert unit.observed.loop_kelvin == pytest.approx(truth.water_kelvin)
    # Another leaving temperature is believed once it has stood for an hour; a colder loop at once.
    for minute in range(3, 70):
        unit.observe(CALM | {"water_temperature_celsius": 9.0}, at + minute * MINUTE)
    assert unit.observed.loop_kelvin == 0.0
    unit.observe(CALM | {"water_temperature_celsius": 8.0}, at + 70 * MINUTE)
    assert unit.observed.loop_kelvin == 0.0


def test_an_idle_instruments_noise_keeps_no_course_from_being_learnt() -> None:
    unit = ChillerUnit(PARAMS)
    unit.observe(CALM | {"water_temperature_celsius": 8.4, "reduction_kw": 0.3})
    assert unit.observed.loop_kelvin == 0.0


@pytest.mark.parametrize("water", [{}, {"water_temperature_celsius": 11.0}])
def test_an_agent_that_begins_in_the_middle_takes_the_loop_for_as_warm_as_the_cut_makes_it(
    water: dict[str, float],
) -> None:
    truth, cut_kw = during(10)
    unit = ChillerUnit(PARAMS)
    unit.observe(
        CALM | water | {"reduction_kw": cut_kw, "inlet_temperature_celsius": 22.0 + truth.deviation_kelvin}
    )
    guessed = settled_kelvin(PARAMS, unit.observed)
    assert guessed == pytest.approx(settled_kelvin(PARAMS, truth), abs=0.05)
    assert guessed > unit.observed.deviation_kelvin + 0.3  # more than the inlet alone would say


def test_it_offers_at_enrolment_what_an_undisturbed_hall_can_do_and_now_what_is_left() -> None:
    unit = ChillerUnit(PARAMS)
    unit.observe(CALM | {"inlet_temperature_celsius": 25.0})
    assert unit.present_envelope().energy_budget_kwh < 0.5 * unit.envelope().energy_budget_kwh
    assert unit.energy_kwh(unit.observed) == unit.present_envelope().energy_budget_kwh
    assert unit.available_increase_kw(unit.observed, MINUTE) == unit.recovery_kw(unit.observed, MINUTE) > 0.0
    after, increase_kw = unit.increase(unit.observed, 20.0, MINUTE)
    assert increase_kw == pytest.approx(20.0)
    assert settled_kelvin(PARAMS, after) < 3.0


def test_what_the_planner_sees_is_the_models_own_step() -> None:
    unit = ChillerUnit(PARAMS)
    unit.observe(CALM)
    step = timedelta(minutes=15)
    terms = unit.terms(unit.observed, 2, step, (Decimal("0.60"),) * 2)
    reduction_kw = terms.max_reduction_kw[0]
    after, change_kw = chiller.advance(PARAMS, unit.observed, reduction_kw, step)
    assert change_kw == -reduction_kw
    loop, settled = (gain * reduction_kw for gain in terms.gain_k_per_kw[0])
    # One gain for all cuts: the one that saves least per heat, so the plan is no colder than the hall.
    assert loop >= after.water_kelvin - 1e-6
    assert settled >= settled_kelvin(PARAMS, after) - 1e-6
    assert (loop, settled) == pytest.approx((after.water_kelvin, settled_kelvin(PARAMS, after)), rel=0.05)
    then, _ = chiller.advance(PARAMS, after, 0.0, step, recovery_limit_kw=0.0)
    held = (after.water_kelvin, settled_kelvin(PARAMS, after))
    decayed = [row[0] * held[0] + row[1] * held[1] for row in terms.decay[1]]
    assert decayed == pytest.approx([then.water_kelvin, settled_kelvin(PARAMS, then)])


def test_temperatures_beyond_the_curves_are_told_once(caplog: pytest.LogCaptureFixture) -> None:
    unit = ChillerUnit(PARAMS)
    for condenser_celsius in (29.4, 36.0, 37.0, 30.0, 38.0):
        unit.observe(CALM | {"condenser_celsius": condenser_celsius})
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2
    assert "condenser 36.0 C as 35.0 C: the curves cover no more" in told[0]
    assert "condenser 38.0 C" in told[1]
