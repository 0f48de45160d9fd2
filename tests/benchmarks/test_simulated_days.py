"""Simulated days by the hundred: the real hub and agents on virtual time, with faults from a seed.

Quick by default: some days of twenty sites, and the deliberate defects. `VPP_BENCH=full` plays
`VPP_SIM_SEEDS` days (1,000) from `VPP_SIM_FIRST` (1) on, and `VPP_SIM_LARGE` days (3) of a thousand sites.
A day with a complaint prints its seed; `python -m support.simulation.replay SEED` plays it again.
"""

import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from support.simulation.faults import FaultPlan
from support.simulation.replay import fast_folder, played
from support.simulation.simulated_day import DEFECTS, DayPlan, Report
from support.simulation.template import Template, make_template

pytestmark = pytest.mark.timeout(0)

FULL = os.environ.get("VPP_BENCH") == "full"
FIRST = int(os.environ.get("VPP_SIM_FIRST", "1"))
SEEDS = int(os.environ.get("VPP_SIM_SEEDS", "1000" if FULL else "4"))
LARGE_DAYS = int(os.environ.get("VPP_SIM_LARGE", "3" if FULL else "0"))
DEFECT_SEEDS = 10 if FULL else 3
CORES = int(os.environ.get("VPP_SIM_CORES", str(os.cpu_count() or 1)))
SMALL_DAY, LARGE_DAY = (14, 6), (0, 1000)
LARGE_FAULTS = FaultPlan(hub_kills=20, site_faults=2.0, reaction_ratio=0.003, has_lies=False)
"""A thousand sites are told fifty times as much: the same share of faults would leave no hub alive."""
SHOWN = 5
"""Complaints that are printed of one day."""


@contextmanager
def eve(real_count: int, light_count: int) -> Iterator[Template]:
    with TemporaryDirectory(prefix="vpp-eve-", dir=fast_folder()) as folder:
        yield make_template(Path(folder), real_count=real_count, light_count=light_count)


def play_all(template: Template, plans: list[DayPlan], what: str) -> list[Report]:
    """Play days side by side, one process per day: nothing of one reaches another."""
    reports = []
    console = Console(stderr=True)
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with (
        ProcessPoolExecutor(CORES, mp_context=get_context("spawn"), max_tasks_per_child=20) as pool,
        Progress(*columns, console=console) as progress,
    ):
        task = progress.add_task(what, total=len(plans))
        for future in as_completed([pool.submit(played, template, plan) for plan in plans]):
            report = future.result()
            reports.append(report)
            progress.advance(task)
            if report.complaints and not what.startswith("defect"):
                console.print(f"seed {report.seed}: {len(report.complaints)} complaints")
                for complaint in report.complaints[:SHOWN]:
                    console.print(f"  {complaint}")
    return sorted(reports, key=lambda report: report.seed)


def print_days(title: str, reports: list[Report]) -> None:
    total: Counter[str] = Counter()
    for report in reports:
        total.update(report.counts)
    bad = [report.seed for report in reports if report.complaints]
    print(f"\n## {title}: {len(reports)} days, {len(bad)} with a complaint")
    print("seeds with a complaint:", bad or "none")
    print("\n| what happened | count |\n|---|---|")
    for name, count in sorted(total.items()):
        print(f"| {name} | {count} |")


def test_days_of_twenty_sites() -> None:
    with eve(*SMALL_DAY) as template:
        plans = [DayPlan(seed) for seed in range(FIRST, FIRST + SEEDS)]
        print_days("20 sites, 24 h", play_all(template, plans, "days"))


def test_deliberate_defects() -> None:
    print(f"\n## Deliberate defects, {DEFECT_SEEDS} seeds each\n")
    print("| defect | days in which it did something | days in which it was noticed |\n|---|---|---|")
    with eve(*SMALL_DAY) as template:
        for defect in DEFECTS:
            plans = [DayPlan(seed, defect=defect) for seed in range(1, 1 + DEFECT_SEEDS)]
            reports = play_all(template, plans, f"defect {defect}")
            used = sum(report.defect_uses > 0 for report in reports)
            found = sum(report.defect_uses > 0 and bool(report.complaints) for report in reports)
            assert used, f"{defect} was never on"
            print(f"| {defect} | {used} of {len(reports)} | {found} |")


@pytest.mark.skipif(not LARGE_DAYS, reason="VPP_SIM_LARGE is 0; VPP_BENCH=full plays three")
def test_days_of_a_thousand_sites() -> None:
    with eve(*LARGE_DAY) as template:
        plans = [DayPlan(seed, LARGE_FAULTS) for seed in range(FIRST, FIRST + LARGE_DAYS)]
        print_days("1,000 sites, 24 h", play_all(template, plans, "large days"))
