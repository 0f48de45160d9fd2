"""What the planner earns in a day, against three simple rules and perfect foresight.

On two sets of days: loads and prices of the development data, which is not part of the project
(VPP_SHARED_DATA names its folder), and generated ones. Every player serves the same sold event, with the
same resources, whose true response nobody knows before it is seen. The load forecast is the day before.
Perfect foresight knows loads, responses and prices: no player can earn more.
"""

import math
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from benchmarks.support.tables import print_table
from support.plan_play import (
    SHORTFALL_COST,
    Commands,
    Play,
    battery_first,
    greedy,
    planner,
    play_day,
    priced_at_the_end,
    pro_rata,
)

from vpp.flexibility.planning.goal import Goal
from vpp.flexibility.planning.replan import replan
from vpp.flexibility.planning.terms import CutSegment, SiteTerms, StoreTerms, ThermalTerms, WorkTerms, flat

pytestmark = pytest.mark.timeout(0)
DEFAULT_FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data"
DATA = Path(os.environ.get("VPP_SHARED_DATA", DEFAULT_FOLDER))
IS_FULL = os.environ.get("VPP_BENCH") == "full"
DAYS = ("2023-01-10", "2023-01-17", "2023-01-19", "2023-01-24", "2023-01-26")[: None if IS_FULL else 3]
SITE_COUNT = 12 if IS_FULL else 4
HOURS, COUNT = 0.25, 96
EVENT = range(68, 80)  # 17:00 to 20:00
PAID_PER_KWH = 0.6
COURSES = ("facility_mw", "it_mw", "cooling_mw")
SEGMENTS = (CutSegment(0.1, 0.25), CutSegment(0.1, 0.38), CutSegment(0.1, 0.46))
"""Batch inference, flexibility models 6.2."""


def site_of(load: np.ndarray, it: np.ndarray, cooling: np.ndarray, price: np.ndarray) -> SiteTerms:
    """Make a site's terms of its course over a day, kW, and its prices, per kWh."""
    mean = float(load.mean())
    per_kwh = 5.0 / (0.5 * float(cooling.mean()) * 16.0 / 60.0)  # 5 K in 16 minutes of a half cut: table 5.4
    mixing = math.exp(-HOURS / 0.2)
    keep, swap = 0.5 * (1.0 + mixing), 0.5 * (1.0 - mixing)
    value = float(price.mean()) / 0.85
    capacity = 0.2 * mean
    bess = StoreTerms(
        "bess",
        0.8 * capacity,
        flat(0.1 * capacity, COUNT),
        0.9 * capacity,
        flat(0.1 * mean, COUNT),
        flat(0.1 * mean, COUNT),
        stored_per_charged=0.85,
        throughput_limit_kwh=1.6 * capacity,
        end_kwh=0.8 * capacity,
        end_value_per_kwh=value,
        wear_cost_per_kwh=0.08,
    )
    hall = ThermalTerms(
        "hall",
        (0.0, 0.0),
        (((keep, swap), (swap, keep)),) * COUNT,
        ((HOURS * per_kwh * 0.7, HOURS * per_kwh * 0.3),) * COUNT,
        flat(5.0, COUNT),
        flat(0.0, COUNT),
        flat(20.0 * HOURS, COUNT),
        tuple((0.5 * cooling).tolist()),
        tuple((0.3 * cooling).tolist()),
        return_ratio=0.95,
    )
    groups = [
        WorkTerms(
            name,
            tuple((share * it).tolist()),
            SEGMENTS,
            flat(room * share * float(it.mean()), COUNT),
            room * share * float(it.mean()),
            (due,) * COUNT,
            later_price_per_kwh=float(price.mean()),
            value_per_kwh=worth,
        )
        for name, share, room, due, worth in (
            ("batch", 0.15, 0.2, 24, 0.5),
            ("tune", 0.15, 0.1, 48, 1.0),
            ("train", 0.2, 0.1, 96, 1.5),
        )
    ]
    return SiteTerms(
        HOURS,
        tuple(load.tolist()),
        tuple(price.tolist()),
        flat(1.05 * float(load.max()), COUNT),
        (bess, hall, *groups),
    )


def days_of_the_fleet() -> Iterator[tuple[str, SiteTerms, SiteTerms]]:
    """List forecast and truth of some British sites and days."""
    fleet = DATA / "fleet"
    if not (fleet / "sites.csv").exists():
        pytest.skip(f"no fleet data in {DATA}; VPP_SHARED_DATA names the folder that holds it")
    pytest.importorskip("pyarrow", reason="the data is parquet")
    sites = pd.read_csv(fleet / "sites.csv")
    chosen = sites[sites.timezone == "Europe/London"].site_id.tolist()[::2][:SITE_COUNT]
    table = pd.read_parquet(fleet / "fleet_load_15min.parquet")
    prices = pd.read_parquet(DATA / "prices" / "prices_hourly.parquet")
    price = prices[prices.zone == "GB"].set_index("start_utc").price_per_mwh
    for site_id in chosen:
        rows = table[table.site_id == site_id].set_index("start_utc")[list(COURSES)]
        for day in DAYS:
            midnight = pd.Timestamp(day, tz="UTC")
            hours = price[midnight : midnight + pd.Timedelta(hours=23)].to_numpy()
            if len(hours) != 24:
                continue
            cost = np.repeat(hours, 4) / 1000.0
            sides = []
            for back in (1, 0):
                first = midnight - pd.Timedelta(days=back)
                of_day = 1000.0 * rows[first : first + pd.Timedelta(hours=23, minutes=45)]
                if len(of_day) == COUNT:
                    course = (of_day[name].to_numpy() for name in COURSES)
                    sides.append(site_of(*course, cost))
            if len(sides) == 2:
                yield f"{site_id} {day}", sides[0], sides[1]


