"""Fleets whose sites differ in kind, and the rest of whose figures stay as they were drawn."""

import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from support.agent_site import daily_trace

from vpp.agent.unit_tables import units_of
from vpp.simulator.fleet_files import FleetPlan, write_fleet
from vpp.simulator.settings import plant_settings

DAY = date(2026, 3, 4)


def documents(folder: Path, *, is_varied: bool) -> list[dict[str, Any]]:
    plan = FleetPlan("127.0.0.1:1", DAY, ["example-peak-shaving"], is_varied=is_varied)
    sites = write_fleet(folder, plan, site_count=9, seed=3, traces=[daily_trace()])
    return [tomllib.loads(site.config.read_text()) for site in sites]


@pytest.fixture(scope="module")
def varied(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return documents(tmp_path_factory.mktemp("varied"), is_varied=True)


def test_every_site_is_one_that_agent_and_simulator_understand(varied: list[dict[str, Any]]) -> None:
    for document in varied:
        plant = plant_settings(document["driver"])
        units = units_of(document["resources"], None)
        assert {unit.resource_id for unit in units} == set(plant.devices())


def test_the_fleet_has_clusters_tanks_a_generator_that_is_off_and_roofs(
    varied: list[dict[str, Any]],
) -> None:
    kinds = [set(document["resources"]) for document in varied]
    assert [n for n, each in enumerate(kinds, 1) if "job_groups" in each] == [1, 5, 9]
    assert [n for n, each in enumerate(kinds, 1) if "thermal_store" in each] == [2, 8]
    assert [n for n, each in enumerate(kinds, 1) if "generator" in each] == [3]
    assert varied[2]["resources"]["generator"]["genset"]["is_enabled"] is False
    assert "photovoltaics" in varied[4]["driver"]


def test_a_third_of_the_batch_work_is_inert_and_its_owner_promises_less(
    varied: list[dict[str, Any]],
) -> None:
    for document in varied:
        if "deferrable_load" in document["resources"]:
            assert 0.28 <= document["driver"]["deferrable_load"]["batch"]["inert_ratio"] <= 0.38
            assert document["resources"]["deferrable_load"]["batch"]["delivery_ratio"] < 0.7


def test_what_is_not_varied_stays_as_it_was_drawn(tmp_path: Path, varied: list[dict[str, Any]]) -> None:
    for plain, other in zip(documents(tmp_path, is_varied=False), varied, strict=True):
        assert set(plain["resources"]) == {"battery", "ups", "chiller", "deferrable_load"}
        for table in ("site", "bidding", "standing_bids"):
            assert plain[table] == other[table]
        for kind in ("battery", "ups", "chiller"):
            assert plain["resources"][kind] == other["resources"][kind]
        assert plain["driver"]["seed"] == other["driver"]["seed"]
