"""The Kubernetes driver: the official client against a stand-in API on loopback."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.driver_place import place_for
from support.kubernetes_api import TOKEN, KubernetesApi, kubeconfig

from vpp.agent.device_place import DevicePlace
from vpp.agent.drivers.kubernetes import device_of
from vpp.agent.drivers.pausing_device import PausingDevice
from vpp.foundation.device_terms import Applied, DeviceError, Health, Outcome, Setpoint
from vpp.foundation.errors import InvalidInput

SLOPE = 1.1
SAVED = 0.9 * SLOPE
"""What a GPU saves, kW."""
POWER = {"kw_per_gpu": 1.0, "idle_power_ratio": 0.1, "selector": "flexible=yes"}
TRAINING = {"workload": "job", "namespaces": ["ml", "lab"], "tier": "flex2", **POWER}
SERVING = {"workload": "deployment", "namespaces": ["ml"], "tier": "flex3", "min_replicas": 2, **POWER}
WORKERS = {"workload": "stateful_set", "namespaces": ["ml"], "tier": "flex1", "min_replicas": 0, **POWER}


@pytest.fixture
def api() -> KubernetesApi:
    """Training jobs of 8, 4 and 2 GPUs, a deployment of six replicas, a stateful set, and others' jobs."""
    cluster = KubernetesApi()
    cluster.add("jobs", "job-secret-a", gpus=8, parallelism=1)
    cluster.add("jobs", "job-secret-b", gpus=2, parallelism=2)
    cluster.add("jobs", "job-secret-c", "lab", gpus=2)
    cluster.add("jobs", "users-pause", gpus=8, suspend=True)
    cluster.follow("users-pause")
    cluster.add("jobs", "not-flexible", gpus=8)
    cluster.one("not-flexible")["metadata"]["labels"] = {}
    cluster.add("jobs", "over", gpus=8)
    cluster.one("over")["status"] = {"conditions": [{"type": "Complete", "status": "True"}]}
    cluster.add("jobs", "elsewhere", "prod", gpus=8)
    cluster.add("deployments", "serve", gpus=1, replicas=6)
    cluster.add("statefulsets", "work", gpus=1, replicas=2)
    return cluster


def table(**changes: object) -> dict[str, object]:
    return {
        "kubeconfig": "kubeconfig.json",
        "overhead_slope_ratio": SLOPE - 1.0,
        "groups": {"training": TRAINING, "serving": SERVING, "workers": WORKERS},
        "without_watchdog": True,
    } | changes


@pytest.fixture
def place(tmp_path: Path) -> DevicePlace:
    return place_for(tmp_path, kind="job_groups")


@pytest.fixture
def cluster(api: KubernetesApi, tmp_path: Path, place: DevicePlace) -> Iterator[PausingDevice]:
    with api.serving(tmp_path):
        device = device_of(table(), place)
        yield device
        device.close()


def reduction_gpus(cluster: PausingDevice) -> float:
    return cluster.read().quantities["reduction_kw"] / SAVED


def summary(applied: Applied) -> tuple[Outcome, str]:
    return applied.outcome, applied.detail


