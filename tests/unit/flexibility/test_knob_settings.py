from datetime import timedelta
from decimal import Decimal

import pytest

from tests.support.job_clusters import HOUR, MINUTE, PAUSE, job_cluster, job_group
from vpp.flexibility.job_class import JobClass, Tier
from vpp.flexibility.job_cluster import JobClusterState, cluster_state
from vpp.flexibility.job_group import GroupState
from vpp.flexibility.knob_settings import GroupSetting, knob_settings
from vpp.flexibility.pause_rules import PauseRules
from vpp.foundation.errors import InvalidInput

QUARTER = timedelta(minutes=15)
CHEAP = job_group("cheap", job_value_per_kwh=Decimal("0.50"), pause=PAUSE)
DEAR = job_group("dear", job_value_per_kwh=Decimal("1.50"))
PARAMS = job_cluster(CHEAP, DEAR)
STATE = cluster_state(PARAMS, (GroupState(200.0), GroupState(400.0)))  # 100 and 200 kW


def test_nothing_wanted_is_nothing_done() -> None:
    assert knob_settings(PARAMS, STATE, 0.0, QUARTER) == (GroupSetting("cheap"), GroupSetting("dear"))
    assert all(each.is_left_alone for each in knob_settings(PARAMS, STATE, 0.0, QUARTER))


def test_the_cheapest_work_is_slowed_down_first() -> None:
    cheap, dear = knob_settings(PARAMS, STATE, 20.0, QUARTER)
    assert (cheap.reduction_kw, dear.reduction_kw) == (pytest.approx(20.0), 0.0)
    assert (cheap.cap_cut_ratio, cheap.off_ratio) == (pytest.approx(0.2), 0.0)
    cheap, dear = knob_settings(PARAMS, STATE, 60.0, QUARTER)
    assert (cheap.reduction_kw, dear.reduction_kw) == (pytest.approx(25.0), pytest.approx(35.0))


def test_a_group_stands_still_only_for_what_caps_cannot_give() -> None:
    assert not any(each.is_paused for each in knob_settings(PARAMS, STATE, 75.0, QUARTER))
    cheap, dear = knob_settings(PARAMS, STATE, 90.0, QUARTER)
    assert cheap.is_paused
    assert (cheap.reduction_kw, cheap.lost_ratio) == (pytest.approx(80.0), 1.0)
    assert dear.reduction_kw == pytest.approx(10.0)  # relaxed as far as the pause allows
    cheap, dear = knob_settings(PARAMS, STATE, 999.0, QUARTER)
    assert cheap.reduction_kw + dear.reduction_kw == pytest.approx(130.0)


def test_what_stands_still_stays_so_while_it_is_needed() -> None:
    standing = JobClusterState((GroupState(200.0, paused_for=HOUR), GroupState(400.0)), 400.0)
    assert knob_settings(PARAMS, standing, 80.0, QUARTER)[0].is_paused
    assert not knob_settings(PARAMS, standing, 60.0, QUARTER)[0].is_paused


def test_a_young_pause_is_not_ended_early() -> None:
    rules = PauseRules(HOUR, restart_time=6 * MINUTE, shortest=30 * MINUTE)
    params = job_cluster(job_group("cheap", pause=rules), DEAR)
    young = JobClusterState((GroupState(200.0, paused_for=QUARTER), GroupState(400.0)), 400.0)
    assert knob_settings(params, young, 10.0, QUARTER)[0].is_paused
    old = JobClusterState((GroupState(200.0, paused_for=2 * QUARTER), GroupState(400.0)), 400.0)
    assert not knob_settings(params, old, 10.0, QUARTER)[0].is_paused


def test_each_knob_is_told_in_its_own_words() -> None:
    params = job_cluster(
        job_group("serve", job_class=JobClass.BATCH_INFERENCE, has_replicas=True),
        job_group("render", job_class=JobClass.ETL_RENDER_HPC, tier=Tier.FLEX3, response_time=MINUTE),
    )
    state = cluster_state(params, (GroupState(200.0), GroupState(200.0)))
    serve, render = knob_settings(params, state, 999.0, QUARTER)
    assert serve.cap_cut_ratio == 0.25
    assert serve.off_ratio == pytest.approx(1.0 - 0.75 / 0.915)
    assert (render.cap_cut_ratio, render.off_ratio) == (0.0, pytest.approx(0.5))


def test_of_two_ways_the_one_that_lasts_is_taken() -> None:
    # The cheap group's work must be made up within 2 h on 6 GPUs; the dear one has 8 h.
    params = job_cluster(
        job_group("cheap", job_value_per_kwh=Decimal("0.10"), catch_up_within=2 * HOUR),
        DEAR,
        max_recovery_kw=3.0,
    )
    state = cluster_state(params, (GroupState(400.0), GroupState(400.0)))
    now = knob_settings(params, state, 30.0, QUARTER, hold=QUARTER)
    lasting = knob_settings(params, state, 30.0, QUARTER, hold=90 * MINUTE)
    assert now[0].reduction_kw == pytest.approx(30.0)
    assert lasting[0].reduction_kw < 30.0
    assert sum(each.reduction_kw for each in lasting) == pytest.approx(30.0)


def test_a_negative_reduction_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"reduction_kw is -1\.0"):
        knob_settings(PARAMS, STATE, -1.0, QUARTER)
