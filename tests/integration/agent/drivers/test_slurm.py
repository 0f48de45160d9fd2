"""The Slurm driver against a stand-in with answers in the recorded shape: as commands, and as a REST API."""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support.driver_place import NOON, place_for
from support.slurm_cluster import TOKEN, SlurmCluster, number

from vpp.agent.device_place import DevicePlace
from vpp.agent.drivers.pausing_device import PausingDevice
from vpp.agent.drivers.slurm import device_of
from vpp.agent.equipment_memory import FileMemory
from vpp.agent.unit_tables import units_of
from vpp.foundation.device_terms import Applied, DeviceError, Health, Outcome, Setpoint
from vpp.foundation.errors import InvalidInput

SLOPE = 1.1
TRAINING = {
    "partitions": ["train"],
    "action": "suspend",
    "tier": "flex2",
    "kw_per_gpu": 1.0,
    "idle_power_ratio": 0.2,
}
BATCH = {
    "partitions": ["batch"],
    "qos": ["low"],
    "action": "requeue",
    "tier": "flex3",
    "kw_per_gpu": 1.0,
    "idle_power_ratio": 0.2,
    "board_count": 32,
}
SAVED = 0.8 * SLOPE
"""What a GPU that stands still saves, kW."""


@pytest.fixture
def cluster(tmp_path: Path) -> SlurmCluster:
    """Two training jobs of 16 and 8 GPUs, two low batch jobs of 8 and 4, and some that must be left alone."""
    slurm = SlurmCluster(tmp_path)
    slurm.add_job(1, "train", 16)
    slurm.add_job(2, "train", 8)
    slurm.add_job(3, "batch", 8, qos="low")
    slurm.add_job(4, "batch", 4, qos="low")
    slurm.add_job(5, "train", 8, job_state=["SUSPENDED"])  # an operator's
    slurm.add_job(6, "batch", 8, qos="low", job_state=["PENDING"], hold=True)  # a user's
    slurm.add_job(7, "batch", 16, qos="high")
    slurm.add_job(8, "train", 8, het_job_id=number(8))
    return slurm


def table(cluster: SlurmCluster, tmp_path: Path, **changes: object) -> dict[str, object]:
    return {
        "interface": "commands",
        **cluster.programs(tmp_path),
        "overhead_slope_ratio": SLOPE - 1.0,
        "groups": {"training": TRAINING, "batch": BATCH},
        "without_watchdog": True,
    } | changes


@pytest.fixture
def place(tmp_path: Path) -> DevicePlace:
    return place_for(tmp_path, kind="job_groups")


@pytest.fixture
def where(
    request: pytest.FixtureRequest, cluster: SlurmCluster, tmp_path: Path
) -> Iterator[dict[str, object]]:
    """How Slurm is asked: by its REST API unless a test wants its commands."""
    if getattr(request, "param", "rest") == "commands":
        yield {}
        return
    token = tmp_path / "token"
    token.write_text(f"SLURM_JWT={TOKEN}\n")
    with cluster.serving() as url:
        rest = {
            "base_url": url,
            "plaintext": True,
            "user": "vpp",
            "token_file": "token",
            "version": "v0.0.40",
        }
        yield {"interface": "rest", "rest": rest, "squeue": ["no-such-squeue"]}


@pytest.fixture
def slurm(
    cluster: SlurmCluster, tmp_path: Path, place: DevicePlace, where: dict[str, object]
) -> PausingDevice:
    return device_of(table(cluster, tmp_path, **where), place)


def summary(applied: Applied) -> tuple[Outcome, str]:
    return applied.outcome, applied.detail


BOTH = pytest.mark.parametrize("where", ["commands", "rest"], indirect=True)


