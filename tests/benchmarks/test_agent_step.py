"""What a control step of one site costs: idle, and in a delivery by either method."""

import resource
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from benchmarks.support.tables import print_table
from support.agent_site import EVENING, MORNING, STEP, connected, instruction, start_site, write_site

from vpp.agent.planner_room import planner_room

pytestmark = pytest.mark.timeout(0)
HOUR = timedelta(hours=1)
COUNT = 8


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def timed(run: Callable[[], object]) -> float:
    began_s = cpu_s()
    run()
    return cpu_s() - began_s


def test_a_control_step(tmp_path: Path) -> None:
    rows = []
    floor_s = 0.0
    for method in ("greedy", "optimal"):
        settings = write_site(tmp_path / method, planning__method=method, planning__split_time_limit_s=2.0)
        with planner_room(settings) as room:
            if room is not None:
                room.warm_up()
            with connected(start_site(settings, MORNING, planner=room)) as site:
                site.run_until(EVENING - 2 * HOUR)
                natural_kw = np.array(site.natural_kw(EVENING, COUNT))
                wanted_kw = 0.2 * natural_kw
                idle_s, busy_s = [], []
                while site.now < EVENING - HOUR:
                    idle_s.append(timed(lambda site=site: site.run_until(site.now + STEP)))
                site.deliver(instruction=instruction(wanted_kw.tolist(), baseline_kw=natural_kw.tolist()))
                site.run_until(EVENING - STEP)
                while site.now < EVENING + 2 * HOUR - STEP:
                    busy_s.append(timed(lambda site=site: site.run_until(site.now + STEP)))
                delivered_kw = natural_kw - np.array(site.metered_kw(EVENING, COUNT))
        floor_s = floor_s or float(np.mean(idle_s))
        rows.append(
            (
                method,
                f"{np.mean(idle_s) / floor_s:.1f}",
                f"{np.mean(busy_s) / floor_s:.1f}",
                f"{1000.0 * np.mean(busy_s):.1f}",
                f"{100.0 * delivered_kw.sum() / wanted_kw.sum():.1f}",
                "-" if room is None else str(room.missed_count),
            )
        )
    print_table(
        "A control step of a site with four resources, CPU as ratio to an idle step",
        ("method", "idle", "delivering", "delivering, ms", "delivered, %", "no answer"),
        rows,
    )
