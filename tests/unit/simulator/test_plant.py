import json
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from support.agent_site import MORNING, STEP, write_site

from vpp.agent.settings import AgentSettings
from vpp.foundation.device_terms import Setpoint
from vpp.foundation.errors import InvalidInput
from vpp.simulator.plant import SimulatedSite, simulated_site
from vpp.simulator.site_load import read_load


@pytest.fixture
def settings(tmp_path: Path) -> AgentSettings:
    return write_site(tmp_path)


def plant(settings: AgentSettings) -> SimulatedSite:
    return simulated_site(settings.driver, settings.folder, STEP)


def cut(site: SimulatedSite, at: datetime, kw: float) -> None:
    site.command(at, {"bess": Setpoint(kw, recovery_limit_kw=0.0)})


def test_history_is_the_natural_load_with_a_little_noise(settings: AgentSettings) -> None:
    site = plant(settings)
    load = read_load(settings.folder / "load.npz")
    readings = site.meter(site.meter_begins_at, MORNING)
    natural_kw = load.net_kw[: len(readings)]
    assert len(readings) == (MORNING - site.meter_begins_at) // STEP
    assert np.std(readings - natural_kw) / natural_kw.mean() == pytest.approx(0.002, rel=0.1)


def test_before_its_memory_and_in_the_future_the_meter_has_nothing(settings: AgentSettings) -> None:
    site = plant(settings)
    assert np.isnan(site.meter(site.meter_begins_at - 2 * STEP, site.meter_begins_at)).all()
    assert len(site.meter(MORNING, MORNING)) == 0


def test_a_command_holds_for_its_interval_and_those_after_it_until_it_is_released(
    settings: AgentSettings,
) -> None:
    site = plant(settings)
    site.meter(MORNING - STEP, MORNING)
    cut(site, MORNING, 50.0)
    readings = site.meter(MORNING, MORNING + 5 * STEP)
    natural_kw = read_load(settings.folder / "load.npz").net_kw
    first = (MORNING - site.meter_begins_at) // STEP
    change_kw = readings - natural_kw[first : first + 5]
    assert change_kw[:3] == pytest.approx(np.full(3, -50.0), abs=8.0)
    assert change_kw[3] > 0.0  # after fifteen minutes without a repeat it recharges


def test_reading_twice_changes_nothing(settings: AgentSettings) -> None:
    site = plant(settings)
    site.meter(MORNING, MORNING)
    cut(site, MORNING, 50.0)
    first = site.meter(MORNING, MORNING + 3 * STEP)
    assert (site.meter(MORNING, MORNING + 3 * STEP) == first).all()
    assert site.state("bess", MORNING + 3 * STEP)["reduction_kw"] == pytest.approx(50.0, abs=2.0)


def test_a_killed_plant_replays_what_it_missed_with_the_commands_it_held(settings: AgentSettings) -> None:
    site = plant(settings)
    site.meter(MORNING, MORNING)
    cut(site, MORNING, 50.0)
    cut(site, MORNING + STEP, 30.0)
    expected = site.meter(MORNING, MORNING + 12 * STEP)
    reborn = plant(settings)
    assert (reborn.meter(MORNING, MORNING + 12 * STEP) == expected).all()


def test_a_save_that_was_cut_short_never_happened(settings: AgentSettings) -> None:
    site = plant(settings)
    site.meter(MORNING, MORNING)
    cut(site, MORNING, 50.0)
    path = settings.folder / settings.driver["state_file"]
    whole = path.read_bytes()
    path.write_bytes(whole + whole[: len(whole) // 2])
    assert len(plant(settings).meter(MORNING, MORNING + STEP)) == 1
    assert path.read_bytes() == whole


def test_a_damaged_state_file_is_refused(settings: AgentSettings) -> None:
    site = plant(settings)
    site.meter(MORNING, MORNING)
    cut(site, MORNING, 50.0)
    path = settings.folder / settings.driver["state_file"]
    document = json.loads(path.read_bytes())
    document["next_index"] += 1
    path.write_text(json.dumps(document) + "\n")
    with pytest.raises(InvalidInput, match="is damaged"):
        plant(settings)


def test_the_state_file_is_shortened_now_and_then(settings: AgentSettings) -> None:
    site = plant(settings)
    site.meter(MORNING, MORNING)
    for n in range(520):
        cut(site, MORNING + n * STEP, 0.0)
    path = settings.folder / settings.driver["state_file"]
    assert len(path.read_bytes().splitlines()) < 50
    assert len(plant(settings).meter(MORNING, MORNING + 519 * STEP)) == 519


def test_a_faulty_device_says_so_and_ignores_commands(tmp_path: Path) -> None:
    fault = {"resource_id": "bess", "start": MORNING, "end": MORNING + STEP}
    settings = write_site(tmp_path, driver__faults=[fault])
    site = plant(settings)
    site.meter(MORNING, MORNING)
    assert site.state("bess", MORNING)["available"] == 0.0
    assert site.state("bess", MORNING + STEP)["available"] == 1.0
    cut(site, MORNING, 50.0)
    site.meter(MORNING, MORNING + STEP)
    assert site.state("bess", MORNING + STEP)["reduction_kw"] <= 0.0


def test_what_does_not_fit_is_refused(settings: AgentSettings) -> None:
    with pytest.raises(InvalidInput, match="intervals of"):
        simulated_site(settings.driver, settings.folder, timedelta(minutes=15))
    with pytest.raises(InvalidInput, match="not on the grid"):
        plant(settings).meter(MORNING + timedelta(minutes=1), MORNING + STEP)
    with pytest.raises(InvalidInput, match="resource_id is 'other'"):
        plant(settings).command(MORNING, {"other": Setpoint(1.0)})
    with pytest.raises(InvalidInput, match="is not a simulated site"):
        simulated_site({**settings.driver, "colour": 1}, settings.folder, STEP)
    with pytest.raises(InvalidInput, match="cannot be read"):
        simulated_site({**settings.driver, "load_file": "missing.npz"}, settings.folder, STEP)
