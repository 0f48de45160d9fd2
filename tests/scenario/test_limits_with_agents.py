"""The whole site agent on imperfect devices, with faults, a lost link, a restart: no hard limit breaks.

The plant guards nothing by itself here: ride-through, backup floor, inlet, deadlines and the import
limit are the agent's to keep, and the plant's own truth judges it.
"""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from support.agent_site import EVENING, MORNING, QUARTER, STEP, connected, instruction, start_site, write_site

from vpp.agent.planner_room import planner_room
from vpp.agent.settings import AgentSettings
from vpp.simulator.faults import METER

SEEDS = [(seed, "greedy") for seed in range(5)] + [(5, "optimal"), (136, "optimal")]
"""In the last one the meter falls silent while a UPS has little left above its ride-through."""
DEVICES = ("bess", "ups", "cooling", "batch")
KINDS = ("lost", "deaf", "failing", "lying", "alarming", "stale", "garbage")
ROUNDING = 1e-6
COUNT = 4


def imperfect(folder: Path, draw: np.random.Generator, method: str) -> AgentSettings:
    """Write a site whose devices fail now and then, and guard nothing."""
    plain = write_site(folder)
    driver = plain.driver
    faults = [
        {
            "resource_id": str(name),
            "start": EVENING - timedelta(hours=1) + float(at) * STEP,
            "end": EVENING - timedelta(hours=1) + float(at) * STEP + timedelta(minutes=25),
            "kind": str(draw.choice(KINDS)) if name != METER else "stale",
        }
        for name in (*DEVICES, METER)
        for at in draw.uniform(0.0, 36.0, draw.poisson(1.0))
    ]
    battery = driver["battery"]["bess"]
    floor_kwh = 0.1 * battery["capacity_kwh"] * 0.9
    limit_kw = plain.site.import_limit_kw
    return write_site(
        folder,
        planning__method=method,
        planning__split_time_limit_s=5.0,
        driver__faults=faults,
        driver__command_hold="PT5M",
        driver__import_limit_kw=limit_kw,
        driver__battery={"bess": {**battery, "floor_ratio": 0.02, "backup_floor_kwh": floor_kwh}},
        driver__ups={"ups": {**driver["ups"]["ups"], "guards_ride_through": False}},
        driver__chiller={
            "cooling": {
                **driver["chiller"]["cooling"],
                "inlet_limit_celsius": 32.0,
                "judged_inlet_celsius": 27.0,
            }
        },
    )


@pytest.mark.parametrize(("seed", "method"), SEEDS)
def test_no_hard_limit_is_broken(tmp_path: Path, seed: int, method: str) -> None:
    draw = np.random.default_rng([99, seed])
    settings = imperfect(tmp_path, draw, method)
    with planner_room(settings) as room, connected(start_site(settings, MORNING, planner=room)) as site:
        if room is not None:
            room.warm_up()
        site.run_until(EVENING - timedelta(minutes=30))
        natural_kw = site.natural_kw(EVENING, COUNT)
        target_kw = [float(draw.uniform(0.1, 0.6)) * kw for kw in natural_kw]
        site.deliver(instruction=instruction(target_kw, baseline_kw=natural_kw))
        site.run_until(EVENING + timedelta(minutes=20))
        if seed % 3 == 1:
            site.agent.lost()
        if seed % 3 == 2:  # the process dies; devices let go, and the next one goes on
            reborn = site.restart(site.now + timedelta(minutes=10))
            with reborn:
                reborn.run_until(EVENING + COUNT * QUARTER + timedelta(hours=3))
                margins = reborn.plant.margins()
        else:
            site.run_until(EVENING + COUNT * QUARTER + timedelta(hours=3))
            margins = site.plant.margins()
    assert margins
    assert {limit: margin for limit, margin in margins.items() if margin < -ROUNDING} == {}