@BOTH
def test_the_most_flexible_jobs_are_requeued_first_and_released_again(
    cluster: SlurmCluster, slurm: PausingDevice
) -> None:
    before = slurm.read().quantities
    assert before == {
        "running_gpus.training": 32.0,
        "paused_gpus.training": 0.0,
        "running_gpus.batch": 12.0,
        "paused_gpus.batch": 0.0,
        "reduction_kw": 0.0,
    }
    assert summary(slurm.apply(Setpoint(4.0 * SAVED))) == (Outcome.APPLIED, "")
    assert cluster.calls() == [["requeuehold", "4"]]
    shown = slurm.read().quantities
    assert shown["reduction_kw"] == pytest.approx(4.0 * SAVED)
    assert (shown["running_gpus.batch"], shown["paused_gpus.batch"]) == (12.0, 4.0)
    assert slurm.apply(Setpoint(4.0 * SAVED)).outcome is Outcome.UNCHANGED
    assert len(cluster.calls()) == 1  # said twice, done once
    # More is wanted than the batch jobs have: training jobs follow, and those paused stay so.
    assert slurm.apply(Setpoint(20.0 * SAVED)).outcome is Outcome.APPLIED
    assert cluster.calls()[1:] == [["requeuehold", "3"], ["suspend", "2"]]
    assert slurm.read().quantities["reduction_kw"] == pytest.approx(20.0 * SAVED)
    # Less is wanted: the least flexible go on.
    assert slurm.apply(Setpoint(11.0 * SAVED)).outcome is Outcome.APPLIED
    assert cluster.calls()[3:] == [["resume", "2"]]
    assert slurm.release().outcome is Outcome.APPLIED
    assert sorted(cluster.calls()[4:]) == [["release", "3"], ["release", "4"]]
    assert (cluster.state(1), cluster.state(2), cluster.state(5)) == (["RUNNING"], ["RUNNING"], ["SUSPENDED"])
    assert cluster.content["jobs"]["6"]["hold"]  # the user's hold stays
    assert slurm.release().outcome is Outcome.UNCHANGED


def test_a_deferrable_load_shows_what_it_would_draw(
    cluster: SlurmCluster, tmp_path: Path, where: dict[str, object]
) -> None:
    pool = device_of(table(cluster, tmp_path, **where), place_for(tmp_path, kind="deferrable_load"))
    assert pool.read().quantities == {"batch_load_kw": pytest.approx(44.0 * SLOPE), "reduction_kw": 0.0}
    pool.apply(Setpoint(4.0 * SAVED))
    shown = pool.read().quantities
    assert shown["batch_load_kw"] == pytest.approx(44.0 * SLOPE)
    assert shown["reduction_kw"] == pytest.approx(4.0 * SAVED)


def test_the_unit_of_job_groups_understands_it(slurm: PausingDevice) -> None:
    group = {"tier": "flex2", "kw_per_gpu": 1.0, "idle_power_ratio": 0.2, "job_value_per_kwh": "0.9"}
    pause = {"checkpoint_interval": "PT1H", "restart_time": "PT4M"}
    common = group | {"job_class": "pretrain", "catch_up_within": "PT8H", "pause": pause}
    groups = [common | {"group_id": "training"}, common | {"group_id": "batch"}]
    cluster = {"gpu_count": 64.0, "max_recovery_kw": 10.0, "delivery_ratio": 0.9, "groups": groups}
    (unit,) = units_of({"job_groups": {"unit": cluster | {"overhead_slope_ratio": SLOPE - 1.0}}}, None)
    unit.observe({**slurm.read().quantities, "available": 1.0}, NOON)
    assert [each.running_gpus for each in unit.observed.groups] == [32.0, 12.0]
    slurm.apply(Setpoint(12.0 * SAVED))
    unit.observe({**slurm.read().quantities, "available": 1.0}, NOON + timedelta(minutes=15))
    assert [each.is_paused for each in unit.observed.groups] == [False, True]
    assert unit.observed.groups[1].running_gpus == 12.0


def test_a_restart_resumes_exactly_what_was_paused(
    cluster: SlurmCluster, tmp_path: Path, place: DevicePlace, where: dict[str, object]
) -> None:
    device_of(table(cluster, tmp_path, **where), place).apply(Setpoint(20.0 * SAVED))
    again = device_of(table(cluster, tmp_path, **where), place)
    assert again.read().quantities["reduction_kw"] == pytest.approx(20.0 * SAVED)
    assert again.apply(Setpoint(20.0 * SAVED)).outcome is Outcome.UNCHANGED
    assert again.release().outcome is Outcome.APPLIED
    assert (cluster.state(2), cluster.state(5)) == (["RUNNING"], ["SUSPENDED"])


