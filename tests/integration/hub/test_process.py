"""A hub as a real process: it starts, says where it listens, serves, and stops in order."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import HealthStub

from vpp.foundation.clock import stopwatch_s
from vpp.rpc.identity_interceptor import token_digest
from vpp.v1.portfolio_pb2 import GetPartyRequest, ListProductsRequest
from vpp.v1.portfolio_pb2_grpc import PortfolioServiceStub

PRODUCTS = Path(__file__).resolve().parents[3] / "configs" / "products"
RULES = PRODUCTS.with_name("baselines")
RUN = "import sys; from pathlib import Path; from vpp.hub.main import run; sys.exit(run(Path(sys.argv[1])))"
DEADLINE_S = 50.0
pytestmark = pytest.mark.timeout(240)  # two cores and a cold import of the solver take their time
pause = time.sleep  # noqa: TID251  another process is waited for, in the machine's time

SETTINGS = f"""
product_directory = "products"
[server]
plaintext = true
port = 0
port_file = "hub.port"
[log]
format = "json"
[work]
worker_processes = 0
[market]
aggregator_party_id = "hub"
[[parties]]
party_id = "hub"
display_name = "Hub"
kind = "aggregator"
[[principals]]
principal_id = "operator"
party_id = "hub"
roles = ["market_operator"]
token_sha256 = "{token_digest("open-sesame")}"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(PRODUCTS, tmp_path / "products")
    shutil.copytree(RULES, tmp_path / "baselines")
    (tmp_path / "hub.toml").write_text(SETTINGS)
    return tmp_path


@contextmanager
def started(folder: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(folder / "hub.toml")],
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("VPP_HUB_")},
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()


def port_of(folder: Path, process: subprocess.Popen[str]) -> int:
    """Wait for the port file."""
    begun_s = stopwatch_s()
    while not (folder / "hub.port").exists():
        assert process.poll() is None, process.communicate()[1]
        assert stopwatch_s() - begun_s < DEADLINE_S
        pause(0.05)
    return int((folder / "hub.port").read_text())


def stopped(process: subprocess.Popen[str], number: signal.Signals = signal.SIGTERM) -> tuple[int, list[str]]:
    """Tell the process to stop; returns its exit code and what it logged."""
    process.send_signal(number)
    _, log = process.communicate(timeout=DEADLINE_S)
    return process.returncode, [json.loads(line)["message"] for line in log.splitlines()]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_hub_starts_serves_and_stops(folder: Path, number: signal.Signals) -> None:
    with started(folder) as process:
        port = port_of(folder, process)
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            health = HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=20)
            assert health.status == health_pb2.HealthCheckResponse.SERVING
            metadata = (("authorization", "Bearer open-sesame"),)
            stub = PortfolioServiceStub(channel)
            products = stub.ListProducts(ListProductsRequest(), metadata=metadata, timeout=20).products
            assert len(products) == len(list(PRODUCTS.glob("*.toml")))
            party = stub.GetParty(GetPartyRequest(name="parties/hub"), metadata=metadata, timeout=20)
            assert party.display_name == "Hub"
        code, log = stopped(process, number)
    assert code == 0, log
    assert f"listening on 127.0.0.1:{port}" in log
    assert log[-1] == "stopped"


def test_a_hub_comes_back_to_its_database(folder: Path) -> None:
    for display_name in ("Hub", "Hub renamed"):
        (folder / "hub.toml").write_text(SETTINGS.replace('"Hub"', f'"{display_name}"'))
        (folder / "hub.port").unlink(missing_ok=True)
        with started(folder) as process:
            port = port_of(folder, process)
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                party = PortfolioServiceStub(channel).GetParty(
                    GetPartyRequest(name="parties/hub"),
                    metadata=(("authorization", "Bearer open-sesame"),),
                    timeout=20,
                )
                assert party.display_name == display_name
            assert stopped(process)[0] == 0


def test_a_second_hub_on_the_same_port_does_not_start(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with started(folder) as first:
        port = port_of(folder, first)
        other = tmp_path_factory.mktemp("other")
        shutil.copytree(PRODUCTS, other / "products")
        shutil.copytree(RULES, other / "baselines")
        (other / "hub.toml").write_text(SETTINGS.replace("port = 0", f"port = {port}"))
        with started(other) as second:
            _, log = second.communicate(timeout=DEADLINE_S)
            assert second.returncode == 2
            assert f"cannot listen on 127.0.0.1:{port}" in log
        assert stopped(first)[0] == 0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('product_directory = "products"', 'product_directory = "none"', "does not exist"),
        ("port = 0", "prot = 0", "server.prot"),
        ("port = 0", 'port = 0\nlisten_address = "0.0.0.0"', "plaintext is for loopback alone"),
    ],
    ids=["products", "misspelt", "exposed"],
)
def test_what_does_not_fit_is_said_and_nothing_starts(folder: Path, old: str, new: str, message: str) -> None:
    (folder / "hub.toml").write_text(SETTINGS.replace(old, new))
    with started(folder) as process:
        _, log = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 2
    (line,) = log.splitlines()
    assert "cannot start: " in line
    assert message in line
    assert not (folder / "hub.port").exists()


def test_a_product_that_changed_without_a_new_version_is_refused(folder: Path) -> None:
    with started(folder) as process:
        port_of(folder, process)
        assert stopped(process)[0] == 0
    file = folder / "products" / "example_peak_shaving.toml"
    file.write_text(file.read_text().replace("min_bid_kw = 10.0", "min_bid_kw = 11.0"))
    with started(folder) as process:
        _, log = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 2
    assert "count its version up" in log


def test_a_killed_hub_starts_again(folder: Path) -> None:
    with started(folder) as process:
        port_of(folder, process)
        process.kill()
        process.wait()
    (folder / "hub.port").unlink()
    with started(folder) as process:
        port_of(folder, process)
        assert stopped(process)[0] == 0
