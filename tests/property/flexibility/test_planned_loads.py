"""What is planned of a load that rests between uses, and of a tank filled upwards, can be done."""

import math
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from vpp.flexibility import interruptible_load, thermal_store
from vpp.flexibility.envelope import FlexDirection
from vpp.flexibility.interruptible_load import InterruptibleLoadParameters, InterruptibleLoadState
from vpp.flexibility.planning.goal import Goal
from vpp.flexibility.planning.schedule import schedule
from vpp.flexibility.planning.terms import SiteTerms
from vpp.flexibility.thermal_store import ThermalStoreParameters, ThermalStoreState

STEP = timedelta(minutes=15)
COUNT = 10
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
"""Each example is a mixed-integer program: a failure is told as it was found."""


@st.composite
def loads(draw: st.DrawFn) -> tuple[InterruptibleLoadParameters, InterruptibleLoadState]:
    longest = draw(st.integers(1, 6))
    params = InterruptibleLoadParameters(
        resource_id="cold",
        sheddable_ratio=draw(st.sampled_from([0.4, 1.0])),
        max_duration=longest * STEP,
        rest=draw(st.integers(0, 3)) * STEP,
        cost_per_kwh=Decimal("0.2"),
        response_time=timedelta(seconds=30),
        delivery_ratio=1.0,
        rebound_ratio=draw(st.sampled_from([0.0, 0.9, 1.5])),
        max_rebound_kw=50.0,
        is_block=draw(st.booleans()),
        min_duration=draw(st.integers(0, longest)) * STEP,
    )
    held = draw(st.integers(0, longest))
    rested = draw(st.none() | st.integers(0, 4).map(lambda count: count * STEP)) if held == 0 else None
    return params, InterruptibleLoadState(200.0, held_for=held * STEP, rested_for=rested)


@settings(deadline=None, max_examples=40, phases=NO_SHRINKING)
@given(loads(), st.floats(20.0, 250.0), st.integers(0, 4), st.integers(1, 6))
def test_a_load_does_what_was_planned_of_it(
    unit: tuple[InterruptibleLoadParameters, InterruptibleLoadState], target_kw: float, first: int, count: int
) -> None:
    params, state = unit
    site = SiteTerms(
        step_hours=0.25,
        load_kw=(600.0,) * COUNT,
        energy_price_per_kwh=(0.2,) * COUNT,
        import_limit_kw=(900.0,) * COUNT,
        resources=(interruptible_load.terms(params, state, COUNT, STEP),),
    )
    event = range(first, first + count)
    owed = tuple(target_kw if n in event else 0.0 for n in range(COUNT))
    baseline = tuple(600.0 if n in event else math.nan for n in range(COUNT))
    plan = schedule(site, Goal(baseline, owed, (math.inf,) * COUNT), time_limit_s=5.0)
    for n in range(COUNT):
        planned_kw = plan.reduction_kw["cold"][n]
        if planned_kw > 1e-3:
            state, change_kw = interruptible_load.advance(params, state, planned_kw, STEP)
            assert change_kw == pytest.approx(-planned_kw, abs=1e-2), n
        else:
            limit_kw = plan.increase_kw["cold"][n]
            state, change_kw = interruptible_load.advance(
                params, state, 0.0, STEP, recovery_limit_kw=limit_kw
            )
            assert change_kw == pytest.approx(limit_kw, abs=1e-2), n


@settings(deadline=None, max_examples=40, phases=NO_SHRINKING)
@given(st.floats(2.0, 6.0), st.floats(2.0, 6.0), st.floats(0.0, 1.0), st.floats(10.0, 120.0))
@example(4.445162441100136, 4.586923337511202, 0.11536662575113235, 96.00101232914723)
def test_a_tank_that_is_filled_for_a_surplus_has_room_for_all_but_what_it_gave_in_between(
    relieved_cop: float, charging_cop: float, stored_ratio: float, target_kw: float
) -> None:
    """What is given in between leaves room for as much less as filling takes less than relief saves."""
    params = ThermalStoreParameters(
        "tank",
        60.0,
        8.0,
        300.0,
        400.0,
        relieved_cop,
        charging_cop,
        timedelta(minutes=5),
        Decimal("0.01"),
        timedelta(minutes=5),
        1.0,
    )
    state = ThermalStoreState(stored_ratio * params.capacity_kwh, 300.0)
    site = SiteTerms(
        step_hours=0.25,
        load_kw=(600.0,) * COUNT,
        energy_price_per_kwh=(0.2,) * COUNT,
        import_limit_kw=(900.0,) * COUNT,
        resources=(thermal_store.terms(params, state, COUNT, STEP),),
    )
    goal = Goal((600.0,) * COUNT, (target_kw,) * COUNT, (math.inf,) * COUNT, FlexDirection.LOAD_UP)
    plan = schedule(site, goal, time_limit_s=5.0)
    hours, given_kwh, missing_kwh = STEP / timedelta(hours=1), 0.0, 0.0
    for n in range(COUNT):
        planned_kw = plan.increase_kw["tank"][n] - plan.reduction_kw["tank"][n]
        down_kw, up_kw = max(0.0, -planned_kw), max(0.0, planned_kw)
        state, change_kw = thermal_store.advance(
            params, state, down_kw, STEP, increase_kw=up_kw, recovery_limit_kw=up_kw
        )
        given_kwh += down_kw * hours
        missing_kwh += (planned_kw - change_kw) * hours
        excess_kwh = given_kwh * max(0.0, 1.0 - relieved_cop / charging_cop)
        assert -1e-2 <= missing_kwh <= excess_kwh + 1e-2, n
        assert change_kw == pytest.approx(planned_kw, abs=1e-2 + excess_kwh / hours), n