def test_what_was_about_to_be_paused_is_known_after_a_crash(
    cluster: SlurmCluster, tmp_path: Path, place: DevicePlace
) -> None:
    quick = table(cluster, tmp_path, timeout="PT0.4S")
    hanging = tmp_path / "hanging"
    hanging.write_text(f'#!/bin/sh\n"{tmp_path}/scontrol" "$@"\nexec sleep 30\n')
    hanging.chmod(0o755)
    hung = device_of({**quick, "scontrol": [str(hanging)]}, place)
    with pytest.raises(DeviceError, match="did not end within"):
        hung.apply(Setpoint(4.0 * SAVED))  # Slurm did it, and the answer never came
    again = device_of(table(cluster, tmp_path), place)
    assert again.read().quantities["reduction_kw"] == pytest.approx(4.0 * SAVED)
    assert again.release().outcome is Outcome.APPLIED
    assert cluster.calls()[-1] == ["release", "4"]


def test_a_job_that_refuses_is_not_counted_and_another_takes_its_place(
    cluster: SlurmCluster, slurm: PausingDevice
) -> None:
    cluster.set(refusing=["4"])
    assert summary(slurm.apply(Setpoint(4.0 * SAVED))) == (Outcome.APPLIED, "1 refused")
    assert slurm.read().quantities["reduction_kw"] == pytest.approx(8.0 * SAVED)
    cluster.set(refusing=["1", "2", "4"])
    outcome, detail = summary(slurm.apply(Setpoint(20.0 * SAVED)))
    assert outcome is Outcome.FAILED
    assert detail == f"{8 * SAVED:.1f} of {20 * SAVED:.1f} kW could be paused; 3 refused"
    assert "secret" not in detail
    assert slurm.read().quantities["reduction_kw"] == pytest.approx(8.0 * SAVED)


def test_a_job_that_only_says_yes_saves_nothing(cluster: SlurmCluster, slurm: PausingDevice) -> None:
    cluster.set(ignoring=["4"])
    assert slurm.apply(Setpoint(4.0 * SAVED)).outcome is Outcome.PENDING
    assert slurm.read().quantities["reduction_kw"] == 0.0
    assert slurm.apply(Setpoint(4.0 * SAVED)).outcome is Outcome.PENDING
    assert slurm.release().outcome is Outcome.UNCHANGED


def test_a_paused_job_that_ends_is_forgotten_and_replaced(
    cluster: SlurmCluster, slurm: PausingDevice
) -> None:
    slurm.apply(Setpoint(4.0 * SAVED))
    cluster.end_job(4)
    assert slurm.read().quantities["reduction_kw"] == 0.0
    assert slurm.apply(Setpoint(4.0 * SAVED)).outcome is Outcome.APPLIED
    assert slurm.read().quantities["reduction_kw"] == pytest.approx(8.0 * SAVED)


def test_a_job_that_an_operator_resumed_is_left_alone_until_the_release(
    cluster: SlurmCluster, slurm: PausingDevice
) -> None:
    slurm.apply(Setpoint(20.0 * SAVED))  # both batch jobs and job 2
    cluster.update_job(2, job_state=["RUNNING"])
    assert slurm.read().quantities["reduction_kw"] == pytest.approx(12.0 * SAVED)
    slurm.apply(Setpoint(20.0 * SAVED))
    assert cluster.state(2) == ["RUNNING"]
    assert cluster.state(1) == ["SUSPENDED"]
    # What the operator then suspends is the operator's.
    cluster.update_job(2, job_state=["SUSPENDED"])
    slurm.release()
    assert (cluster.state(1), cluster.state(2)) == (["RUNNING"], ["SUSPENDED"])


def test_boards_that_others_took_save_nothing(cluster: SlurmCluster, slurm: PausingDevice) -> None:
    slurm.apply(Setpoint(12.0 * SAVED))
    assert slurm.read().quantities["reduction_kw"] == pytest.approx(12.0 * SAVED)
    cluster.add_job(20, "batch", 26, qos="low")  # of 32 boards, 26 and the 12 that were freed
    shown = slurm.read().quantities
    assert shown["reduction_kw"] == pytest.approx(6.0 * SAVED)
    assert shown["running_gpus.batch"] == 32.0


