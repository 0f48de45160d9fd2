"""One control step: what recovers and what is left to the site, and what no share may pass."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support.agent_site import MORNING, STEP, Site, connected, instruction, start_site, write_site

from vpp.agent.controller import LONGEST_HORIZON, Commands, Controller, Readings
from vpp.agent.settings import AgentSettings
from vpp.agent.split_task import SplitTask
from vpp.v1 import buyer_pb2

LOAD_KW = 3000.0
NOTHING = Readings(LOAD_KW, (), {})
INFINITE = float("inf")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with connected(start_site(write_site(tmp_path))) as running:
        yield running


def limited(settings: AgentSettings, import_limit_kw: float) -> AgentSettings:
    table = settings.site.model_copy(update={"import_limit_kw": import_limit_kw})
    return settings.model_copy(update={"site": table})


def recovering(
    site: Site, room_kw: float, owed_kwh: Mapping[str, float], loose_kw: Mapping[str, float]
) -> Commands:
    """Return the commands where battery and UPS lack some energy, and the import limit leaves some room."""
    units = [site.agent.units["bess"], site.agent.units["ups"]]
    for unit in units:
        lacking = owed_kwh.get(unit.resource_id, 0.0)
        changes = {"stored_kwh": unit.observed.stored_kwh - lacking}
        if unit.resource_id == "bess":
            changes["owed_kwh"] = lacking
        unit.state = replace(unit.observed, **changes)
    controller = Controller(limited(site.settings, LOAD_KW + room_kw))
    readings = replace(NOTHING, loose_kw=loose_kw)
    controller.observe(readings)
    return controller.recovering(units, readings)


def test_where_nothing_recovers_the_devices_are_given_back(site: Site) -> None:
    commands = recovering(site, 1.0, {}, {})
    assert commands.recovery_limit_kw == {"bess": INFINITE, "ups": INFINITE}


def test_an_idle_device_is_no_longer_held_by_the_agent_all_day(site: Site) -> None:
    site.run_until(MORNING + timedelta(hours=2))
    newest = site.agent.memory.local.actions.newest
    assert {key: newest[key].setpoint.recovery_limit_kw for key in ("bess", "ups")} == {
        "bess": INFINITE,
        "ups": INFINITE,
    }


def test_while_another_recovers_an_idle_device_is_given_back_only_if_there_is_room(site: Site) -> None:
    assert recovering(site, 5000.0, {"bess": 100.0}, {}).recovery_limit_kw["ups"] == INFINITE
    tight = recovering(site, 60.0, {"bess": 100.0}, {}).recovery_limit_kw
    assert tight["ups"] == 0.0
    assert 0.0 < tight["bess"] <= 60.0


def test_what_nobody_controls_is_taken_off_the_room(site: Site) -> None:
    free = recovering(site, 100.0, {"bess": 100.0}, {}).recovery_limit_kw["bess"]
    with_loose = recovering(site, 100.0, {"bess": 100.0}, {"ups": 70.0}).recovery_limit_kw
    assert free == pytest.approx(100.0)
    assert with_loose["bess"] == pytest.approx(30.0)
    assert with_loose["ups"] == 0.0


def test_a_device_in_alarm_and_one_that_is_vetoed_count_as_loose(site: Site) -> None:
    ups = site.agent.units["ups"]
    ups.state = replace(ups.observed, stored_kwh=0.5 * ups.observed.stored_kwh)
    steering = site.agent.steering
    assert steering._loose_kw() == {}  # noqa: SLF001  what the controller is told
    ups.is_available = False
    wanted_kw = ups.recovery_kw(ups.observed, STEP)
    assert steering._loose_kw() == {"ups": pytest.approx(wanted_kw)}  # noqa: SLF001
    ups.reduction_kw = -0.25 * wanted_kw  # a part of the load already
    assert steering._loose_kw() == {"ups": pytest.approx(0.75 * wanted_kw)}  # noqa: SLF001


@pytest.mark.parametrize("factor", [1.0, 3.0])
def test_shares_that_ask_for_more_than_is_wanted_stay_within_the_import_limit(
    tmp_path: Path, factor: float
) -> None:
    """A device that delivered half of its commands may deliver all of the next one."""
    settings = write_site(tmp_path, driver__battery__bess__rest_ratio=0.3)
    with connected(start_site(settings)) as site:
        up = instruction([400.0] * 4, start=MORNING)
        up.direction = buyer_pb2.DIRECTION_LOAD_UP
        site.deliver(instruction=up)
        plan = site.agent.memory.plan
        room_kw = 150.0

        def generous(task: SplitTask) -> dict[str, float]:
            return {"bess": factor * task.wanted_kw, "batch": factor * task.wanted_kw}

        controller = Controller(limited(settings, LOAD_KW + room_kw), generous)
        units = list(site.agent.units.values())
        commands = controller.commands(plan, units, NOTHING, {}, MORNING)
        assert sum(commands.change_kw.values()) == pytest.approx(room_kw)
        loose = replace(NOTHING, loose_kw={"ups": 100.0})
        commands = controller.commands(plan, units, loose, {}, MORNING)
        assert sum(commands.change_kw.values()) == pytest.approx(room_kw - 100.0)


@pytest.mark.parametrize(("count", "steps"), [(4, 1), (8, 1), (32, 4)])
def test_a_split_looks_ahead_to_the_end_whatever_the_length(site: Site, count: int, steps: int) -> None:
    site.deliver(instruction=instruction([100.0] * count, start=MORNING))
    seen: list[SplitTask] = []
    controller = Controller(site.settings, seen.append)  # type: ignore[arg-type]  appending answers None
    controller.commands(site.agent.memory.plan, list(site.agent.units.values()), NOTHING, {}, MORNING)
    [task] = seen
    assert task.step == steps * STEP
    assert 1 + len(task.later) <= LONGEST_HORIZON
    assert (1 + len(task.later)) * task.step == timedelta(minutes=15) * count
    assert all(owed_kw == pytest.approx(101.0) for _, owed_kw in task.later)
