from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from vpp.agent.deferrable_unit import DeferrableLoadUnit
from vpp.agent.idle_servers_unit import IdleServersUnit
from vpp.agent.job_groups_unit import JobGroupsUnit
from vpp.agent.unit_tables import units_of
from vpp.flexibility.backlog import Backlog
from vpp.flexibility.envelope import FlexDirection
from vpp.flexibility.job_class import JobClass, Tier
from vpp.flexibility.knob import Knob
from vpp.foundation.errors import InvalidInput
from vpp.v1 import portfolio_pb2

HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)
NOON = datetime(2026, 5, 3, 12, tzinfo=UTC)
TUNE: dict[str, Any] = {
    "group_id": "tune",
    "job_class": "finetune",
    "tier": "flex2",
    "kw_per_gpu": 0.5,
    "idle_power_ratio": 0.2,
    "job_value_per_kwh": "0.90",
    "catch_up_within": "PT8H",
}
TRAIN = TUNE | {
    "group_id": "train",
    "job_class": "pretrain",
    "pause": {"checkpoint_interval": "PT1H", "restart_time": "PT4M"},
}
CLUSTER: dict[str, Any] = {
    "gpu_count": 1000.0,
    "overhead_slope_ratio": 0.0,
    "max_recovery_kw": "0.1 MW",
    "delivery_ratio": 0.9,
    "groups": [TUNE, TRAIN],
}
READING = {
    "available": 1.0,
    "reduction_kw": 0.0,
    "free_gpus": 300.0,
    "running_gpus.tune": 400.0,
    "paused_gpus.tune": 0.0,
    "backlog_gpu_h.tune": 40.0,
    "backlog_due_s.tune": 7200.0,
    "since_checkpoint_s.tune": 0.0,
    "running_gpus.train": 200.0,
    "paused_gpus.train": 0.0,
    "backlog_gpu_h.train": 0.0,
    "backlog_due_s.train": 0.0,
    "remaining_gpu_h.train": 1600.0,
    "due_s.train": 36000.0,
    "since_checkpoint_s.train": 600.0,
}


def cluster(**changes: object) -> JobGroupsUnit:
    (unit,) = units_of({"job_groups": {"gpu": CLUSTER | changes}}, None)
    assert isinstance(unit, JobGroupsUnit)
    return unit


