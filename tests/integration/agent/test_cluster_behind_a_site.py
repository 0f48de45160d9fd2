"""A job cluster behind a whole site: memories on the disk, a restart, and a command that nobody repeats."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from support.equipment_bench import BatteryAndMeter, Bench, bench_settings, manual_clock, started
from support.modbus_peer import ModbusPeer
from support.slurm_cluster import TOKEN, SlurmCluster

from vpp.agent.settings import AgentSettings
from vpp.foundation.clock import ManualClock
from vpp.foundation.device_terms import Health, Outcome, Setpoint

GPU_KW = 0.8 * 1.1
POOL = {
    "job_class": "pretrain",
    "tier": "flex2",
    "method": "pausing",
    "gpu_count": 64.0,
    "kw_per_gpu": 1.0,
    "overhead_slope_ratio": 0.1,
    "job_value_per_kwh": "0.90",
    "catch_up_within": "PT8H",
    "max_recovery_kw": 10.0,
    "response_time": "PT1M",
    "delivery_ratio": 0.9,
    "checkpoint_interval": "PT1H",
    "restart_time": "PT4M",
    "idle_power_ratio": 0.2,
}
GROUP = {
    "partitions": ["train"],
    "action": "suspend",
    "tier": "flex2",
    "kw_per_gpu": 1.0,
    "idle_power_ratio": 0.2,
}


@pytest.fixture
def slurm(tmp_path: Path) -> Iterator[tuple[SlurmCluster, dict[str, object]]]:
    cluster = SlurmCluster(tmp_path)
    cluster.add_job(1, "train", 16)
    cluster.add_job(2, "train", 8)
    cluster.add_job(3, "train", 8, job_state=["SUSPENDED"])  # an operator's
    (tmp_path / "token").write_text(TOKEN)
    with cluster.serving() as url:
        rest = {
            "base_url": url,
            "plaintext": True,
            "user": "vpp",
            "token_file": "token",
            "version": "v0.0.40",
        }
        yield (
            cluster,
            {
                "kind": "slurm",
                "poll_interval": "PT0.05S",
                "attempt_count": 1,
                "interface": "rest",
                "rest": rest,
                "scontrol": cluster.programs(tmp_path)["scontrol"],
                "overhead_slope_ratio": 0.1,
                "without_watchdog": True,
                "groups": {"training": GROUP},
            },
        )


@pytest.fixture
def peer() -> Iterator[ModbusPeer]:
    with ModbusPeer() as server:
        yield server


def settings_with(folder: Path, port: int, device: dict[str, object]) -> AgentSettings:
    """Return the bench's site with a cluster in place of its battery."""
    bench = bench_settings(folder, port, release_on_stop=False)
    driver = {**bench.driver, "devices": {"cluster": device}}
    return bench.model_copy(update={"resources": {"deferrable_load": {"cluster": POOL}}, "driver": driver})


def test_what_was_suspended_is_resumed_after_a_restart_when_nobody_repeats_it(
    tmp_path: Path, peer: ModbusPeer, slurm: tuple[SlurmCluster, dict[str, object]]
) -> None:
    cluster, device = slurm
    clock: ManualClock = manual_clock()
    BatteryAndMeter(peer, clock)
    settings = settings_with(tmp_path, peer.port, device)
    bench: Bench = started(settings, clock)
    try:
        bench.settle()
        bench.site.command(bench.now, {"cluster": Setpoint(8.0 * GPU_KW)})
        bench.settle_until(lambda: cluster.state(2) == ["SUSPENDED"])
        bench.go_on(30, by=10)
        condition = bench.site.condition("cluster", bench.now)
        assert condition.health is Health.OK
        assert condition.last_action is not None
        assert condition.last_action.outcome is Outcome.APPLIED
        state = bench.site.state("cluster", bench.now)
        assert state["recent_reduction_kw"] == pytest.approx(8.0 * GPU_KW)
        assert state["batch_load_kw"] == pytest.approx(24.0 * 1.1)
        assert not any("secret" in name for name in state)
    finally:
        bench.site.close()
    assert cluster.state(2) == ["SUSPENDED"]
    again: Bench = started(settings, clock)
    try:
        again.settle()
        assert again.site.state("cluster", again.now)["recent_reduction_kw"] == pytest.approx(8.0 * GPU_KW)
        clock.advance_to(clock.now() + timedelta(minutes=6))
        again.settle_until(lambda: cluster.state(2) == ["RUNNING"])
        assert (cluster.state(1), cluster.state(3)) == (["RUNNING"], ["SUSPENDED"])
    finally:
        again.site.close()
    kept = (tmp_path / "state").rglob("*")
    assert not any(b"secret" in path.read_bytes() for path in kept if path.is_file())
