"""The tables of the domain reference, recomputed from the published data they came from."""

from datetime import timedelta
from decimal import Decimal

import pytest

from vpp.flexibility import chiller
from vpp.flexibility.cap_response import mean_loss_ratio
from vpp.flexibility.chiller_curves import AIR_COOLED, WATER_COOLED, ChillerCurves
from vpp.flexibility.chiller_plant import ChillerParameters, ChillerState, settled_kelvin
from vpp.flexibility.frequency_trigger import required_full_response
from vpp.flexibility.job_class import JobClass
from vpp.flexibility.reservation_cost import wear_cost_per_kwh
from vpp.flexibility.ups import UpsParameters, usable_kwh


@pytest.mark.parametrize(
    ("autonomy_min", "load_kw", "expected_kwh"),
    [(5, 1000.0, 33), (5, 600.0, 53), (10, 1000.0, 117), (10, 600.0, 137)],
)
def test_usable_energy_of_a_ups_per_mw(autonomy_min: int, load_kw: float, expected_kwh: int) -> None:
    # 1000 kW x autonomy - load x 3 min: for example 83.3 - 50 = 33.3 kWh.
    unit = UpsParameters(
        "ups",
        1000.0,
        500.0,
        0.95,
        Decimal(0),
        timedelta(seconds=1),
        0.9,
        1.0,
        timedelta(minutes=autonomy_min),
    )
    assert round(usable_kwh(unit, load_kw)) == expected_kwh


@pytest.mark.parametrize(
    ("curves", "part_load_ratio", "expected"),
    [
        (WATER_COOLED, 0.25, 0.76),
        (WATER_COOLED, 0.50, 1.01),
        (WATER_COOLED, 0.75, 1.04),
        (AIR_COOLED, 0.25, 0.79),
        (AIR_COOLED, 0.50, 0.96),
        (AIR_COOLED, 0.75, 1.00),
    ],
)
def test_relative_cop_at_part_load(curves: ChillerCurves, part_load_ratio: float, expected: float) -> None:
    assert curves.relative_part_load_cop(part_load_ratio) == pytest.approx(expected, abs=0.0051)


@pytest.mark.parametrize(
    ("curves", "condenser_celsius", "expected"),
    [
        (WATER_COOLED, 24.0, 1.12),
        (WATER_COOLED, 27.0, 1.06),
        (WATER_COOLED, 32.0, 0.94),
        (WATER_COOLED, 35.0, 0.88),
        (AIR_COOLED, 15.0, 1.65),
        (AIR_COOLED, 25.0, 1.33),
        (AIR_COOLED, 30.0, 1.16),
        (AIR_COOLED, 40.0, 0.86),
        (AIR_COOLED, 45.0, 0.74),
    ],
)
def test_relative_cop_by_condenser_temperature(
    curves: ChillerCurves, condenser_celsius: float, expected: float
) -> None:
    assert curves.relative_cop(6.67, condenser_celsius) == pytest.approx(expected, abs=0.0051)


@pytest.mark.parametrize(
    ("curves", "condenser_celsius", "expected_percent"),
    [
        (WATER_COOLED, 24.0, 1.2),
        (WATER_COOLED, 29.4, 1.8),
        (WATER_COOLED, 35.0, 2.2),
        (AIR_COOLED, 20.0, 1.8),
        (AIR_COOLED, 35.0, 2.3),
        (AIR_COOLED, 40.0, 2.4),
    ],
)
def test_power_saved_per_kelvin_of_warmer_water(
    curves: ChillerCurves, condenser_celsius: float, expected_percent: float
) -> None:
    saved_percent = 100.0 * curves.saved_per_kelvin_ratio(condenser_celsius, 7.0, 10.0)
    # The reference rounds; its 2.2 at 35 Celsius is 2.145 when recomputed.
    assert saved_percent == pytest.approx(expected_percent, abs=0.06)


def test_steady_setpoint_potential_per_mw() -> None:
    # 1000 kW / 5.5 = 182 kW, 1.8 % of it per K; 1000 / 3.2 = 312 kW, 2.3 % per K.
    assert 1000.0 / 5.5 * WATER_COOLED.saved_per_kelvin_ratio(29.4, 7.0, 10.0) == pytest.approx(3.2, abs=0.05)
    assert 1000.0 / 3.2 * AIR_COOLED.saved_per_kelvin_ratio(35.0, 7.0, 10.0) == pytest.approx(7.3, abs=0.05)