def test_jobs_that_start_end_or_cannot_begin_anew_are_left_alone(
    cluster: SlurmCluster, slurm: PausingDevice
) -> None:
    cluster.update_job(3, requeue=False)
    cluster.update_job(4, job_state=["RUNNING", "COMPLETING"])
    cluster.update_job(2, job_state=["RUNNING", "CONFIGURING"])
    outcome, _ = summary(slurm.apply(Setpoint(4.0 * SAVED)))
    assert outcome is Outcome.APPLIED
    assert cluster.calls() == [["suspend", "1"]]


def test_of_an_array_single_tasks_are_paused(cluster: SlurmCluster, slurm: PausingDevice) -> None:
    # The last task of an array bears the array's own number.
    for job_id, task in ((31, 0), (32, 1), (30, 2)):
        cluster.add_job(job_id, "batch", 2, qos="low", array_job_id=number(30), array_task_id=number(task))
    slurm.apply(Setpoint(2.0 * SAVED))
    assert cluster.calls() == [["requeuehold", "30_1"]]  # it began last
    assert (cluster.state(30), cluster.state(31), cluster.state(32)) == (
        ["RUNNING"],
        ["RUNNING"],
        ["PENDING"],
    )
    assert slurm.release().outcome is Outcome.APPLIED
    assert cluster.calls()[1:] == [["release", "30_1"]]


def test_a_work_that_would_not_go_on_counts_while_it_stands(
    cluster: SlurmCluster, slurm: PausingDevice
) -> None:
    slurm.apply(Setpoint(20.0 * SAVED))
    cluster.set(refusing=["2"])
    slurm.apply(Setpoint(12.0 * SAVED))
    assert slurm.read().quantities["reduction_kw"] == pytest.approx(20.0 * SAVED)
    assert slurm.apply(Setpoint(20.0 * SAVED)).outcome in {Outcome.APPLIED, Outcome.UNCHANGED}
    cluster.set(refusing=[])
    assert slurm.release().outcome is Outcome.APPLIED
    assert cluster.state(2) == ["RUNNING"]


def test_a_requeued_job_counts_once_it_has_left_its_boards(
    cluster: SlurmCluster, slurm: PausingDevice
) -> None:
    slurm.apply(Setpoint(4.0 * SAVED))
    cluster.update_job(4, job_state=["PENDING", "COMPLETING"])
    assert slurm.read().quantities["reduction_kw"] == 0.0
    assert slurm.apply(Setpoint(4.0 * SAVED)).outcome is Outcome.PENDING
    cluster.update_job(4, job_state=["PENDING"])
    assert slurm.apply(Setpoint(4.0 * SAVED)).outcome is not Outcome.FAILED
    assert len(cluster.calls()) == 1


def test_a_resume_that_is_refused_is_tried_again(cluster: SlurmCluster, slurm: PausingDevice) -> None:
    slurm.apply(Setpoint(20.0 * SAVED))
    cluster.set(refusing=["2"])
    assert summary(slurm.release()) == (Outcome.FAILED, "1 of 3 works were not resumed")
    cluster.set(refusing=[])
    assert slurm.release().outcome is Outcome.APPLIED
    assert cluster.state(2) == ["RUNNING"]


@BOTH
def test_an_increase_and_garbage_and_silence(
    cluster: SlurmCluster, tmp_path: Path, slurm: PausingDevice, where: dict[str, object]
) -> None:
    assert slurm.health().health is Health.LOST
    assert slurm.apply(Setpoint(increase_kw=1.0)).outcome is Outcome.FAILED
    slurm.read()
    assert slurm.health().health is Health.OK
    cluster.set(garbled="jobs")
    with pytest.raises(DeviceError, match="not JSON"):
        slurm.read()
    with pytest.raises(DeviceError, match="not JSON"):
        slurm.apply(Setpoint(4.0))
    assert slurm.health().health is Health.LOST
    cluster.set(garbled="")
    cluster.update_job(1, job_state=None)
    with pytest.raises(DeviceError, match="record makes no sense") as caught:
        slurm.read()
    assert "secret" not in str(caught.value)
    cluster.set(slow_s=1)
    quick = table(cluster, tmp_path, **where) | {"timeout": "PT0.2S"}
    if where:
        quick["rest"] = {**dict(where["rest"]), "timeout": "PT0.2S"}  # type: ignore[call-overload]
    with pytest.raises(DeviceError, match=r"did not end within|no answer to GET in time"):
        device_of(quick, place_for(tmp_path, kind="job_groups")).read()


