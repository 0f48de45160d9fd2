import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.agent_site import DAY, STEP, daily_trace

from vpp.agent.settings import load_settings
from vpp.agent.unit_tables import units_of
from vpp.foundation.errors import InvalidInput
from vpp.simulator.fleet_files import FleetPlan, FleetSite, write_fleet
from vpp.simulator.plant import simulated_site
from vpp.simulator.site_load import read_load

PLAN = FleetPlan("127.0.0.1:50051", DAY, ["example-peak-shaving"], zone="north")


def fleet(folder: Path, seed: int = 1, count: int = 4) -> list[FleetSite]:
    return write_fleet(folder, PLAN, site_count=count, seed=seed, traces=[daily_trace()])


def test_every_site_can_be_run_as_it_is_written(tmp_path: Path) -> None:
    for site in fleet(tmp_path):
        settings = load_settings(site.config)
        assert settings.site.site_id == site.site_id
        assert settings.site.zone == "north"
        plant = simulated_site(settings.driver, settings.folder, STEP)
        units = units_of(settings.resources, None)
        assert {unit.resource_id for unit in units} == {"batch", "bess", "cooling", "ups"}
        for unit in units:
            unit.observe(plant.state(unit.resource_id, plant.meter_begins_at))


def test_two_hours_of_flexibility_are_25_to_45_percent_of_the_load(tmp_path: Path) -> None:
    for site in fleet(tmp_path, count=12):
        settings = load_settings(site.config)
        plant = simulated_site(settings.driver, settings.folder, STEP)
        lasting_kw = 0.0
        for unit in units_of(settings.resources, None):
            unit.observe(plant.state(unit.resource_id, plant.meter_begins_at))
            envelope = unit.envelope()
            lasting_kw += min(envelope.p_max_kw, envelope.energy_budget_kwh / 2.0)  # for two hours
        assert 0.25 <= lasting_kw / site.mean_load_kw <= 0.45


def test_nameplates_and_loads_differ_from_site_to_site(tmp_path: Path) -> None:
    sites = fleet(tmp_path, count=8)
    assert len({site.nameplate_kw for site in sites}) == 8
    assert all(500.0 <= site.nameplate_kw <= 5000.0 for site in sites)
    assert all(site.mean_load_kw > 0.5 * site.nameplate_kw for site in sites)


def test_the_same_seed_writes_the_same_sites_and_new_tokens(tmp_path: Path) -> None:
    first, second = fleet(tmp_path / "a"), fleet(tmp_path / "b")
    for one, other in zip(first, second, strict=True):
        assert one.config.read_text() == other.config.read_text()
        ours, theirs = read_load(one.config.parent / "load.npz"), read_load(other.config.parent / "load.npz")
        assert np.array_equal(ours.net_kw, theirs.net_kw)
        assert one.token_file.read_text() != other.token_file.read_text()
        assert stat.S_IMODE(one.token_file.stat().st_mode) == 0o600


def test_a_count_out_of_range_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="site_count is 0"):
        fleet(tmp_path, count=0)


def test_sites_are_given_the_hubs_key_if_it_signs(tmp_path: Path) -> None:
    plan = replace(PLAN, verify_key=b"a public key")
    for site in write_fleet(tmp_path, plan, site_count=2, seed=1, traces=[daily_trace()]):
        hub = load_settings(site.config).hub
        assert hub.verify_key_file is not None
        assert (site.config.parent / hub.verify_key_file).read_bytes() == b"a public key"
