from datetime import timedelta

import pytest

from tests.support.job_clusters import HOUR, MINUTE, PAUSE, job_group
from vpp.flexibility.cut_curve import CutCurve
from vpp.flexibility.job_class import JobClass, Tier
from vpp.flexibility.job_group import GroupState, group_with_deadline
from vpp.flexibility.knob import Knob
from vpp.foundation.errors import InvalidInput


def test_caps_go_as_deep_as_the_tier() -> None:
    curve = job_group(tier=Tier.FLEX1).divisible_curve()
    assert (curve.deepest_cut_ratio, curve.loss_ratio[-1]) == (0.1, 0.04)
    assert job_group(tier=Tier.FLEX0).divisible_curve() == CutCurve()
    assert job_group(agreed_cut_ratio=0.4).divisible_curve().deepest_cut_ratio == 0.4


def test_the_sites_own_response_takes_the_published_ones_place() -> None:
    learned = CutCurve((0.0, 0.15), (0.0, 0.02))
    curve = job_group(learned_curve=learned).divisible_curve()
    assert (curve.deepest_cut_ratio, curve.loss_ratio[-1]) == (0.15, 0.02)
    inert = job_group(learned_curve=CutCurve())
    assert inert.divisible_curve().deepest_cut_ratio == 0.0


def test_replicas_go_until_the_tiers_work_is_lost() -> None:
    group = job_group(job_class=JobClass.BATCH_INFERENCE, has_replicas=True)
    curve = group.divisible_curve()
    # Caps: 25 % less power for 8.5 % less work; then 1 - 0.75 / 0.915 = 18.0 % of the replicas.
    off = 1.0 - 0.75 / 0.915
    assert curve.loss_ratio[-1] == pytest.approx(0.25)
    assert curve.deepest_cut_ratio == pytest.approx(0.25 + off * (1.0 - 0.2 - 0.25))
    assert group.divisible_curve(frozenset({Knob.CAP})).deepest_cut_ratio == 0.25
    only = group.divisible_curve(frozenset({Knob.REPLICAS}))
    assert (only.deepest_cut_ratio, only.loss_ratio[-1]) == (pytest.approx(0.2), pytest.approx(0.25))


def test_delayed_starts_lose_work_and_idle_machines_none() -> None:
    batch = job_group(job_class=JobClass.ETL_RENDER_HPC, tier=Tier.FLEX3, response_time=10 * MINUTE)
    assert batch.divisible_curve().loss_at(0.4) == pytest.approx(0.5)
    assert batch.divisible_curve(frozenset({Knob.CAP})) == CutCurve()
    idle = job_group(job_class=JobClass.DEV_TEST_IDLE, agreed_cut_ratio=1.0, response_time=5 * MINUTE)
    assert (idle.divisible_curve().deepest_cut_ratio, idle.divisible_curve().loss_at(0.8)) == (0.8, 0.0)


def test_response_times_are_measured_unless_the_site_says_otherwise() -> None:
    group = job_group(pause=PAUSE)
    assert group.response_time_of(Knob.CAP) == timedelta(seconds=30)
    assert group.response_time_of(Knob.PAUSE) == 2 * MINUTE
    assert job_group(response_time=3 * MINUTE).response_time_of(Knob.CAP) == 3 * MINUTE


def test_slack_is_what_own_machines_do_between_plan_and_deadline() -> None:
    state = group_with_deadline(100.0, 800.0, 10 * HOUR, backlog_gpu_h=50.0)
    assert (state.slack_gpu_h, state.waiting_gpu_h) == (250.0, 750.0)
    assert state.backlog.in_time_gpu_h == 50.0
    tight = group_with_deadline(100.0, 1200.0, 10 * HOUR)
    assert (tight.slack_gpu_h, tight.backlog.in_time_gpu_h) == (0.0, 200.0)  # needs free GPUs from the start
    over = group_with_deadline(100.0, 30.0, timedelta(0))
    assert over.backlog.overdue_gpu_h == 30.0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"job_class": JobClass.INTERACTIVE_INFERENCE}, "its users are waiting"),
        ({"has_replicas": True}, "has the knob replicas"),
        ({"job_class": JobClass.ETL_RENDER_HPC}, "no response_time"),
        (
            {"job_class": JobClass.DEV_TEST_IDLE, "pause": PAUSE, "response_time": MINUTE},
            "has the knob pause",
        ),
        ({"kw_per_gpu": 0.0}, "kw_per_gpu"),
        ({"idle_power_ratio": 1.0}, "idle_power_ratio"),
        ({"agreed_cut_ratio": 1.5}, "agreed_cut_ratio"),
        ({"catch_up_within": timedelta(0)}, "catch_up_within"),
    ],
)
def test_what_is_no_group_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        job_group(**changes)  # type: ignore[arg-type]


def test_interactive_inference_may_be_there_untouched() -> None:
    group = job_group(job_class=JobClass.INTERACTIVE_INFERENCE, tier=Tier.FLEX0)
    assert group.divisible_curve() == CutCurve()


def test_slack_without_a_deadline_is_refused() -> None:
    with pytest.raises(InvalidInput, match="expected 0 for work without a deadline"):
        GroupState(10.0, slack_gpu_h=1.0)
    with pytest.raises(InvalidInput, match="running_gpus"):
        GroupState(-1.0)
