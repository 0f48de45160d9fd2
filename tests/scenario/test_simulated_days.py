"""Whole days with faults, drawn from a seed: the real hub and real agents on virtual time."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from support.simulation.replay import SMALL, fast_folder, played
from support.simulation.simulated_day import DayPlan, Report
from support.simulation.template import Template, make_template

pytestmark = pytest.mark.timeout(180)  # each takes some ten seconds of a quiet machine
TESTS = Path(__file__).parents[1]
SEEDS = (1, 2)
"""Deliveries are signed on odd ones."""


@pytest.fixture(scope="module")
def template() -> Iterator[Template]:
    real_count, light_count = SMALL
    with TemporaryDirectory(dir=fast_folder()) as folder:
        yield make_template(Path(folder), real_count=real_count, light_count=light_count)


@pytest.fixture(scope="module")
def day(template: Template) -> Callable[[int], Report]:
    return cache(lambda seed: played(template, DayPlan(seed)))


@pytest.mark.parametrize("seed", SEEDS)
def test_on_a_day_of_faults_nothing_is_lost_doubled_or_late(day: Callable[[int], Report], seed: int) -> None:
    report = day(seed)
    assert report.complaints == [], f"seed {seed}: python -m support.simulation.replay {seed}"
    assert report.counts["instructions"] > 0
    assert report.counts["pay reckoned again"] > 0
    assert report.counts["hub deaths"] > 0
    assert report.counts["agent deaths"] > 0


@pytest.mark.parametrize(("defect", "first_seed"), [("outbox_in_memory", 1), ("forgetful_agents", 14)])
def test_a_deliberate_defect_is_found(template: Template, defect: str, first_seed: int) -> None:
    for seed in range(first_seed, first_seed + 6):  # not on every day there is something to spoil
        report = played(template, DayPlan(seed, defect=defect))
        if report.defect_uses and report.complaints:
            return
    raise AssertionError(f"{defect} was not noticed")


def test_a_seed_gives_the_same_day_again(day: Callable[[int], Report], tmp_path: Path) -> None:
    seed = SEEDS[0]
    hash_seed = "1" if os.environ.get("PYTHONHASHSEED") == "0" else "0"
    environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(TESTS)}
    command = [sys.executable, "-m", "support.simulation.replay", str(seed)]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.startswith(f"seed {seed} trace {day(seed).trace}\n"), done.stdout + done.stderr
