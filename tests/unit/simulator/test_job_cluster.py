"""A cluster of jobs: caps that change nothing, pauses that fail, restarts, deadlines."""

import json

import pytest

from vpp.simulator.device import RELEASED, SECONDS_PER_HOUR, Conditions, Order
from vpp.simulator.job_cluster import JobCluster, JobClusterPlant
from vpp.simulator.job_group import JobGroupPlant
from vpp.simulator.job_stream import PAUSED, RUNNING, JobStream

MINUTE_S = 60.0
LONG = {"job_hours": 1e6, "slack_hours": 100.0}


def conditions(at_s: float = 0.0) -> Conditions:
    return Conditions(net_kw=1300.0, it_kw=1000.0, cooling_kw=200.0, at_s=at_s)


def run(device: JobCluster, order: Order, minutes: int, begin_s: float = 0.0) -> list[float]:
    return [device.step(order, conditions(begin_s + n * MINUTE_S), MINUTE_S) for n in range(minutes)]


def cut(kw: float) -> Order:
    return Order(reduction_kw=kw, recovery_limit_kw=0.0)


def cluster(group: dict[str, object], **changes: object) -> JobCluster:
    plant = {
        "batch_ratio": 0.5,
        "facility_ratio": 1.0,
        "cap_time_constant_s": 0.0,
        "groups": {"only": {"share_ratio": 1.0, **LONG, **group}},
    }
    return JobCluster(JobClusterPlant.model_validate({**plant, **changes}))


def test_caps_reach_the_order_where_every_job_reacts() -> None:
    device = cluster({"inert_ratio": 0.0, "max_cut_ratio": 0.3})
    assert run(device, cut(100.0), 5) == [pytest.approx(-100.0)] * 5  # of 500 kW
    assert run(device, cut(1000.0), 2)[-1] == pytest.approx(-150.0)


def test_the_manager_deepens_the_caps_for_jobs_that_do_not_react() -> None:
    device = cluster({"inert_ratio": 0.33, "max_cut_ratio": 0.35, "stream_count": 50})
    changes = run(device, cut(80.0), 10)
    assert changes[0] > -70.0  # the first caps are as deep as if all reacted
    assert changes[-1] == pytest.approx(-80.0, rel=0.02)


def test_inert_jobs_bound_what_caps_can_do() -> None:
    device = cluster({"inert_ratio": 0.33, "max_cut_ratio": 0.3, "stream_count": 200})
    deepest_kw = -run(device, cut(1000.0), 10)[-1]
    assert deepest_kw == pytest.approx(150.0 * 0.67, rel=0.1)


def test_the_loss_of_work_is_that_of_the_traces() -> None:
    stream = JobStream(JobGroupPlant.model_validate({"share_ratio": 1.0, **LONG, "inert_ratio": 0.0}), 1, "x")
    stream.step(0.3, is_pausing=False, extra_ratio=0.0, span_s=SECONDS_PER_HOUR)
    assert stream.job.delay_h == pytest.approx(1.95 * 0.3**2.25)  # 13 % at a cut of 30 %


def test_a_pause_takes_its_time_and_costs_what_was_not_saved() -> None:
    plant = JobGroupPlant.model_validate(
        {"share_ratio": 1.0, **LONG, "method": "pause", "stop_s": 90.0, "pause_failure_ratio": 0.0}
    )
    stream = JobStream(plant, 4, "x")
    since_h = stream.job.since_checkpoint_s / SECONDS_PER_HOUR
    powers = [stream.step(0.0, is_pausing=True, extra_ratio=0.0, span_s=30.0)[0] for _ in range(6)]
    assert powers[:3] == [1.0] * 3
    assert powers[-1] == pytest.approx(plant.idle_power_ratio)
    assert stream.job.mode == PAUSED
    # 90 s of stopping went on working; what lies behind the checkpoint is lost, then it stands still.
    assert stream.job.delay_h == pytest.approx(since_h + (90.0 + 90.0) / SECONDS_PER_HOUR, abs=0.02)