@BOTH
def test_nodes_are_drained_while_jobs_are_requeued(
    cluster: SlurmCluster, tmp_path: Path, place: DevicePlace, where: dict[str, object]
) -> None:
    batch = {**BATCH, "no_new_starts": True}
    cluster.add_node("b01", ["batch"], 8)
    cluster.add_node("b02", ["batch"], 0)
    cluster.add_node("b03", ["batch"], 0, "IDLE", "DRAIN")
    cluster.update_node("b03", reason="bad fan")
    cluster.add_node("t01", ["train"], 8)
    slurm = device_of(table(cluster, tmp_path, **where, groups={"training": TRAINING, "batch": batch}), place)
    assert slurm.apply(Setpoint(4.0 * SAVED)).outcome is Outcome.APPLIED
    assert cluster.calls() == [
        ["drain", "b01"],
        ["drain", "b02"],
        ["requeuehold", "4"],
    ]
    # An operator finds a fault meanwhile: that node is not given back.
    cluster.update_node("b02", reason="uncorrectable errors")
    assert slurm.release().outcome is Outcome.APPLIED
    assert cluster.calls()[3:] == [["release", "4"], ["undrain", "b01"]]
    assert cluster.content["nodes"]["b02"]["state"] == ["IDLE", "DRAIN"]


def test_with_a_damaged_memory_nothing_is_paused_or_resumed(
    cluster: SlurmCluster, tmp_path: Path, where: dict[str, object]
) -> None:
    path = tmp_path / "unit.driver.json"
    path.write_text("{")
    place = replace(place_for(tmp_path, kind="job_groups"), memory=FileMemory(path))
    slurm = device_of(table(cluster, tmp_path, **where), place)
    assert slurm.read().quantities["reduction_kw"] == 0.0
    assert slurm.health().health is Health.ALARM
    for applied in (slurm.apply(Setpoint(4.0)), slurm.release()):
        assert applied.outcome is Outcome.FAILED
        assert "is not known" in applied.detail
    assert cluster.calls() == []
    assert path.read_text() == "{"  # the only trace of what was
    path.unlink()
    assert slurm.apply(Setpoint(4.0 * SAVED)).outcome is Outcome.APPLIED
    assert slurm.health().health is Health.OK


@BOTH
def test_a_node_that_fails_while_it_is_drained_is_not_taken_for_repaired(
    cluster: SlurmCluster, tmp_path: Path, place: DevicePlace, where: dict[str, object]
) -> None:
    cluster.add_node("b01", ["batch"], 0)
    groups = {"batch": {**BATCH, "no_new_starts": True}}
    slurm = device_of(table(cluster, tmp_path, **where, groups=groups), place)
    slurm.apply(Setpoint(4.0 * SAVED))
    cluster.update_node("b01", state=["DOWN", "DRAIN"])
    assert slurm.release().outcome is Outcome.APPLIED
    assert cluster.content["nodes"]["b01"]["state"] == ["DOWN"]


def test_a_listing_without_jobs_does_not_leave_them_paused_for_ever(
    cluster: SlurmCluster, slurm: PausingDevice
) -> None:
    slurm.apply(Setpoint(20.0 * SAVED))
    jobs = cluster.content["jobs"]
    cluster.set(jobs={})
    assert slurm.read().quantities["reduction_kw"] == 0.0  # not seen, not counted
    assert summary(slurm.release()) == (
        Outcome.FAILED,
        "0 of 0 works were not resumed, 3 are not shown by the cluster",
    )
    cluster.set(jobs=jobs)
    assert slurm.release().outcome is Outcome.APPLIED
    assert (cluster.state(2), cluster.state(3), cluster.content["jobs"]["3"]["hold"]) == (
        ["RUNNING"],
        ["PENDING"],
        False,
    )