def test_replicas_go_first_then_jobs_and_all_come_back(api: KubernetesApi, cluster: PausingDevice) -> None:
    assert cluster.read().quantities == {
        "running_gpus.training": 14.0,
        "paused_gpus.training": 0.0,
        "running_gpus.serving": 6.0,
        "paused_gpus.serving": 0.0,
        "running_gpus.workers": 2.0,
        "paused_gpus.workers": 0.0,
        "reduction_kw": 0.0,
    }
    assert summary(cluster.apply(Setpoint(3.0 * SAVED))) == (Outcome.APPLIED, "")
    assert api.patches == [("serve", {"replicas": 3})]
    shown = cluster.read().quantities
    assert shown["reduction_kw"] == pytest.approx(3.0 * SAVED)
    assert (shown["running_gpus.serving"], shown["paused_gpus.serving"]) == (6.0, 3.0)
    assert cluster.apply(Setpoint(3.0 * SAVED)).outcome is Outcome.UNCHANGED
    # Beyond the least replicas the jobs follow, with least overshoot, and the stateful set last.
    assert cluster.apply(Setpoint(8.0 * SAVED)).outcome is Outcome.APPLIED
    assert api.patches[1:] == [("serve", {"replicas": 2}), ("job-secret-b", {"suspend": True})]
    assert cluster.apply(Setpoint(20.0 * SAVED)).outcome is Outcome.APPLIED
    assert reduction_gpus(cluster) == pytest.approx(20.0)
    assert cluster.apply(Setpoint(4.0 * SAVED)).outcome is Outcome.APPLIED
    assert api.one("work")["spec"]["replicas"] == 2
    assert not any(api.one(f"job-secret-{letter}")["spec"]["suspend"] for letter in "abc")
    assert api.one("serve")["spec"]["replicas"] == 2
    assert cluster.release().outcome is Outcome.APPLIED
    assert api.one("serve")["spec"]["replicas"] == 6
    assert api.one("users-pause")["spec"]["suspend"]
    assert reduction_gpus(cluster) == 0.0
    assert cluster.release().outcome is Outcome.UNCHANGED


def test_long_lists_come_in_parts(api: KubernetesApi, cluster: PausingDevice) -> None:
    api.page = 1
    assert cluster.read().quantities["running_gpus.training"] == 14.0


def test_a_restart_gives_back_exactly_what_was_taken(
    api: KubernetesApi, cluster: PausingDevice, place: DevicePlace
) -> None:
    cluster.apply(Setpoint(10.0 * SAVED))
    del api.one("job-secret-b")["metadata"]["labels"]["flexible"]  # and somebody takes a label off meanwhile
    again = device_of(table(), place)
    assert reduction_gpus(again) == pytest.approx(10.0)
    assert again.apply(Setpoint(10.0 * SAVED)).outcome is Outcome.UNCHANGED
    assert again.release().outcome is Outcome.APPLIED
    assert api.one("serve")["spec"]["replicas"] == 6
    assert not any(api.one(f"job-secret-{letter}")["spec"].get("suspend") for letter in "abc")
    assert api.one("users-pause")["spec"]["suspend"]
    again.close()


def test_a_change_that_came_too_late_is_made_again(api: KubernetesApi, cluster: PausingDevice) -> None:
    api.overtaken = {"serve", "job-secret-b"}
    assert summary(cluster.apply(Setpoint(8.0 * SAVED))) == (Outcome.APPLIED, "")
    assert api.patches == [("serve", {"replicas": 2}), ("job-secret-b", {"suspend": True})]
    assert reduction_gpus(cluster) == pytest.approx(8.0)


def test_what_somebody_else_decided_meanwhile_is_theirs(api: KubernetesApi, cluster: PausingDevice) -> None:
    api.rivals = {"serve": {"replicas": 5}}
    assert cluster.apply(Setpoint(4.0 * SAVED)).outcome is Outcome.APPLIED
    assert api.one("serve")["spec"]["replicas"] == 5  # the jobs make it good
    assert reduction_gpus(cluster) == pytest.approx(4.0)
    cluster.release()
    api.rivals = {"job-secret-a": {"suspend": True}}
    cluster.apply(Setpoint(17.0 * SAVED))
    cluster.release()
    assert api.one("job-secret-a")["spec"]["suspend"]  # a user's, and stays so


