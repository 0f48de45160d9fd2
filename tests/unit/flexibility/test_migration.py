from dataclasses import replace
from decimal import Decimal

import pytest

from vpp.flexibility.migration import (
    MigrationObstacle,
    energy_ratio,
    largest_it_kw,
    obstacle,
    shift,
)
from vpp.flexibility.migration_site import MigrationEnd, MigrationReceiver, MovableWork
from vpp.foundation.direction import Direction
from vpp.foundation.errors import InvalidInput

EAST = MigrationEnd(
    site_id="east", resource_id="gpu", zone="E", product="peak", baseline="high-4-of-5", pue=1.5,
    work_per_kwh=10.0, power_price_per_kwh=Decimal("0.80"), payment_per_kwh=Decimal("0.50"),
    kg_per_kwh=Decimal("0.6"),
)  # fmt: skip
WEST = MigrationEnd(
    site_id="west", resource_id="gpu", zone="W", product="valley", baseline="ten-of-ten", pue=1.2,
    work_per_kwh=8.0, power_price_per_kwh=Decimal("0.30"), payment_per_kwh=Decimal("0.10"),
    kg_per_kwh=Decimal("0.2"),
)  # fmt: skip
TO_WEST = MigrationReceiver(
    end=WEST, accelerator="h100", residence="CN", free_it_kw=1000.0, room_kw=2000.0, latency_ms=30.0,
    bandwidth_mbit_per_s=8000.0, transfer_cost_per_gb=Decimal("0.05"), network_cost=Decimal(20),
)  # fmt: skip
WORK = MovableWork("h100", it_kw=400.0, hours=2.0, data_gb=600.0, notice_s=3600.0)


def test_energy_follows_pue_and_speed() -> None:
    assert energy_ratio(EAST, WEST) == pytest.approx(1.2 / 1.5 * 10 / 8)  # 1.0: they cancel
    assert energy_ratio(EAST, replace(WEST, work_per_kwh=10.0)) == pytest.approx(0.8)
    measured = replace(EAST, overhead_slope_ratio=0.25), replace(WEST, overhead_slope_ratio=0.10)
    assert energy_ratio(*measured) == pytest.approx(1.10 / 1.25 * 1.25)
    assert energy_ratio(measured[0], WEST) == energy_ratio(EAST, WEST)  # never one of each


def test_both_legs_and_what_they_bring() -> None:
    moved = shift(EAST, WORK, TO_WEST, 400.0)
    # 400 kW of IT are worth 1 + 0.5 x (1.5 - 1) = 1.25 times themselves at the meter
    assert (moved.donor.power_kw, moved.donor.energy_kwh) == (500.0, 1000.0)
    assert moved.receiver.energy_kwh == pytest.approx(1000.0)
    assert (moved.donor.direction, moved.receiver.direction) == (Direction.LOAD_DOWN, Direction.LOAD_UP)
    # power 1000 x 0.30 - 1000 x 0.80, 600 GB x 0.05, network 20
    assert moved.cost == Decimal(-450)
    assert moved.net_benefit == Decimal(1050)  # 1000 x 0.50 + 1000 x 0.10 + 450
    assert moved.avoided_kg == Decimal(400)  # 1000 x 0.6 - 1000 x 0.2
    assert moved.net_kg_per_kwh == Decimal("0.4")


def test_half_the_work_copies_half_the_data() -> None:
    half = shift(EAST, WORK, TO_WEST, 200.0)
    assert half.cost == Decimal(-215)  # -250 + 15 + 20


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"accelerator": "910b"}, MigrationObstacle.ACCELERATOR),
        ({"residences": frozenset({"SG"})}, MigrationObstacle.RESIDENCE),
        ({"latency_budget_ms": 10.0}, MigrationObstacle.LATENCY),
        ({"notice_s": 0.0}, MigrationObstacle.BANDWIDTH),
        ({"latency_budget_ms": 30.0, "residences": frozenset({"CN", "SG"})}, None),
        ({"notice_s": 0.0, "data_gb": 0.0}, None),
    ],
)
def test_what_stands_in_the_way(changes: dict[str, object], expected: MigrationObstacle | None) -> None:
    work = replace(WORK, **changes)  # type: ignore[arg-type]  # the cases above have the fields' types
    assert obstacle(work, TO_WEST) is expected
    assert (largest_it_kw(EAST, work, TO_WEST) > 0.0) is (expected is None)


@pytest.mark.parametrize(
    ("changes", "most_kw"),
    [
        ({}, 400.0),
        ({"free_it_kw": 250.0}, 200.0),  # each kW here needs 10 / 8 there
        # by PUE 1.25 kW at the meter per kW moved, by slope 1.1 x 1.25 = 1.375: room for both readings
        ({"room_kw": 275.0}, 200.0),
        ({"bandwidth_mbit_per_s": 400.0}, 120.0),  # 180 of 600 GB get there in an hour
        ({"free_it_kw": 0.0}, 0.0),
    ],
)
def test_no_more_moves_than_there_is_room_for(changes: dict[str, float], most_kw: float) -> None:
    receiver = replace(TO_WEST, **changes)
    assert largest_it_kw(EAST, WORK, receiver) == pytest.approx(most_kw)
    with pytest.raises(InvalidInput, match="it_kw"):
        shift(EAST, WORK, receiver, most_kw + 1.0)


@pytest.mark.parametrize(
    ("value", "changes", "field"),
    [
        (EAST, {"pue": 0.9}, "pue"),
        (EAST, {"work_per_kwh": 0.0}, "work_per_kwh"),
        (EAST, {"kg_per_kwh": Decimal("NaN")}, "kg_per_kwh"),
        (EAST, {"overhead_slope_ratio": -0.1}, "overhead_slope_ratio"),
        (TO_WEST, {"free_it_kw": -1.0}, "free_it_kw"),
        (TO_WEST, {"bandwidth_mbit_per_s": 0.0}, "bandwidth_mbit_per_s"),
        (WORK, {"it_kw": 0.0}, "it_kw"),
        (WORK, {"notice_s": -1.0}, "notice_s"),
    ],
)
def test_impossible_sites_and_work_are_refused(
    value: MigrationEnd | MigrationReceiver | MovableWork, changes: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidInput, match=field):
        replace(value, **changes)  # type: ignore[arg-type]  # the cases above have the fields' types