def generated_days() -> Iterator[tuple[str, SiteTerms, SiteTerms]]:
    """List forecast and truth of generated days: an evening peak of price, noon, noise."""
    for seed in range(24 if IS_FULL else 8):
        dice = np.random.default_rng(seed)
        t = np.arange(COUNT)
        shape = 1.0 + 0.08 * np.sin((t - 30) / 96.0 * 2.0 * np.pi)
        peak = np.exp(-(((t - 74) / 8.0) ** 2))
        price = np.maximum(0.02, 0.1 + float(dice.uniform(0.05, 0.3)) * peak + dice.normal(0.0, 0.01, COUNT))
        sides = []
        for _ in range(2):
            noise = 1.0 + np.cumsum(dice.normal(0.0, 0.004, COUNT))
            it = 4000.0 * shape * noise
            cooling = 800.0 * shape * noise
            sides.append(site_of(it + cooling + 400.0, it, cooling, price))
        yield f"generated {seed}", sides[0], sides[1]


def sold(truth: SiteTerms, share: float) -> Goal:
    """Sell a share of the load over the event; delivery is measured against the true load."""
    owed = share * float(np.mean(truth.load_kw))
    inside = [t in EVENT for t in range(COUNT)]
    return Goal(
        tuple(load if each else math.nan for load, each in zip(truth.load_kw, inside, strict=True)),
        tuple(owed if each else 0.0 for each in inside),
        tuple(owed * 1.05 if each else 0.0 for each in inside),
        price_per_kwh=tuple(PAID_PER_KWH if each else 0.0 for each in inside),
        shortfall_cost_per_kwh=SHORTFALL_COST - PAID_PER_KWH,
        excess_cost_per_kwh=0.0,
    )


def foresight(play: Play) -> Play:
    """Play the best plan of all, made once with nothing unknown."""
    known = replace(play, forecast=play.truth, learned=dict(play.response))
    plan = replan(
        priced_at_the_end(known.forecast), known.goal, response_ratio=known.response, time_limit_s=60.0
    )
    assert plan is not None
    place = iter(range(COUNT))

    def follow(_: Play) -> Commands:
        n = next(place)
        return {key: (plan.reduction_kw[key][n], plan.increase_kw[key][n]) for key in plan.reduction_kw}

    return play_day(known, follow)


def earned(done: Play, idle: Play, goal: Goal) -> tuple[float, float]:
    """Return what a day earned beyond doing nothing, and the share of the energy owed that was delivered."""
    owed = np.array([goal.least_kw[t] for t in EVENT])
    given = np.maximum(0.0, np.array([done.delivered_kw[t] for t in EVENT]))
    counted = np.minimum(given, owed * 1.05)
    paid = HOURS * PAID_PER_KWH * counted.sum()
    fined = HOURS * SHORTFALL_COST * np.maximum(0.0, owed - given).sum()
    return paid - fined - (done.cost - idle.cost), float(np.minimum(given, owed).sum() / owed.sum())


@pytest.mark.parametrize("days", [days_of_the_fleet, generated_days])
@pytest.mark.parametrize("share", [0.08, 0.14])
def test_the_planner_against_simple_rules(days, share) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    totals: dict[str, list[tuple[float, float]]] = {}
    for number, (_, forecast, truth) in enumerate(days()):
        goal = sold(truth, share)
        dice = np.random.default_rng(number)
        response = {each.resource_id: float(dice.uniform(0.85, 1.0)) for each in truth.resources}
        begin = Play(forecast, truth, goal, response)
        idle = play_day(begin, lambda _: {})
        for name, player in (
            ("greedy by price", greedy),
            ("pro rata", pro_rata),
            ("battery first", battery_first),
            ("planner", planner),
        ):
            totals.setdefault(name, []).append(earned(play_day(begin, player), idle, goal))
        totals.setdefault("perfect foresight", []).append(earned(foresight(begin), idle, goal))
    best = sum(value for value, _ in totals["perfect foresight"])
    rows = [
        [name, f"{sum(v for v, _ in each):,.0f}", f"{sum(v for v, _ in each) / best:.1%}",
         f"{np.mean([s for _, s in each]):.1%}", f"{min(s for _, s in each):.1%}"]
        for name, each in totals.items()
    ]  # fmt: skip
    print_table(
        f"Earned, {days.__name__}, {len(totals['planner'])} days, {share:.0%} of the load sold",
        ["player", "earned", "of foresight", "delivered", "worst day"],
        rows,
    )