def test_a_workload_that_a_user_scaled_is_not_scaled_back(api: KubernetesApi, cluster: PausingDevice) -> None:
    cluster.apply(Setpoint(2.0 * SAVED))
    api.one("serve")["spec"]["replicas"] = 3
    api.follow("serve")
    assert reduction_gpus(cluster) == 0.0
    assert cluster.release().outcome is Outcome.UNCHANGED
    assert api.one("serve")["spec"]["replicas"] == 3
    # Scaled up over the driver's wish, it is left alone until the release.
    cluster.apply(Setpoint(1.0 * SAVED))
    assert api.one("serve")["spec"]["replicas"] == 2
    api.one("serve")["spec"]["replicas"] = 8
    api.follow("serve")
    cluster.apply(Setpoint(1.0 * SAVED))
    cluster.release()
    assert api.one("serve")["spec"]["replicas"] == 8


def test_a_job_that_is_made_anew_is_another_one(api: KubernetesApi, cluster: PausingDevice) -> None:
    cluster.apply(Setpoint(8.0 * SAVED))
    assert api.one("job-secret-b")["spec"]["suspend"]
    api.add("jobs", "job-secret-b", gpus=2, parallelism=2, suspend=True)
    api.follow("job-secret-b")
    assert reduction_gpus(cluster) == pytest.approx(4.0)
    cluster.release()
    assert api.one("job-secret-b")["spec"]["suspend"]


def test_a_refusal_is_not_counted_and_a_paused_job_that_is_deleted_is_forgotten(
    api: KubernetesApi, cluster: PausingDevice
) -> None:
    api.refusing = {"serve", "job-secret-a", "work"}
    outcome, detail = summary(cluster.apply(Setpoint(8.0 * SAVED)))
    assert outcome is Outcome.FAILED
    assert detail.startswith(f"{6 * SAVED:.1f} of {8 * SAVED:.1f} kW could be paused")
    assert "secret" not in detail
    assert reduction_gpus(cluster) == pytest.approx(6.0)
    del api.objects["jobs"]["ml", "job-secret-b"]
    assert reduction_gpus(cluster) == pytest.approx(2.0)
    assert cluster.release().outcome is Outcome.APPLIED


def test_what_only_says_yes_or_takes_its_time_counts_when_it_is_seen(
    api: KubernetesApi, cluster: PausingDevice
) -> None:
    api.ignoring = {"serve"}
    assert cluster.apply(Setpoint(2.0 * SAVED)).outcome is Outcome.PENDING
    assert reduction_gpus(cluster) == 0.0
    api.ignoring, api.lingering = set(), {"serve"}
    assert cluster.apply(Setpoint(2.0 * SAVED)).outcome is Outcome.PENDING
    assert reduction_gpus(cluster) == 0.0
    api.follow("serve")
    assert reduction_gpus(cluster) == pytest.approx(2.0)
    assert cluster.apply(Setpoint(2.0 * SAVED)).outcome is not Outcome.FAILED
    assert api.one("serve")["spec"]["replicas"] == 4


def test_pods_that_wait_save_nothing_and_pods_that_end_still_draw(
    api: KubernetesApi, cluster: PausingDevice
) -> None:
    api.one("job-secret-b")["status"] = {"active": 2, "ready": 1}  # one waits for a place
    api.one("serve")["status"] = {"replicas": 6, "readyReplicas": 4}
    shown = cluster.read().quantities
    assert (shown["running_gpus.training"], shown["running_gpus.serving"]) == (12.0, 4.0)
    # Replicas that wait would be the first to go: that workload is left alone.
    assert cluster.apply(Setpoint(2.0 * SAVED)).outcome is Outcome.APPLIED
    assert api.patches == [("job-secret-c", {"suspend": True})]
    assert reduction_gpus(cluster) == pytest.approx(2.0)
    api.one("job-secret-c")["status"] = {"active": 0, "ready": 0, "terminating": 1}
    assert reduction_gpus(cluster) == 0.0
    cluster.release()
    api.follow("serve")
    cluster.apply(Setpoint(2.0 * SAVED))
    api.one("serve")["status"]["terminatingReplicas"] = 2
    assert reduction_gpus(cluster) == 0.0