def test_a_job_may_fail_to_pause_for_as_long_as_the_activation_lasts() -> None:
    device = cluster({"method": "pause", "stream_count": 200, "pause_failure_ratio": 0.2})
    first_kw = -run(device, cut(1000.0), 5)[-1]
    assert first_kw == pytest.approx(500.0 * 0.8 * 0.8, rel=0.06)
    assert -run(device, cut(1000.0), 5)[-1] == pytest.approx(first_kw)
    run(device, RELEASED, 30)
    assert -run(device, cut(1000.0), 5)[-1] == pytest.approx(500.0 * 0.8 * 0.8, rel=0.06)


def test_a_restart_takes_minutes_and_may_have_to_be_tried_again() -> None:
    def minutes_back(failure_ratio: float) -> int:
        device = cluster(
            {
                "method": "pause",
                "pause_failure_ratio": 0.0,
                "resume_failure_ratio": failure_ratio,
                "resume_spread_ratio": 0.0,
            },
            free_ratio=0.0,
        )
        run(device, cut(1000.0), 10)
        return next(n for n, kw in enumerate(run(device, RELEASED, 120)) if kw == 0.0)

    assert minutes_back(0.0) == 4  # 210 s
    assert minutes_back(0.6) > 4


def test_a_full_cluster_shows_no_rebound_and_a_free_one_catches_up() -> None:
    full, free = (cluster({"inert_ratio": 0.0}, free_ratio=ratio) for ratio in (0.0, 0.2))
    for device in (full, free):
        run(device, cut(150.0), 60)
    assert max(run(full, RELEASED, 60)) == 0.0
    assert full.reading(conditions())["backlog_gpu_h.only"] > 0.0
    assert max(run(free, RELEASED, 60)) == pytest.approx(100.0)
    run(free, RELEASED, 600)
    assert free.reading(conditions())["backlog_gpu_h.only"] == pytest.approx(0.0, abs=1e-6)


def test_catching_up_stays_within_its_limit() -> None:
    device = cluster({"inert_ratio": 0.0}, free_ratio=0.2)
    run(device, cut(150.0), 60)
    assert max(run(device, Order(0.0, 30.0), 10)) == pytest.approx(30.0)
    assert max(run(device, Order(0.0, 0.0, 55.0), 10)) == pytest.approx(55.0)


def test_jobs_end_and_the_next_begin_with_traits_of_their_own() -> None:
    plant = JobGroupPlant(share_ratio=1.0, job_hours=1.0, inert_ratio=0.5)
    stream = JobStream(plant, 2, "x")
    inert = []
    for _ in range(400):
        stream.step(0.0, is_pausing=False, extra_ratio=0.0, span_s=SECONDS_PER_HOUR)
        inert.append(stream.is_inert)
    assert stream.job.number > 100
    assert sum(inert) / len(inert) == pytest.approx(0.5, abs=0.12)
    assert stream.job.mode == RUNNING


def test_a_job_that_is_kept_too_long_breaks_its_deadline_by_the_plants_own_truth() -> None:
    group = {"method": "pause", "pause_failure_ratio": 0.0, "job_hours": 3.0, "slack_hours": 1.0}
    device = cluster(group, free_ratio=0.0)
    run(device, cut(1000.0), 60 * 12)
    assert device.margins()["deadline_h"] < 0.0


def test_the_readings_add_up() -> None:
    device = cluster({"inert_ratio": 0.0, "method": "pause", "pause_failure_ratio": 0.0, "stream_count": 4})
    run(device, cut(190.0), 5)  # two of four streams, 100 kW each
    reading = device.reading(conditions())
    assert reading["running_gpus.only"] == pytest.approx(500.0 / 0.7)
    assert reading["paused_gpus.only"] == pytest.approx(250.0 / 0.7)
    assert reading["reduction_kw"] == pytest.approx(200.0)


def test_a_cluster_goes_on_from_its_memory() -> None:
    groups = {
        "capped": {"share_ratio": 0.5, "job_hours": 2.0},
        "paused": {"share_ratio": 0.5, "job_hours": 2.0, "method": "pause", "resume_failure_ratio": 0.3},
    }
    make = lambda: cluster({}, groups=groups)  # noqa: E731  three of the same
    whole, part, resumed = make(), make(), make()
    run(whole, cut(200.0), 30)
    run(part, cut(200.0), 30)
    resumed.recall(json.loads(json.dumps(part.memory())))
    assert run(resumed, RELEASED, 300, 1800.0) == run(whole, RELEASED, 300, 1800.0)