def hall(loop_water_m3: float, budget_kelvin: float) -> ChillerParameters:
    return ChillerParameters(
        resource_id="chiller",
        rated_capacity_kw=1000.0,
        reference_cop=5.5,
        curves=WATER_COOLED,
        loop_water_m3=loop_water_m3,
        it_load_kw=1000.0,
        leaving_celsius=6.67,
        max_rebound_kw=100.0,
        wear_cost_per_kwh=Decimal("0.01"),
        response_time=timedelta(minutes=5),
        delivery_ratio=0.8,
        budget_kelvin=budget_kelvin,
        policy_limit_celsius=30.0,
    )


@pytest.mark.parametrize(
    ("loop_m3", "budget_kelvin", "minutes", "moved_kwh", "largest_cut_percent"),
    [
        (5.0, 5.0, (3, 5, 11), 8, 18),
        (10.0, 5.0, (4, 9, 18), 14, 30),
        (20.0, 5.0, (8, 16, 32), 24, 53),
        (20.0, 8.0, (13, 25, 51), 39, 53),
    ],
)
def test_how_long_the_chillers_can_be_cut_per_mw(
    loop_m3: float,
    budget_kelvin: float,
    minutes: tuple[int, int, int],
    moved_kwh: int,
    largest_cut_percent: int,
) -> None:
    params = hall(loop_m3, budget_kelvin)
    heat_kwh = params.heat_capacity_kwh_per_k * budget_kelvin
    # Minutes with the chillers off, at a 50 % and at a 25 % cut.
    assert tuple(round(heat_kwh / cut_kw * 60.0) for cut_kw in (1000.0, 500.0, 250.0)) == minutes
    assert round(heat_kwh / 5.5) == moved_kwh
    assert round(params.heat_capacity_kwh_per_k * 20.0 / 1000.0 * 100.0) == largest_cut_percent
    # The model stops where the table says: at the rate limit the budget lasts budget / 20 K/h.
    state = ChillerState(20.0, 0.0, 1000.0, 29.4)
    lasting = timedelta(hours=budget_kelvin / 20.0)
    at_limit_kw = chiller.available_kw(params, state, timedelta(minutes=1))
    assert chiller.available_kw(params, state, lasting) == pytest.approx(at_limit_kw)
    after, _ = chiller.advance(params, state, at_limit_kw, lasting)
    assert settled_kelvin(params, after) == pytest.approx(budget_kelvin)  # hall and loop together
    assert budget_kelvin - 1.0 < after.deviation_kelvin < budget_kelvin  # the air lags the water
    assert chiller.available_kw(params, after, timedelta(minutes=1)) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(
    ("job_class", "expected_percent"),
    [
        (JobClass.BATCH_INFERENCE, (2.5, 6.3, 8.5, 10.9, 16.9, 27.9)),
        (JobClass.FINETUNE, (3.4, 6.9, 8.9, 11.1, 18.2, 34.2)),
        (JobClass.PRETRAIN, (6.5, 11.6, 14.2, 17.6, 26.7, 39.7)),
    ],
)
def test_throughput_lost_to_a_power_cut(job_class: JobClass, expected_percent: tuple[float, ...]) -> None:
    cuts = (0.10, 0.20, 0.25, 0.30, 0.40, 0.50)
    lost = [100.0 * mean_loss_ratio(job_class, cut_ratio) for cut_ratio in cuts]
    assert lost == pytest.approx(expected_percent, abs=1e-9)


def test_wear_example() -> None:
    assert round(wear_cost_per_kwh(Decimal(800), 6000, Decimal("0.85")), 2) == Decimal("0.16")


@pytest.mark.parametrize(("trigger_hz", "full_s"), [(49.7, 1.3), (49.6, 1.0), (49.5, 0.7)])
def test_fast_frequency_reserve_alternatives(trigger_hz: float, full_s: float) -> None:
    assert required_full_response(trigger_hz).total_seconds() == full_s