@pytest.mark.parametrize("changes", [{"user_id": 2002}, {"submit_time": number(2_000_000_000)}])
def test_another_job_of_the_same_number_is_left_alone(
    cluster: SlurmCluster, tmp_path: Path, place: DevicePlace, changes: dict[str, object]
) -> None:
    """Numbers begin anew where Slurm's state was cleared."""
    slurm = device_of(table(cluster, tmp_path, groups={"training": TRAINING}), place)
    slurm.apply(Setpoint(8.0 * SAVED))
    assert cluster.state(2) == ["SUSPENDED"]
    cluster.update_job(2, **changes)  # its owner has suspended it
    assert slurm.read().quantities["reduction_kw"] == 0.0
    again = device_of(table(cluster, tmp_path, groups={"training": TRAINING}), place)
    assert again.release().outcome is Outcome.UNCHANGED
    assert cluster.state(2) == ["SUSPENDED"]


def test_a_pause_that_did_nothing_and_is_not_wanted_any_more_is_forgotten(
    cluster: SlurmCluster, slurm: PausingDevice
) -> None:
    cluster.set(ignoring=["4"])
    assert slurm.apply(Setpoint(4.0 * SAVED)).outcome is Outcome.PENDING
    cluster.add_job(9, "batch", 3, qos="low")
    assert slurm.apply(Setpoint(3.0 * SAVED)).outcome is Outcome.APPLIED
    assert cluster.calls() == [["requeuehold", "4"], ["requeuehold", "9"]]
    cluster.update_job(4, job_state=["PENDING"], hold=True)  # by its owner
    assert slurm.read().quantities["reduction_kw"] == pytest.approx(3.0 * SAVED)
    slurm.release()
    assert cluster.content["jobs"]["4"]["hold"]
    assert not cluster.content["jobs"]["9"]["hold"]


@BOTH
@pytest.mark.parametrize(
    "changes",
    [
        {"tres_alloc_str": "gres/gpu=-8"},
        {"tres_alloc_str": "gres/gpu=nan"},
        {"priority": {"set": True, "number": 10**400}},
        {"array_job_id": 1e999},
    ],
)
def test_numbers_that_make_no_sense_are_no_answer(
    cluster: SlurmCluster, slurm: PausingDevice, changes: dict[str, object]
) -> None:
    cluster.update_job(1, **changes)
    with pytest.raises(DeviceError, match="record makes no sense"):
        slurm.read()


def test_the_watchdog_is_ended_again_until_it_has_heard(
    cluster: SlurmCluster, tmp_path: Path, place: DevicePlace
) -> None:
    """Else it would later resume what a user has paused since."""
    (tmp_path / "watch.py").write_text(
        "import pathlib, sys\n"
        "pathlib.Path('watch.json').write_text(sys.stdin.read())\n"
        "if pathlib.Path('broken').exists(): sys.exit(1)\n"
    )
    watch = [sys.executable, "-S", "-I", "watch.py"]
    slurm = device_of(table(cluster, tmp_path, watchdog=watch, without_watchdog=False), place)
    slurm.apply(Setpoint(4.0 * SAVED))
    (tmp_path / "broken").touch()
    slurm.release()
    (tmp_path / "broken").unlink()
    (tmp_path / "watch.json").unlink()
    slurm.release()
    assert json.loads((tmp_path / "watch.json").read_text())["jobs"] == []


def test_a_drained_node_counts_once_its_jobs_have_ended(
    cluster: SlurmCluster, tmp_path: Path, place: DevicePlace, where: dict[str, object]
) -> None:
    drain = {**TRAINING, "action": "drain"}
    cluster.add_node("t01", ["train"], 8)
    cluster.add_node("t02", ["train"], 8)
    slurm = device_of(table(cluster, tmp_path, **where, groups={"training": drain}), place)
    assert slurm.apply(Setpoint(8.0 * SAVED)).outcome is Outcome.PENDING
    assert slurm.read().quantities["reduction_kw"] == 0.0
    name = cluster.calls()[0][1]
    cluster.update_node(name, state=["IDLE", "DRAIN"])
    cluster.end_job(2)
    shown = slurm.read().quantities
    assert shown["reduction_kw"] == pytest.approx(8.0 * SAVED)
    assert shown["running_gpus.training"] == 32.0
    assert slurm.release().outcome is Outcome.APPLIED
    assert cluster.content["nodes"][name]["state"] == ["IDLE"]


