"""RS-1 as one site: its whole table, and what is left of it once nothing is counted twice.

IT 8.0 MW (60 % GPU), PUE 1.25, water-cooled; loop 160 m3; UPS 5 min; battery 2 MW / 4 MWh.
"""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from vpp.flexibility import battery, chiller, ups
from vpp.flexibility.battery import BatteryParameters
from vpp.flexibility.chiller_curves import WATER_COOLED
from vpp.flexibility.chiller_plant import (
    ChillerParameters,
    ChillerState,
    electric_kw,
    heat_kwh,
    settled_kelvin,
)
from vpp.flexibility.envelope import Boundary, DeliveryConfidence, Envelope, FlexDirection
from vpp.flexibility.measurement_boundary import assumed_overhead_slope_ratio, at_connection_kw
from vpp.flexibility.site_envelope import held_kw, shared_carried_load, shared_cooling, site_envelope
from vpp.flexibility.ups import UpsParameters, UpsState

SPANS = (timedelta(seconds=30), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=3))
UPS = UpsParameters("ups", 8000.0, 2000.0, 0.95, Decimal("0.10"), timedelta(seconds=1), 0.9, 1.0)
BESS = BatteryParameters(
    "bess", 4000.0, 2000.0, 2000.0, 0.85, 0.1, 0.9, 0.0, Decimal("0.16"), timedelta(seconds=1), 0.95
)
CHILLER = ChillerParameters(
    resource_id="chiller",
    rated_capacity_kw=9600.0,  # a fifth above the load, so that borrowed heat can be returned
    reference_cop=5.5,
    curves=WATER_COOLED,
    loop_water_m3=160.0,
    it_load_kw=8000.0,
    leaving_celsius=6.67,
    max_rebound_kw=400.0,
    wear_cost_per_kwh=Decimal("0.01"),
    response_time=timedelta(minutes=5),
    delivery_ratio=0.8,
)
HALL = ChillerState(course_celsius=22.0, deviation_kelvin=0.0, cooling_load_kw=8000.0, condenser_celsius=29.4)
SLOPE = assumed_overhead_slope_ratio(1.25)


def compute(resource_id: str, it_kw: float) -> Envelope:
    kw = at_connection_kw(it_kw, SLOPE)
    return Envelope(
        resource_id,
        FlexDirection.LOAD_DOWN,
        Boundary.POC,
        kw,
        kw * 12.0,
        timedelta(hours=12),
        DeliveryConfidence(0.8),
    )


def envelopes() -> list[Envelope]:
    return [
        ups.envelope(UPS, ups.rested(UPS, UpsState(0.0, 8000.0))),
        battery.envelope(BESS, battery.rested(BESS)),
        chiller.envelope(CHILLER, HALL),
        compute("caps", 840.0),  # 25 % of 4.8 MW x 0.7 flexible
        compute("pauses", 720.0),  # 15 % of 4.8 MW
    ]


@pytest.mark.parametrize(
    ("resource_id", "megawatts"),
    [
        ("ups", (8.0, 3.2, 0.0, 0.0)),
        ("bess", (2.0, 2.0, 2.0, 1.07)),
        ("caps", (0.945, 0.945, 0.945, 0.945)),  # 0.84 MW of computers x 1.125
        ("pauses", (0.81, 0.81, 0.81, 0.81)),  # 0.72 MW of computers x 1.125
    ],
)
def test_each_row_of_the_table(resource_id: str, megawatts: tuple[float, ...]) -> None:
    (own,) = (each for each in envelopes() if each.resource_id == resource_id)
    assert [held_kw(own, span) / 1000.0 for span in SPANS] == pytest.approx(megawatts, abs=0.005)


def test_the_row_of_the_chillers() -> None:
    as_in_the_table = replace(CHILLER, rated_capacity_kw=8000.0)
    assert electric_kw(as_in_the_table, HALL, 8000.0) == pytest.approx(1450.0, abs=10.0)
    five, thirty, three_hours = (chiller.available_kw(as_in_the_table, HALL, span) for span in SPANS[1:])
    assert five == pytest.approx(770.0, abs=10.0)  # a 53 % cut at 20 K/h
    # At constant COP a 26.5 % cut for 30 min is 0.38 MW; at full load the curve saves more: 0.43.
    assert thirty == pytest.approx(430.0, abs=10.0)
    assert three_hours < 0.06 * 1450.0  # about nothing


def test_the_whole_site_is_less_than_the_sum_of_its_table() -> None:
    shared = [
        shared_cooling(electric_kw(CHILLER, HALL, 8000.0), ["chiller"], ["caps", "pauses"], SLOPE),
        shared_carried_load(8000.0, ["ups"], ["caps", "pauses"], SLOPE),
    ]
    found = [
        site_envelope(envelopes(), span, shared=shared, sheddable_kw=10_000.0, notice=max(SPANS[0], span))
        for span in SPANS
    ]
    added = [sum(held_kw(each, span) for each in envelopes()) for span in SPANS]
    # For 30 s the table adds up to 12.4 MW. Chillers take minutes, computers that are cut need no UPS
    # (8 - 1.56 MW), and 10 MW of load cannot give more than 10 MW.
    powers = {part.resource_id: part.p_max_kw for part in found[0].parts}
    assert found[0].left_out["chiller"] == "takes 0:05:00 to respond"
    assert powers["ups"] <= 8000.0 - 1560.0
    assert added[0] == pytest.approx(12_433.0, abs=1.0)
    assert found[0].p_max_kw == pytest.approx(10_000.0, abs=1e-6)
    # For 5 min the UPS's 3.2 MW and all others fit beside each other, and for 3 h what is left of them.
    assert found[1].p_max_kw == pytest.approx(7633.0, abs=1.0)
    assert found[2].p_max_kw == pytest.approx(4094.0, abs=1.0)
    assert found[3].p_max_kw == pytest.approx(2878.0, abs=1.0)
    assert set(found[2].left_out) == {"ups"}
    assert all(site.promised_kw < site.p_max_kw for site in found)


@pytest.mark.parametrize("minutes", [15, 30])
def test_borrowed_heat_returns_within_one_to_three_times_the_event(minutes: int) -> None:
    event, step = timedelta(minutes=minutes), timedelta(minutes=1)
    state, saved_kwh = HALL, 0.0
    bid = chiller.offer(CHILLER, HALL, minutes // 15, timedelta(minutes=15), tariff_per_kwh=Decimal("0.60"))
    assert bid is not None
    assert bid.energy_limit_kwh is not None
    cut_kw = bid.energy_limit_kwh / (minutes / 60.0)
    for _ in range(event // step):
        state, change_kw = chiller.advance(CHILLER, state, cut_kw, step)
        saved_kwh -= change_kw / 60.0
    assert saved_kwh == pytest.approx(bid.energy_limit_kwh)
    borrowed_kwh, returned_kwh, lasted = heat_kwh(CHILLER, state), 0.0, timedelta(0)
    ceiling_kw = electric_kw(CHILLER, HALL, 8000.0) + CHILLER.max_rebound_kw
    while settled_kelvin(CHILLER, state) > 1e-6:
        state, change_kw = chiller.advance(CHILLER, state, 0.0, step)
        assert electric_kw(CHILLER, HALL, 8000.0) + change_kw <= ceiling_kw + 1e-6
        returned_kwh, lasted = returned_kwh + change_kw / 60.0, lasted + step
    assert 1.0 <= lasted / event <= 3.0
    # E / COP, at the better or worse performance of the load it runs at.
    assert returned_kwh == pytest.approx(borrowed_kwh / 5.5, rel=0.25)
