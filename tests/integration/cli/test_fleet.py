"""`vpp fleet`: what it writes runs as it says, over mutual TLS, and everything that it prints works."""

import asyncio
import logging
import shlex
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vpp.agent.runner import run_site
from vpp.agent.settings import load_settings as load_site
from vpp.cli.fleet_command import FleetPlace, environment_lines
from vpp.cli.main import app, main
from vpp.cli.site_driver import site_driver
from vpp.foundation.certificate_pair import read_pair
from vpp.foundation.clock import pause
from vpp.hub.composition import Hub, compose
from vpp.hub.listening import listen
from vpp.hub.load_settings import load_settings as load_hub
from vpp.hub.preparation import prepare
from vpp.rpc.server import tell_health

PATIENCE_S = 40.0
POLL_S = 0.3


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write(out: Path, *options: str) -> list[str]:
    """Run `vpp fleet`; returns the commands that it printed."""
    result = CliRunner(env={"COLUMNS": "400"}).invoke(
        app, ["fleet", "--out", str(out), "--sites", "1", *options]
    )
    assert result.exit_code == 0, result.output
    return [line.strip() for line in result.output.splitlines() if line.startswith("  ")]


def exported(lines: list[str]) -> dict[str, str]:
    pairs = [word for line in lines if line.startswith("export ") for word in shlex.split(line)[1:]]
    return dict(pair.split("=", 1) for pair in pairs)


def as_principal(environment: dict[str, str], principal: str) -> dict[str, str]:
    return {name: value.replace("/operator.", f"/{principal}.") for name, value in environment.items()}


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int | str | None, str]:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    captured = capsys.readouterr()
    return end.value.code, captured.out + captured.err


