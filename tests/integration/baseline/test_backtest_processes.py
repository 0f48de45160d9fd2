"""Backtests in worker processes give what they give in one."""

import pandas as pd
from support.baseline_sites import additive, noisy_site, x_of_y

from vpp.baseline.fleet_pool import FleetPool
from vpp.baseline.scoring.day_ahead_backtest import backtest_day_ahead
from vpp.baseline.scoring.day_ahead_plan import DayAheadPlan
from vpp.baseline.scoring.placebo_plan import PlaceboPlan
from vpp.baseline.scoring.settlement_backtest import backtest_settlement

SITES = {f"s{n}": noisy_site(30, n) for n in range(25)}  # more than one part holds
RULE = x_of_y(adjustment=additive())
LOCAL = FleetPool("local", workers=2)


def test_worker_processes_change_no_figure() -> None:
    told: list[int] = []
    days = [
        backtest_day_ahead(
            SITES, [RULE], DayAheadPlan(day_count=2), pool=pool, progress=lambda done, _: told.append(done)
        )
        for pool in (FleetPool("inline"), LOCAL)
    ]
    assert told == [1, 2, 3, 4] * 2
    pd.testing.assert_frame_equal(days[0].intervals, days[1].intervals)
    one, other = (found.to_frame().drop(columns="cpu_s") for found in days)
    pd.testing.assert_frame_equal(one, other)
    assert list(dict.fromkeys(one["series"])) == list(SITES)
    events = [
        backtest_settlement(SITES, [RULE], PlaceboPlan(day_count=2), pool=pool)
        for pool in (FleetPool("inline"), LOCAL)
    ]
    pd.testing.assert_frame_equal(events[0].intervals, events[1].intervals)