def test_a_table_becomes_groups() -> None:
    params = cluster(knobs=["cap"], notice="PT10M").params
    assert [group.group_id for group in params.groups] == ["tune", "train"]
    assert (params.groups[1].job_class, params.groups[1].tier) == (JobClass.PRETRAIN, Tier.FLEX2)
    assert (params.knobs, params.max_recovery_kw) == (frozenset({Knob.CAP}), 100.0)
    assert params.groups[1].pause is not None
    assert params.groups[1].pause.restart_time == timedelta(minutes=4)
    learned = TUNE | {"learned_curve": {"cut_ratio": [0.0, 0.1], "loss_ratio": [0.0, 0.02]}}
    assert cluster(groups=[learned]).params.groups[0].cap_curve.deepest_cut_ratio == 0.1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"groups": []}, r"resources\.job_groups\.gpu\.groups is \[\]"),
        ({"groups": ["tune"]}, r"groups\[0\] is 'tune', expected a table"),
        ({"groups": [TUNE | {"tenant": "somebody"}]}, r"groups\[0\] has unknown keys tenant"),
        ({"groups": [TUNE | {"tier": "flex9"}]}, r"groups\[0\]\.tier is 'flex9'"),
        ({"groups": [TUNE | {"catch_up_within": 8}]}, 'expected a duration such as "PT5M"'),
        ({"groups": [TRAIN | {"pause": {"restart_time": "PT1M"}}]}, "pause lacks checkpoint_interval"),
        ({"groups": [TUNE, TUNE]}, "each once"),
        ({"groups": [TUNE | {"kw_per_gpu": -1.0}]}, r"kw_per_gpu is -1\.0"),
    ],
)
def test_a_table_that_is_wrong_is_refused_by_name(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        cluster(**changes)


def test_a_reading_becomes_a_state() -> None:
    unit = cluster()
    unit.observe(READING)
    tune, train = unit.observed.groups
    assert (tune.running_gpus, tune.backlog.in_time_gpu_h, tune.due_in) == (400.0, 40.0, None)
    assert tune.backlog.pieces[0].remaining == 2 * HOUR
    assert (train.due_in, train.slack_gpu_h) == (10 * HOUR, 400.0)
    assert unit.observed.free_gpus == 300.0
    assert unit.kind == portfolio_pb2.Resource.KIND_DEFERRABLE_LOAD


def test_it_offers_bids_plans_and_states_itself() -> None:
    unit = cluster()
    unit.observe(READING)
    state = unit.observed
    caps_kw = 0.25 * 200.0 + 0.25 * 100.0
    assert unit.available_kw(state, QUARTER) == pytest.approx(0.25 * 200.0 + 0.8 * 100.0)
    offer = unit.offer(state, 4, QUARTER, Decimal("0.30"))
    assert offer is not None
    assert offer.reduction_kw == pytest.approx((caps_kw,) * 4)
    assert len(unit.offers(state, 4, QUARTER, Decimal("0.30"))) == 2
    assert unit.terms(state, 4, HOUR, ()).resource_id == "gpu"
    assert [each.resource_id for each in unit.group_terms(state, 4, HOUR)] == ["gpu/tune", "gpu/train"]
    assert unit.envelope().p_max_kw >= unit.present_envelope().p_max_kw > 0.0
    assert unit.recovery_kw(state, QUARTER) == pytest.approx(80.0)  # 40 GPU h within the quarter
    after, given_kw = unit.advance(state, 60.0, QUARTER)
    assert given_kw == pytest.approx(60.0)
    assert after.groups[0].backlog.total_gpu_h > 40.0
    assert unit.available_increase_kw(state, QUARTER) == pytest.approx(150.0)  # 300 free GPUs
    _, given_kw = unit.increase(state, 120.0, QUARTER)
    assert given_kw == pytest.approx(120.0)
    assert sum(each.reduction_kw for each in unit.settings(60.0, QUARTER)) == pytest.approx(60.0)


def test_what_leaves_the_site_names_no_group() -> None:
    unit = cluster()
    unit.observe(READING)
    for text in (str(unit.envelope()), str(unit.offers(unit.observed, 4, QUARTER, Decimal(0)))):
        assert "tune" not in text
        assert "train" not in text


def test_pauses_are_counted_within_an_activation() -> None:
    unit = cluster()
    unit.observe(READING, NOON)
    unit.observe(READING | {"paused_gpus.train": 200.0, "reduction_kw": 80.0}, NOON + QUARTER)
    assert (unit.observed.groups[1].pause_count, unit.observed.groups[1].is_paused) == (1, True)
    unit.observe(READING | {"paused_gpus.train": 200.0, "reduction_kw": 80.0}, NOON + 2 * QUARTER)
    assert unit.observed.groups[1].paused_for == 2 * QUARTER
    unit.observe(READING | {"reduction_kw": 20.0}, NOON + 3 * QUARTER)  # running, and still cut
    assert unit.observed.groups[1].pause_count == 1
    assert unit.available_kw(unit.observed, QUARTER) == pytest.approx(75.0)  # not paused again
    unit.observe(READING, NOON + 4 * QUARTER)
    assert unit.observed.groups[1].pause_count == 0


def test_observed_caps_take_the_published_responses_place() -> None:
    observed = TUNE | {"cap_observations": [[0.8, 0.005, 0.0], [0.6, 0.1, 0.04]]}
    unit = cluster(groups=[observed, TRAIN])
    unit.observe(READING)
    assert unit.available_kw(unit.observed, QUARTER) == pytest.approx(0.1 * 200.0 + 0.8 * 100.0)
    for wrong in ([], [[0.8, 0.005]], "0.8", [[0.8, 0.005, "much"]]):
        with pytest.raises(InvalidInput, match="cap_observations"):
            cluster(groups=[TUNE | {"cap_observations": wrong}])
    with pytest.raises(InvalidInput, match="expected one of them"):
        cluster(groups=[observed | {"learned_curve": {"cut_ratio": [0.0], "loss_ratio": [0.0]}}])


def test_a_site_may_leave_out_what_is_too_slow_for_its_products() -> None:
    unit = cluster(response_within="PT1M")
    unit.observe(READING)
    assert Knob.PAUSE not in unit.params.knobs
    assert unit.envelope().delay == timedelta(seconds=30)
    with pytest.raises(InvalidInput, match="response_within"):
        cluster(response_within=60)


def test_a_checkpoint_that_nothing_tells_is_as_old_as_it_can_be() -> None:
    unit = cluster()
    unit.observe({key: value for key, value in READING.items() if not key.startswith("since_checkpoint")})
    assert unit.observed.groups[1].since_checkpoint == HOUR
    told = cluster()
    told.observe(READING)
    pause, cheaper = (each.offers(each.observed, 4, QUARTER, Decimal(0))[-1] for each in (unit, told))
    assert pause.fixed_cost > cheaper.fixed_cost


def test_after_a_start_within_an_activation_a_pause_may_have_been_used_up() -> None:
    unit = cluster()
    unit.observe(READING | {"reduction_kw": 20.0}, NOON)  # running, and cut since nobody knows when
    assert unit.observed.groups[1].pause_count == 1
    unit.observe(READING, NOON + QUARTER)
    assert unit.observed.groups[1].pause_count == 0


def test_a_paused_pool_offers_with_the_worst_checkpoint_and_pays_its_restart_once() -> None:
    table = {
        "job_class": "finetune",
        "tier": "flex3",
        "method": {"checkpoint_interval": "PT1H", "restart_time": "PT6M", "idle_power_ratio": 0.0},
        "gpu_count": 1000.0,
        "kw_per_gpu": 0.5,
        "overhead_slope_ratio": 0.0,
        "job_value_per_kwh": "1.00",
        "catch_up_within": "PT8H",
        "max_recovery_kw": 400.0,
        "response_time": "PT2M",
        "delivery_ratio": 0.9,
    }
    (unit,) = units_of({"deferrable_load": {"pool": table}}, None)
    assert isinstance(unit, DeferrableLoadUnit)
    unit.observe({"available": 1.0, "reduction_kw": 0.0, "batch_load_kw": 100.0}, NOON)
    assert (unit.observed.paused, unit.observed.since_checkpoint) == (False, HOUR)
    offer = unit.offer(unit.observed, 4, QUARTER, Decimal("0.20"))
    assert offer is not None
    assert offer.fixed_cost == Decimal("55.00")  # half of 100 kW for an hour and six minutes
    unit.observe({"available": 1.0, "reduction_kw": 50.0, "batch_load_kw": 100.0}, NOON + QUARTER)
    assert unit.observed.paused


def test_where_only_power_is_seen_the_unit_keeps_account() -> None:
    unit = cluster(groups=[TUNE])
    seen = {"available": 1.0, "reduction_kw": 0.0, "running_gpus.tune": 400.0}
    unit.observe(seen, NOON)
    assert unit.observed.groups[0].backlog == Backlog()
    assert unit.observed.free_gpus == 600.0
    unit.observe(seen | {"reduction_kw": 50.0}, NOON + HOUR)
    assert unit.observed.groups[0].backlog.total_gpu_h == pytest.approx(39.6)
    unit.observe(seen | {"reduction_kw": -10.0}, NOON + 2 * HOUR)
    assert unit.observed.groups[0].backlog.total_gpu_h == pytest.approx(19.6)
    late = cluster(groups=[TUNE])
    late.observe(seen | {"reduction_kw": 50.0}, NOON)  # nobody saw it begin
    assert late.available_kw(late.observed, QUARTER) == 0.0


def test_a_pool_keeps_account_likewise() -> None:
    table = {
        "job_class": "finetune",
        "tier": "flex2",
        "method": "capping",
        "gpu_count": 1000.0,
        "kw_per_gpu": 0.5,
        "overhead_slope_ratio": 0.0,
        "job_value_per_kwh": "0.90",
        "catch_up_within": "PT4H",
        "max_recovery_kw": 100.0,
        "response_time": "PT30S",
        "delivery_ratio": 0.9,
    }
    (unit,) = units_of({"deferrable_load": {"pool": table}}, None)
    assert isinstance(unit, DeferrableLoadUnit)
    seen = {"available": 1.0, "reduction_kw": 0.0, "batch_load_kw": 400.0}
    unit.observe(seen, NOON)
    unit.observe(seen | {"reduction_kw": 100.0}, NOON + HOUR)
    assert unit.observed.backlog.total_gpu_h == pytest.approx(800.0 * 0.099)
    unit.observe(seen | {"reduction_kw": -20.0, "waiting_kwh": 5.0}, NOON + 2 * HOUR)
    assert unit.observed.backlog.total_gpu_h == pytest.approx(39.2)
    assert unit.available_increase_kw(unit.observed, HOUR) == pytest.approx((39.2 + 10.0) * 0.5)
    _, given_kw = unit.increase(unit.observed, 10.0, HOUR)
    assert given_kw == pytest.approx(10.0)
    assert unit.terms(unit.observed, 4, HOUR, ()).ahead_kwh == pytest.approx(5.0)
    read = seen | {"backlog_kwh": 7.0, "backlog_due_s": 3600.0}
    unit.observe(read, NOON + 3 * HOUR)  # a scheduler's own figure outranks the account
    assert unit.observed.backlog.total_gpu_h == pytest.approx(14.0)


def test_idle_servers_are_counted_whole() -> None:
    table = {
        "idle_kw_per_server": 0.3,
        "asleep_kw_per_server": 0.1,
        "overhead_slope_ratio": 0.0,
        "shutdown_time": "PT1M",
        "wake_time": "PT5M",
        "keep_awake_count": 10,
        "wear_cost_per_start": "0.01",
        "delivery_ratio": 0.9,
    }
    (unit,) = units_of({"idle_servers": {"spare": table}}, None)
    assert isinstance(unit, IdleServersUnit)
    unit.observe({"available": 1.0, "reduction_kw": 0.0, "idle_servers": 50.9, "asleep_servers": 10.0})
    state = unit.observed
    assert (state.idle_count, state.asleep_count) == (50, 10)
    assert unit.available_kw(state, QUARTER) == pytest.approx(10.0)
    assert unit.advance(state, 5.0, QUARTER)[1] == pytest.approx(5.0)
    assert unit.recovery_kw(state, QUARTER) == 0.0
    assert unit.envelope().direction is FlexDirection.LOAD_DOWN
    offer = unit.offer(state, 2, QUARTER, Decimal("0.60"))
    assert offer is not None
    assert offer.price_per_mwh == Decimal("0.00")
    assert unit.terms(state, 2, QUARTER, ()).later_catch_up_kw == 0.0


def test_an_unknown_kind_names_all_that_there_are() -> None:
    with pytest.raises(InvalidInput, match="job_groups or idle_servers"):
        units_of({"windmill": {"a": {}}}, None)