@pytest.mark.parametrize("replicas", [-1, 2_000_000_000, 1e999, "many"])
def test_absurd_replicas_are_no_answer(api: KubernetesApi, cluster: PausingDevice, replicas: object) -> None:
    api.one("serve")["spec"]["replicas"] = replicas
    with pytest.raises(DeviceError, match="makes no sense"):
        cluster.read()


def test_a_list_without_an_end_is_no_answer(
    api: KubernetesApi, cluster: PausingDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vpp.agent.drivers.kubernetes_objects.MOST_PAGES", 20)
    api.endless = True
    with pytest.raises(DeviceError, match="no end"):
        cluster.read()


def test_pods_in_place_of_gpus_and_a_pool(api: KubernetesApi, tmp_path: Path) -> None:
    pods = {**SERVING, "kw_per_pod": 0.5, "board_count": 6}
    del pods["kw_per_gpu"]
    with api.serving(tmp_path):
        pool = device_of(table(groups={"serving": pods}), place_for(tmp_path, kind="deferrable_load"))
        assert pool.read().quantities == {"batch_load_kw": pytest.approx(3.0 * SLOPE), "reduction_kw": 0.0}
        pool.apply(Setpoint(SAVED))
        shown = pool.read().quantities
        assert shown == {"batch_load_kw": pytest.approx(3.0 * SLOPE), "reduction_kw": pytest.approx(SAVED)}
        pool.close()


def test_garbage_silence_and_a_refused_token(
    api: KubernetesApi, cluster: PausingDevice, tmp_path: Path
) -> None:
    assert cluster.health().health is Health.LOST
    cluster.read()
    assert cluster.health().health is Health.OK
    assert cluster.apply(Setpoint(increase_kw=1.0)).outcome is Outcome.FAILED
    api.garbled = True
    with pytest.raises(DeviceError, match="not JSON"):
        cluster.read()
    assert cluster.health().health is Health.LOST
    api.garbled, api.status = False, 403
    with pytest.raises(DeviceError, match="answers 403 to a read"):
        cluster.read()
    api.status = 0
    del api.one("job-secret-a")["metadata"]["uid"]
    with pytest.raises(DeviceError, match="makes no sense") as caught:
        cluster.read()
    assert "secret" not in str(caught.value)
    text = (tmp_path / "kubeconfig.json").read_text()
    (tmp_path / "kubeconfig.json").write_text(text.replace(TOKEN, "another"))
    with pytest.raises(DeviceError, match="answers 401"):
        device_of(table(), place_for(tmp_path, kind="job_groups")).read()
    (tmp_path / "kubeconfig.json").write_text(json.dumps(kubeconfig("http://127.0.0.1:9")))
    with pytest.raises(DeviceError, match="no answer"):
        device_of(table(), place_for(tmp_path, kind="job_groups")).read()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"without_watchdog": False}, "without_watchdog"),
        ({"in_cluster": True}, "give kubeconfig or in_cluster"),
        ({"kubeconfig": None}, "give kubeconfig or in_cluster"),
        ({"kubeconfig": None, "in_cluster": True}, "in_cluster cannot be used"),
        ({"kubeconfig": "nowhere.yaml"}, r"nowhere\.yaml cannot be used"),
        ({"context": "other"}, "cannot be used"),
        ({"groups": {"t": {**TRAINING, "namespaces": ["No Such"]}}}, "namespaces"),
        ({"groups": {"t": {**TRAINING, "selector": ""}}}, "selector"),
        ({"groups": {"t": {**TRAINING, "kw_per_pod": 1.0}}}, "give kw_per_gpu or kw_per_pod"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(
    tmp_path: Path, place: DevicePlace, changes: dict[str, object], said: str
) -> None:
    (tmp_path / "kubeconfig.json").write_text(json.dumps(kubeconfig("http://127.0.0.1:9")))
    with pytest.raises(InvalidInput, match=said):
        device_of(table(**changes), place)
    with pytest.raises(InvalidInput, match="not 'battery'"):
        device_of(table(), place_for(tmp_path))