CAPS = """
import json, pathlib, sys
kept = pathlib.Path("caps.json")
state = json.loads(kept.read_text()) if kept.exists() else {"ratio": 1.0, "inert": 0.0, "orders": []}
if sys.argv[1] == "power":
    print(json.dumps({"power_kw": 32.0 * (1.0 - (1.0 - state["inert"]) * (1.0 - state["ratio"]))}))
else:
    order = json.load(sys.stdin)
    state["orders"].append(order)
    state["ratio"] = order.get("power_ratio", 1.0)
    kept.write_text(json.dumps(state))
"""


def test_a_cap_counts_by_what_is_measured(
    cluster: SlurmCluster, tmp_path: Path, place: DevicePlace, where: dict[str, object]
) -> None:
    (tmp_path / "caps.py").write_text(CAPS)
    program = [sys.executable, "-S", "-I", "caps.py"]
    group = {**TRAINING, "action": "cap", "cap": [*program, "cap"], "power": [*program, "power"]}
    slurm = device_of(table(cluster, tmp_path, **where, groups={"training": group}), place)
    step_kw = 0.05 * 32.0 * SLOPE
    assert slurm.apply(Setpoint(3.0 * step_kw)).outcome is Outcome.APPLIED
    order = json.loads((tmp_path / "caps.json").read_text())["orders"][-1]
    assert order == {"group": "training", "partitions": ["train"], "power_ratio": 0.85, "hold_s": 900.0}
    assert slurm.read().quantities["reduction_kw"] == pytest.approx(3.0 * step_kw)
    assert slurm.apply(Setpoint(3.0 * step_kw)).outcome is Outcome.UNCHANGED
    # A cap that does only half of it counts for less, and one that does nothing for nothing.
    for inert, counted in ((0.5, 1.0), (1.0, 0.0)):
        kept = json.loads((tmp_path / "caps.json").read_text()) | {"inert": inert}
        (tmp_path / "caps.json").write_text(json.dumps(kept))
        assert slurm.read().quantities["reduction_kw"] == pytest.approx(counted * step_kw)
    assert slurm.apply(Setpoint(3.0 * step_kw)).outcome is Outcome.PENDING
    # A cap whose group is gone from the settings cannot be taken off, and that is said.
    without = device_of(table(cluster, tmp_path, **where), place)
    assert without.release().outcome is Outcome.FAILED
    # Jobs that end save nothing by that.
    cluster.end_job(2)
    assert slurm.read().quantities["reduction_kw"] == 0.0
    assert slurm.release().outcome is Outcome.APPLIED
    assert slurm.release().outcome is Outcome.UNCHANGED
    assert json.loads((tmp_path / "caps.json").read_text())["ratio"] == 1.0


def test_less_measured_power_counts_for_less(
    cluster: SlurmCluster, tmp_path: Path, place: DevicePlace, where: dict[str, object]
) -> None:
    (tmp_path / "caps.py").write_text(CAPS.replace("32.0", "16.0"))
    power = [sys.executable, "-S", "-I", "caps.py", "power"]
    slurm = device_of(
        table(cluster, tmp_path, **where, groups={"training": {**TRAINING, "power": power}}), place
    )
    slurm.apply(Setpoint(8.0 * SAVED))
    # 16 kW over 32 boards: half of what the settings say, so twice as many must stand still.
    assert slurm.read().quantities["paused_gpus.training"] == 16.0


def test_the_watchdog_is_told_before_anything_is_paused(
    cluster: SlurmCluster, tmp_path: Path, place: DevicePlace, where: dict[str, object]
) -> None:
    (tmp_path / "watch.py").write_text(
        "import json, pathlib, sys\n"
        "kept = pathlib.Path('watch.json')\n"
        "if kept.with_name('broken').exists(): sys.exit(1)\n"
        "kept.write_text(sys.stdin.read())\n"
    )
    watched = table(
        cluster, tmp_path, **where, watchdog=[sys.executable, "-S", "-I", "watch.py"], without_watchdog=False
    )
    slurm = device_of(watched, place)
    slurm.apply(Setpoint(4.0 * SAVED))
    told = json.loads((tmp_path / "watch.json").read_text())
    assert told == {"hold_s": 900.0, "jobs": ["4"], "nodes": []}
    slurm.release()
    assert json.loads((tmp_path / "watch.json").read_text())["jobs"] == []
    (tmp_path / "broken").touch()
    assert summary(slurm.apply(Setpoint(4.0 * SAVED))) == (Outcome.FAILED, "the site's watchdog refused")
    assert cluster.calls()[-1] == ["release", "4"]


