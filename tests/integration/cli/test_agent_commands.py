"""`vpp agent` as people at a site use it: real processes, no port, orders that take effect."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from support.agent_site import DAY, daily_trace

from vpp.cli.main import main
from vpp.foundation.clock import SystemClock, stopwatch_s
from vpp.simulator.fleet_files import FleetPlan, write_fleet

FACTOR = 900.0  # five minutes take a third of a second
PATIENCE_S = 40.0


@dataclass(frozen=True)
class Ended:
    """What a command printed and how it ended."""

    returncode: int
    stdout: str
    stderr: str


def vpp(*arguments: str) -> Ended:
    """Run a command in this process: starting one of its own takes longer than the command."""
    out, err, code = StringIO(), StringIO(), 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main(arguments)
        except SystemExit as end:
            code = int(end.code or 0)
    return Ended(code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    clock = {
        "machine_start": SystemClock().now(),
        "speeds": [{"start": datetime(2026, 3, 4, 10, tzinfo=UTC), "factor": FACTOR}],
    }
    plan = FleetPlan("127.0.0.1:1", DAY, ["example-peak-shaving"], clock=clock)
    folder = tmp_path_factory.mktemp("site")
    (site,) = write_fleet(folder, plan, site_count=1, seed=5, traces=[daily_trace()])
    return site.config


@pytest.fixture(scope="module")
def running(config: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "vpp.cli.main", "agent", "run", "--config", str(config)]
    with (config.parent / "agent.log").open("wb") as log, subprocess.Popen(command, stderr=log) as agent:
        began_s = stopwatch_s()
        while vpp("agent", "status", "--config", str(config)).returncode != 0:
            assert stopwatch_s() - began_s < PATIENCE_S
        yield agent
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(PATIENCE_S) == 0


def status(config: Path) -> dict[str, object]:
    return dict(json.loads(vpp("agent", "status", "--json", "--config", str(config)).stdout))


def test_the_agent_listens_nowhere(running: subprocess.Popen[bytes]) -> None:
    mine = {str(link.readlink()) for link in Path(f"/proc/{running.pid}/fd").iterdir() if link.is_symlink()}
    listening = []
    for name in ("tcp", "tcp6"):
        for line in Path(f"/proc/{running.pid}/net/{name}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in mine:
                listening.append(fields[1])
    assert listening == []


@pytest.mark.usefixtures("running")
def test_the_page_shows_the_site(config: Path) -> None:
    page = vpp("agent", "status", "--config", str(config))
    assert page.returncode == 0
    for word in ("running", "mode auto", "link", "meter", "bess", "journal"):
        assert word in page.stdout


@pytest.mark.usefixtures("running")
def test_orders_take_effect_and_show(config: Path) -> None:
    answer = vpp("agent", "veto", "--resource", "bess", "--config", str(config))
    assert answer.returncode == 0
    assert "no to resources/bess stands" in answer.stdout
    assert status(config)["vetoes"] == ["resources/bess"]
    assert vpp("agent", "mode", "manual", "--config", str(config)).returncode == 0
    assert status(config)["mode"] == "manual"
    refused = vpp("agent", "confirm", "events/nothing", "--config", str(config))
    assert refused.returncode == 1
    assert "nothing called events/nothing waits" in refused.stderr
    assert vpp("agent", "allow", "--resource", "bess", "--config", str(config)).returncode == 0
    assert vpp("agent", "mode", "auto", "--config", str(config)).returncode == 0


@pytest.mark.usefixtures("running")
def test_a_resource_is_tried_and_the_result_is_kept(config: Path) -> None:
    arguments = ("--resource", "bess", "--kw", "300", "--minutes", "60", "--config", str(config))
    tried = vpp("agent", "test-dispatch", *arguments)
    assert tried.returncode == 0, tried.stdout + tried.stderr
    assert "bess: done: commanded 300.0 kW, metered" in tried.stdout
    devices = {each["resource_id"]: each for each in status(config)["devices"]}  # type: ignore[union-attr,attr-defined]  a list of devices
    assert devices["bess"]["observations"] == 1


@pytest.mark.usefixtures("running")
def test_a_second_agent_is_refused(config: Path) -> None:
    command = [sys.executable, "-m", "vpp.cli.main", "agent", "run", "--config", str(config)]
    second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert second.returncode != 0
    assert "another agent uses the journal" in second.stderr
    assert vpp("agent", "dry-run", "--config", str(config)).returncode == 3


def test_without_an_agent_orders_wait_and_tests_are_refused(tmp_path: Path) -> None:
    plan = FleetPlan("127.0.0.1:1", DAY, ["example-peak-shaving"])
    (site,) = write_fleet(tmp_path, plan, site_count=1, seed=5, traces=[daily_trace()])
    config = str(site.config)
    assert vpp("agent", "status", "--config", config).returncode == 1
    waiting = vpp("agent", "veto", "--config", config, "--wait", "0.1")
    assert waiting.returncode == 0
    assert "is not running; the order waits" in waiting.stdout
    tried = vpp(
        "agent", "test-dispatch", "--resource", "bess", "--kw", "9", "--minutes", "9", "--config", config
    )
    assert tried.returncode == 1
    assert "is not running" in tried.stderr


def test_a_dry_run_judges_and_leaves_no_trace(tmp_path: Path) -> None:
    plan = FleetPlan("127.0.0.1:1", SystemClock().now().date(), ["example-peak-shaving"])
    (site,) = write_fleet(tmp_path, plan, site_count=1, seed=5, traces=[daily_trace()])
    before = {path: path.read_bytes() for path in site.config.parent.iterdir()}
    told = vpp("agent", "dry-run", "--target-kw", "100", "--json", "--config", str(site.config))
    assert told.returncode == 0, told.stderr
    found = json.loads(told.stdout)
    assert found["verdict"]["answer"] == "ACCEPTED"
    assert sum(found["verdict"]["split"][0]["share_kw"].values()) == pytest.approx(100.0)
    after = {path: path.read_bytes() for path in site.config.parent.iterdir() if path.suffix != ".lock"}
    assert after == before
    refused = vpp("agent", "dry-run", "--target-kw", "-1000000", "--config", str(site.config))
    assert refused.returncode == 1


def test_check_tells_all_and_says_so_by_its_exit_code(tmp_path: Path) -> None:
    plan = FleetPlan("127.0.0.1:1", SystemClock().now().date(), ["example-peak-shaving"])
    (site,) = write_fleet(tmp_path, plan, site_count=1, seed=5, traces=[daily_trace()])
    assert vpp("agent", "check", "--devices", "--config", str(site.config)).returncode == 0
    wrong = site.config.with_name("wrong.toml")
    wrong.write_text(site.config.read_text().replace("max_soc_ratio = 0.9", "max_soc_ratio = 9.0"))
    told = vpp("agent", "check", "--config", str(site.config), "--config", str(wrong))
    assert told.returncode == 1
    assert "max_soc_ratio is 9.0, expected at most 1" in told.stdout
    assert "site_id site-001 is in more than one configuration" in told.stdout
