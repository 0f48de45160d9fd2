from dataclasses import replace

import numpy as np
import pytest
from support.baseline_sites import additive, at, flat_site, noisy_site, span, x_of_y

from vpp.baseline.scoring.frequent_dispatch import DispatchPlan, backtest_frequent_dispatch, dispatch_tasks
from vpp.foundation.errors import InvalidInput

PLAN = DispatchPlan(share_ratio=0.6, day_count=10)
HIGH = x_of_y(
    "high-4-of-5",
    method={"kind": "x_of_y", "pick": "high"},
    days={"classes": [{"kinds": ["workday"], "average": 4, "candidates": 5}], "lookback_days": 45},
    adjustment=additive(cap_ratio=0.2),
)


def test_the_share_of_workdays_is_cut_and_rebounds() -> None:
    tasks = dispatch_tasks("a", flat_site(42), PLAN)
    assert len(tasks) == 10
    load = tasks[0].site.net_power_kw.to_numpy().reshape(42, 24)
    called = load[:, 18] == 80.0
    assert np.count_nonzero(called) == 18  # 60 % of 30 workdays
    assert not called[5::7].any()
    assert not called[6::7].any()
    assert (load[called, 17:21] == 80.0).all()
    assert (load[called, 21:23] == 105.0).all()
    assert (load[called, 23] == 100.0).all()
    assert (load[~called] == 100.0).all()
    assert set(tasks[0].truth.actual_kw) == {100.0}


def test_events_and_rebound_of_other_days_are_told() -> None:
    for task in dispatch_tasks("a", flat_site(42), PLAN):
        assert task.event not in task.site.events
        assert len(task.site.events) in {17, 18}
        assert {event.end for event in task.site.events} == {one.start for one in task.site.masked}
    for task in dispatch_tasks("a", flat_site(42), replace(PLAN, masked=False)):
        assert (task.site.events, task.site.masked) == ((), ())


def test_real_events_stay_known_and_are_not_called_again() -> None:
    site = flat_site(42, events=[span(35, 17, 21)], masked=[span(35, 21, 23)])
    tasks = dispatch_tasks("a", site, PLAN)
    assert all(span(35, 17, 21) in task.site.events for task in tasks)
    assert all(task.event.start.date() != at(35).date() for task in tasks)


def test_every_site_is_called_on_the_same_days_and_a_seed_repeats() -> None:
    one, other = (dispatch_tasks(name, noisy_site(42, seed), PLAN)[0] for name, seed in (("a", 1), ("b", 2)))
    assert list(one.site.events) == list(other.site.events)
    reseeded = dispatch_tasks("a", noisy_site(42, 1), replace(PLAN, seed=2))[0]
    assert list(one.site.events) != list(reseeded.site.events)


def test_a_rule_that_learns_from_events_loses_what_it_should_measure() -> None:
    sites = {name: noisy_site(70, seed) for seed, name in enumerate("abc")}
    plan = DispatchPlan(share_ratio=0.6, day_count=20)
    told, untold, undisturbed = (
        float(np.mean([row.score.bias_ratio for row in backtest_frequent_dispatch(sites, [HIGH], one).rows]))
        for one in (plan, replace(plan, masked=False), replace(plan, share_ratio=0.0))
    )
    assert untold < -0.05
    assert abs(told - undisturbed) < 0.02


@pytest.mark.parametrize("name", ["share_ratio", "cut_ratio", "rebound_ratio"])
def test_shares_are_shares(name: str) -> None:
    with pytest.raises(InvalidInput, match=f"{name} is 1.5"):
        replace(DispatchPlan(share_ratio=0.5), **{name: 1.5})
