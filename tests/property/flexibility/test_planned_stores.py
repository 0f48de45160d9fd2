"""What the planner plans from the models' terms, the models then deliver: no limit is met on the way."""

import math
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from vpp.flexibility import battery, chiller, generator, thermal_store, ups
from vpp.flexibility.battery import BatteryParameters, BatteryState
from vpp.flexibility.chiller_curves import WATER_COOLED
from vpp.flexibility.chiller_plant import ChillerParameters, ChillerState, settled_kelvin
from vpp.flexibility.generator import GeneratorParameters, GeneratorState
from vpp.flexibility.planning.goal import Goal
from vpp.flexibility.planning.schedule import schedule
from vpp.flexibility.planning.terms import SiteTerms
from vpp.flexibility.thermal_store import ThermalStoreParameters, ThermalStoreState
from vpp.flexibility.ups import UpsParameters, UpsState

STEP = timedelta(minutes=15)
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
"""Each example is a mixed-integer program: a failure is told as it was found."""
COUNT = 12
EVENT = range(2, 6)
BESS = BatteryParameters(
    "bess", 1000.0, 400.0, 300.0, 0.85, 0.1, 0.9, 0.0, Decimal("0.05"), timedelta(seconds=1), 1.0
)
UPS = UpsParameters(
    "ups",
    1000.0,
    200.0,
    0.95,
    Decimal("0.1"),
    timedelta(seconds=1),
    1.0,
    1.0,
    autonomy=timedelta(minutes=15),
)
COOLING = ChillerParameters(
    "cooling", 1400.0, 5.5, WATER_COOLED, 40.0, 1000.0, 6.67, 60.0, Decimal("0.01"), timedelta(minutes=5), 1.0
)
TANK = ThermalStoreParameters(
    "tank",
    60.0,
    8.0,
    300.0,
    200.0,
    5.0,
    5.0,
    timedelta(minutes=5),
    Decimal("0.01"),
    timedelta(minutes=5),
    1.0,
)
DIESEL = GeneratorParameters("diesel", 500.0, 150.0, 0.01, Decimal("0.9"), 0.7, 1.0, is_enabled=True)


@settings(deadline=None, max_examples=40, phases=NO_SHRINKING)
@given(
    st.floats(0.1, 0.9),
    st.floats(0.6, 1.0),
    st.floats(0.0, 1.0),
    st.floats(0.0, 4.0),
    st.floats(100.0, 1500.0),
)
def test_the_models_deliver_what_was_planned(
    battery_ratio: float, ups_ratio: float, tank_ratio: float, warm_kelvin: float, target_kw: float
) -> None:
    bess = BatteryState(battery_ratio * 1000.0)
    backup = UpsState(ups_ratio * UPS.full_kwh, 800.0)
    hall = ChillerState(21.0, warm_kelvin, 1000.0, 29.4)
    cold = ThermalStoreState(tank_ratio * TANK.capacity_kwh, 300.0)
    diesel = GeneratorState(1500.0, 50.0)
    site = SiteTerms(
        step_hours=0.25,
        load_kw=(1600.0,) * COUNT,
        energy_price_per_kwh=(0.2,) * COUNT,
        import_limit_kw=(1900.0,) * COUNT,
        resources=(
            battery.terms(BESS, bess, COUNT, STEP),
            ups.terms(UPS, backup, COUNT, STEP),
            chiller.terms(COOLING, hall, COUNT, STEP),
            thermal_store.terms(TANK, cold, COUNT, STEP),
            generator.terms(DIESEL, diesel, COUNT, STEP),
        ),
    )
    owed = tuple(target_kw if n in EVENT else 0.0 for n in range(COUNT))
    baseline = tuple(1600.0 if n in EVENT else math.nan for n in range(COUNT))
    plan = schedule(site, Goal(baseline, owed, owed), time_limit_s=5.0)
    for n in range(COUNT):
        net = {key: plan.reduction_kw[key][n] - plan.increase_kw[key][n] for key in plan.reduction_kw}
        down = {key: max(0.0, kw) for key, kw in net.items()}
        up = {key: max(0.0, -kw) for key, kw in net.items()}
        changes = {}
        bess, changes["bess"] = battery.advance(
            BESS, bess, down["bess"], STEP, increase_kw=up["bess"], recovery_limit_kw=up["bess"]
        )
        backup, changes["ups"] = ups.advance(UPS, backup, down["ups"], STEP, recovery_limit_kw=up["ups"])
        hall, changes["cooling"] = chiller.advance(
            COOLING, hall, down["cooling"], STEP, increase_kw=up["cooling"], recovery_limit_kw=up["cooling"]
        )
        cold, changes["tank"] = thermal_store.advance(
            TANK, cold, down["tank"], STEP, increase_kw=up["tank"], recovery_limit_kw=up["tank"]
        )
        diesel, changes["diesel"] = generator.advance(DIESEL, diesel, down["diesel"], STEP)
        for key, change_kw in changes.items():
            if down[key] > 1e-3:
                assert change_kw == pytest.approx(-down[key], abs=1e-2), (key, n)
            assert change_kw <= up[key] + 1e-2, (key, n)
        assert bess.stored_kwh >= min(BESS.floor_kwh, battery_ratio * 1000.0) - 1e-6
        assert settled_kelvin(COOLING, hall) <= max(5.0, warm_kelvin) + 1e-6