@contextmanager
def environment(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> Iterator[None]:
    with monkeypatch.context() as patched:
        for name, value in {**variables, "COLUMNS": "300", "NO_COLOR": "1"}.items():
            patched.setenv(name, value)
        yield


@asynccontextmanager
async def running(out: Path) -> AsyncIterator[Hub]:
    """Run a fleet's hub and its one agent from its files, in this process: starting programs costs most."""
    settings = out / "hub.toml"  # nothing is cleared here: a process for solvers would start for nothing
    settings.write_text(settings.read_text() + "\n[work]\nworker_processes = 0\n")
    prepared = prepare(load_hub(settings))
    hub = compose(prepared)
    listen(hub.server, prepared.settings.server, prepared.credentials)
    await hub.server.start()
    await tell_health(hub.health, serves=True)
    parts = (hub.telemetry, hub.sessions, hub.courier, hub.access.watch)
    tasks = [asyncio.create_task(part.run()) for part in parts]
    agent = asyncio.create_task(run_site(load_site(out / "site-001" / "site.toml"), site_driver))
    try:
        yield hub
        assert not any(task.done() for task in (*tasks, agent))
    finally:
        agent.cancel()
        await asyncio.gather(agent, return_exceptions=True)
        hub.registry.close_all()
        await hub.server.stop(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        hub.access.watch.close()
        for threads in (hub.rpc_threads, hub.due_threads, hub.background_threads):
            threads.shutdown()
        prepared.close_database()


@pytest.mark.timeout(240)
async def test_a_fleet_runs_over_mutual_tls_as_it_is_printed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "vpp.agent")
    out = tmp_path / "my-run"
    lines = write(out, "--port", str(free_port()))
    variables = exported(lines)
    assert set(variables) == {"VPP_HUB", "VPP_CA_FILE", "VPP_CERT_FILE", "VPP_KEY_FILE"}
    words = [shlex.split(line)[1:] for line in lines if line.startswith("vpp ")]
    hub_words, agent_words, list_words, auction_words, rotate_words = words
    assert hub_words == ["hub", "--config", str(out / "hub.toml")]
    assert agent_words == ["agent", "run", "--config", str(out / "site-001" / "site.toml")]

    async def tell(*arguments: str) -> tuple[int | str | None, str]:
        return await asyncio.to_thread(said, capsys, *arguments)

    async def until(code: int, text: str, *arguments: str) -> None:
        last = None
        for _ in range(int(PATIENCE_S / POLL_S)):
            last = await tell(*arguments)
            if last[0] == code and text in last[1]:
                return
            await pause(POLL_S)
        raise AssertionError(f"{arguments}: {last}")

    async with running(out):
        with environment(monkeypatch, variables):
            await until(0, "evening", *auction_words, "--id", "evening")
            await until(0, "site-001", *list_words)
        for principal, arguments in {
            "settlement-a": ("settle", "list"),
            "settlement-b": ("settle", "list"),
            "auditor": ("operator", "sites", "list"),
            "administrator": ("access", "sessions"),
        }.items():
            with environment(monkeypatch, as_principal(variables, principal)):
                await until(0, "site-001" if arguments[0] != "settle" else "", *arguments)
        with environment(monkeypatch, variables):
            assert (await tell(*rotate_words))[0] == 0
            assert (await tell(*list_words))[0] == 0
            site = out / "site-001" / "site.pem"
            ca = ("--authority", str(out / "authority"))
            assert (await tell("certs", "rotate", str(site), *ca))[0] == 0
            assert (await tell("certs", "rotate", str(out / "tls" / "hub.pem"), *ca))[0] == 0
            async with asyncio.timeout(PATIENCE_S):
                while "the certificate is renewed" not in caplog.text:
                    await pause(POLL_S)
            assert (await tell("certs", "revoke", str(out / "tls" / "operator.pem"), *ca))[0] == 0
            await until(5, "NOT_AUTHENTICATED", *list_words)


def test_the_files_of_a_fleet_load_and_belong_together(tmp_path: Path) -> None:
    write(tmp_path, "--host", "hub.example", "--port", "443")
    hub = load_hub(tmp_path / "hub.toml")
    assert (hub.server.listen_address, hub.server.plaintext) == ("0.0.0.0", False)  # noqa: S104  with mutual TLS
    site = load_site(tmp_path / "site-001" / "site.toml")
    assert site.hub.address == "hub.example:443"
    names = {
        str(read_pair(file, file.with_suffix(".key")).name)
        for file in tmp_path.glob("*/*.pem")
        if file.stem != "ca"
    }
    expected = {"spiffe://vpp.example/hub/hub"} | {
        f"spiffe://vpp.example/party/{one.party_id}/"
        + (f"site/{one.site_id}/" if one.site_id else "")
        + one.principal_id
        for one in hub.principals
    }
    assert names == expected
    assert not list(tmp_path.rglob("*token*"))
    assert "token" not in (tmp_path / "hub.toml").read_text()


def test_plaintext_is_the_old_way_and_for_this_machine_alone(tmp_path: Path) -> None:
    lines = write(tmp_path / "a", "--plaintext")
    assert set(exported(lines)) == {"VPP_HUB", "VPP_PLAINTEXT", "VPP_TOKEN_FILE"}
    hub = load_hub(tmp_path / "a" / "hub.toml")
    assert hub.server.plaintext
    assert all(one.token_sha256 for one in hub.principals)
    assert load_site(tmp_path / "a" / "site-001" / "site.toml").token() is not None
    assert not list((tmp_path / "a").rglob("*.pem"))
    refused = CliRunner().invoke(
        app, ["fleet", "--out", str(tmp_path / "b"), "--plaintext", "--host", "hub.example"]
    )
    assert refused.exit_code == 2
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("principal", ["operator", "settlement-a"])
def test_the_readme_exports_what_the_command_prints(principal: str) -> None:
    place = FleetPlace(Path("my-run"), "127.0.0.1", 50051, is_plaintext=False)
    readme = (Path(__file__).parents[3] / "README.md").read_text()
    assert "\n".join(environment_lines(place, principal)) in readme
