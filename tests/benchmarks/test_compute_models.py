"""What a capacity curve saves on published prices, how learned caps keep their promise, and what it takes."""

import os
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd
import pytest

from vpp.flexibility import job_groups
from vpp.flexibility.capacity_curve import CapacityCurve, FlexibleDay, capacity_curve
from vpp.flexibility.job_class import JobClass, Tier
from vpp.flexibility.job_cluster import JobClusterParameters, JobClusterState, cluster_state
from vpp.flexibility.job_group import GroupState, JobGroup, group_with_deadline
from vpp.flexibility.job_group_offers import envelope, offers
from vpp.flexibility.job_group_terms import group_terms
from vpp.flexibility.knob_settings import knob_settings
from vpp.flexibility.learned_caps import CapObservation, learned_caps
from vpp.flexibility.pause_rules import PauseRules

DEFAULT_FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data"
FILE = Path(os.environ.get("VPP_SHARED_DATA", DEFAULT_FOLDER)) / "prices" / "prices_hourly.parquet"
HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)
DAY = 24


@pytest.fixture(scope="module")
def spot() -> pd.DataFrame:
    if not FILE.exists():
        pytest.skip(f"no prices in {FILE}; VPP_SHARED_DATA names the folder that holds it")
    return pd.read_parquet(FILE)


def test_what_a_capacity_curve_saves(spot: pd.DataFrame) -> None:
    """Flexible work comes evenly; the room for it is half as much again as it draws."""
    print(f"\n{'zone':12} {'mean price':>10} " + " ".join(f"{f'{delay} h':>8}" for delay in (2, 4, 8, 24)))
    for zone in ("DE-LU", "GB", "US-TEX-ERCO", "JP-TK", "SG"):
        chosen = spot[(spot.zone == zone) & (spot.start_utc.dt.year == 2022)]
        hourly = chosen.set_index("start_utc").price_per_mwh.astype(float).asfreq("h").to_numpy()
        days = hourly[: len(hourly) // DAY * DAY].reshape(-1, DAY)
        days = days[~np.isnan(days).any(axis=1)]
        saved = []
        for delay in (2, 4, 8, 24):
            cost = left_alone = 0.0
            for prices in days[::4]:
                found = capacity_curve(FlexibleDay((1.0,) * DAY, (1.5,) * DAY, tuple(prices), delay))
                assert isinstance(found, CapacityCurve)
                assert sum(found.planned_kw) == pytest.approx(DAY)
                cost, left_alone = cost + found.cost, left_alone + found.cost_if_left_alone
            saved.append(1.0 - cost / left_alone)
        print(f"{zone:12} {np.nanmean(hourly):10.1f} " + " ".join(f"{ratio:8.1%}" for ratio in saved))


def test_how_well_a_cap_is_promised_after_so_many_tests() -> None:
    """A third of the caps are inert for some jobs; the site sees noisy cuts and promises the tenth."""
    draw = np.random.default_rng(5)
    print(f"\n{'tests':>6} {'promised':>9} {'true mean':>10} {'kept':>7}")
    for count in (3, 9, 19, 39):
        promised, kept, mean = [], [], []
        for _ in range(400):
            inert = draw.uniform(0.28, 0.38)
            true = 0.3 * (1.0 - inert)
            seen = np.clip(draw.normal(true, 0.02, count + 50), -1.0, 1.0)
            learned = learned_caps([CapObservation(0.7, float(cut), 0.05) for cut in seen[:count]])
            promised.append(learned.settings[0].cut_ratio)
            kept.append(float(np.mean(seen[count:] >= promised[-1])))
            mean.append(true)
        print(f"{count:6} {np.mean(promised):9.3f} {np.mean(mean):10.3f} {np.mean(kept):7.1%}")


def large_cluster(free_gpus: float) -> tuple[JobClusterParameters, JobClusterState]:
    """200 groups, half of them with a deadline, half of them pausable."""
    draw = np.random.default_rng(3)
    groups: list[JobGroup] = []
    states: list[GroupState] = []
    for n in range(200):
        classes = (JobClass.FINETUNE, JobClass.BATCH_INFERENCE, JobClass.PRETRAIN)
        groups.append(
            JobGroup(
                group_id=f"g{n}",
                job_class=classes[int(draw.integers(3))],
                tier=(Tier.FLEX1, Tier.FLEX2, Tier.FLEX3)[int(draw.integers(3))],
                kw_per_gpu=float(draw.uniform(0.3, 0.8)),
                idle_power_ratio=0.2,
                job_value_per_kwh=Decimal(int(draw.integers(3, 20))) / 10,
                catch_up_within=int(draw.integers(2, 12)) * HOUR,
                pause=PauseRules(HOUR, timedelta(minutes=4)) if draw.random() < 0.5 else None,
            )
        )
        gpus = float(draw.uniform(10.0, 100.0))
        remaining_gpu_h = gpus * float(draw.uniform(3.0, 9.0))
        ends = group_with_deadline(gpus, remaining_gpu_h, 10 * HOUR)
        states.append(GroupState(gpus) if draw.random() < 0.5 else ends)
    busy = sum(state.running_gpus for state in states)
    params = JobClusterParameters("cluster", tuple(groups), busy + free_gpus, 0.1, 1e6, 0.9)
    return params, cluster_state(params, tuple(states))


def cpu_ms(work: Callable[[], object]) -> float:
    times = []
    for _ in range(5):
        begun = process_time()
        work()
        times.append(1000.0 * (process_time() - begun))
    return min(times)


def test_what_200_groups_cost_in_time() -> None:
    names = ("free GPUs", "available", "settings", "ladder", "envelope", "terms 96")
    print("\n" + " ".join(f"{name:>10}" for name in names))
    for free_gpus in (5000.0, 300.0, 0.0):
        params, state = large_cluster(free_gpus)
        floor_ms = cpu_ms(lambda p=params: [group.divisible_curve(p.knobs) for group in p.groups])
        half_kw = 0.5 * job_groups.available_kw(params, state, QUARTER)
        works: tuple[Callable[[], object], ...] = (
            lambda p=params, s=state: job_groups.available_kw(p, s, QUARTER),
            lambda p=params, s=state, kw=half_kw: knob_settings(p, s, kw, QUARTER),
            lambda p=params, s=state: offers(p, s, 8, QUARTER, tariff_per_kwh=Decimal("0.30")),
            lambda p=params, s=state: envelope(p, s),
            lambda p=params, s=state: group_terms(p, s, 96, QUARTER),
        )
        ratios = [cpu_ms(work) / floor_ms for work in works]
        print(f"{free_gpus:10.0f} " + " ".join(f"{ratio:9.1f}x" for ratio in ratios))
    print("times over reading 200 cap responses once")