def test_by_rest_nodes_are_drained_and_jobs_read_and_released(
    cluster: SlurmCluster, tmp_path: Path, place: DevicePlace, where: dict[str, object]
) -> None:
    cluster.add_node("b01", ["batch"], 8)
    groups = {"training": TRAINING, "batch": {**BATCH, "no_new_starts": True}}
    slurm = device_of(table(cluster, tmp_path, groups=groups, **where), place)
    assert slurm.apply(Setpoint(20.0 * SAVED)).outcome is Outcome.APPLIED
    assert slurm.read().quantities["reduction_kw"] == pytest.approx(20.0 * SAVED)
    assert slurm.release().outcome is Outcome.APPLIED
    assert cluster.content["nodes"]["b01"]["state"] == ["ALLOCATED"]
    assert not cluster.content["jobs"]["4"]["hold"]
    # slurmrestd says no in the body of an answer that is otherwise fine.
    cluster.add_job(3, "batch", 8, qos="low")
    cluster.add_job(4, "batch", 4, qos="low")
    cluster.set(refusing=["b01"])
    outcome, detail = summary(slurm.apply(Setpoint(4.0 * SAVED)))
    assert outcome is Outcome.FAILED
    assert "secret" not in detail


def test_by_rest_a_renewed_token_is_taken_and_a_wrong_one_is_told(
    cluster: SlurmCluster, tmp_path: Path, place: DevicePlace, where: dict[str, object]
) -> None:
    (tmp_path / "token").write_text("an-old-one")
    slurm = device_of(table(cluster, tmp_path, **where), place)
    with pytest.raises(DeviceError, match="answers 401"):
        slurm.read()
    (tmp_path / "token").write_text(TOKEN)
    assert slurm.read().quantities["reduction_kw"] == 0.0
    (tmp_path / "token").unlink()
    with pytest.raises(DeviceError, match="token's file cannot be read"):
        slurm.read()
    (tmp_path / "token").write_text(TOKEN)
    cluster.set(garbled="jobs")
    with pytest.raises(DeviceError, match="not JSON"):
        slurm.read()
    slurm.close()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"without_watchdog": False}, "without_watchdog = true"),
        ({"interface": "rest"}, 'rest goes with interface = "rest"'),
        ({"squeue": ["./no-such-program"]}, "no-such-program is no file"),
        ({"groups": {}}, "groups"),
        ({"groups": {"a b": TRAINING}}, r"groups\.a b"),
        ({"groups": {"t": {**TRAINING, "kw_per_node": 8.0}}}, "give kw_per_gpu or kw_per_node"),
        ({"groups": {"t": {**TRAINING, "action": "cap"}}}, 'cap goes with action = "cap"'),
        ({"groups": {"t": {**TRAINING, "action": "cap", "cap": ["c"]}}}, "a cap needs power"),
        ({"groups": {"t": {**TRAINING, "action": "requeue"}}}, "give board_count"),
        (
            {"groups": {"t": {**TRAINING, "action": "drain", "no_new_starts": True}}},
            "no_new_starts goes with",
        ),
        ({"groups": {"t": {**TRAINING, "action": "drain", "qos": ["low"]}}}, "drain is of nodes"),
        ({"groups": {"t": {**TRAINING, "tier": "flex0"}}}, "tier is flex0"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(
    cluster: SlurmCluster, tmp_path: Path, place: DevicePlace, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        device_of(table(cluster, tmp_path, **changes), place)


def test_what_rest_cannot_do_needs_the_command_and_other_kinds_are_refused(
    cluster: SlurmCluster, tmp_path: Path, place: DevicePlace, where: dict[str, object]
) -> None:
    with pytest.raises(InvalidInput, match=r"which Slurm's REST API cannot: give scontrol"):
        device_of(table(cluster, tmp_path, **where, scontrol=None), place)
    with pytest.raises(InvalidInput, match="not 'battery'"):
        device_of(table(cluster, tmp_path), place_for(tmp_path))
