"""The agent as a program: real gRPC, real files, a clock that runs fast, a hub that plays a part."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.agent_site import DAY, STEP, daily_trace, delivery, instruction, invitation
from support.scripted_hub import PATIENCE_S, ScriptedHub, serve

from vpp.agent.main import run
from vpp.agent.runner import run_site
from vpp.agent.settings import AgentSettings, load_settings
from vpp.foundation.clock import SystemClock
from vpp.foundation.errors import InvalidInput
from vpp.simulator.fleet_files import FleetPlan, write_fleet
from vpp.simulator.plant import SimulatedSite, simulated_site
from vpp.v1 import portfolio_pb2

FACTOR = 1500.0  # five minutes take 0.2 s
BEGIN = datetime(2026, 3, 4, 10, tzinfo=UTC)


def driver(settings: AgentSettings) -> SimulatedSite:
    return simulated_site(settings.driver, settings.folder, settings.site.metering_interval)


def write(folder: Path, port: int) -> AgentSettings:
    clock = {
        "machine_start": SystemClock().now(),
        "speeds": [{"start": BEGIN, "factor": FACTOR}],
    }
    plan = FleetPlan(f"127.0.0.1:{port}", DAY, ["example-peak-shaving"], clock=clock)
    (site,) = write_fleet(folder, plan, site_count=1, seed=5, traces=[daily_trace()])
    return load_settings(site.config)


async def stopped(task: asyncio.Task[None]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_agent_enrols_uploads_bids_delivers_and_survives_a_lost_hub(tmp_path: Path) -> None:
    hub = ScriptedHub()
    hub.refuse_bids = 1
    server, port = await serve(hub)
    settings = write(tmp_path, port)
    start = BEGIN + timedelta(hours=1)
    hub.deliveries = [
        delivery(1, invitation=invitation(gate=BEGIN + timedelta(days=1))),
        delivery(2, instruction=instruction([30.0, 30.0], start=start)),
    ]
    agent = asyncio.create_task(run_site(settings, driver))
    try:
        await hub.until(lambda: hub.acknowledged == 2 and "STARTED" in hub.statuses)
        assert hub.tokens == {f"Bearer {(settings.folder / 'token').read_text().strip()}"}
        assert set(hub.created) == {
            "site",
            "batch",
            "bess",
            "cooling",
            "ups",
            "products/example-peak-shaving",
        }
        await hub.until(lambda: all(len(tries) == 2 for tries in hub.bids.values()))
        assert all(tries[0] == tries[1] for tries in hub.bids.values())  # the same request both times
        hub.hang_up.set()
        await server.stop(grace=0.2)
        hub.hang_up = asyncio.Event()
        server, _ = await serve(hub, port)
        await hub.until(lambda: "COMPLETED" in hub.statuses and len(hub.hellos) == 2)
        assert hub.hellos[1].resume_sequence == 2
        count = len(hub.batches)
        await hub.until(lambda: len(hub.batches) > count + 2)
    finally:
        await stopped(agent)
        await server.stop(grace=0.2)
    assert hub.statuses.index("ACCEPTED") < hub.statuses.index("STARTED") < hub.statuses.index("COMPLETED")
    readings = hub.readings()
    first, last = min(readings), max(readings)
    assert hub.history_count == 28 * 288
    assert len(readings) == (last - first) // STEP + 1  # no gap, although the hub was away


async def test_an_agent_that_starts_again_does_not_upload_its_history_again(tmp_path: Path) -> None:
    hub = ScriptedHub()
    server, port = await serve(hub)
    settings = write(tmp_path, port)
    try:
        agent = asyncio.create_task(run_site(settings, driver))
        await hub.until(lambda: len(hub.batches) > 6)
        await stopped(agent)
        uploaded = hub.history_count
        agent = asyncio.create_task(run_site(settings, driver))
        count = len(hub.batches)
        await hub.until(lambda: len(hub.hellos) == 2 and len(hub.batches) > count + 2)
        await stopped(agent)
    finally:
        await server.stop(grace=0.2)
    assert hub.history_count == uploaded
    assert hub.created.count("site") == 1
    hub.readings()


async def test_a_site_that_exists_otherwise_ends_the_agent(tmp_path: Path) -> None:
    hub = ScriptedHub()
    hub.created.append("site")
    hub.site = portfolio_pb2.Site(zone="elsewhere")
    server, port = await serve(hub)
    try:
        with pytest.RaisesGroup(pytest.RaisesExc(Exception, match="exists with zone elsewhere")):
            async with asyncio.timeout(PATIENCE_S):
                await run_site(write(tmp_path, port), driver)
    finally:
        await server.stop(grace=0.2)


def test_two_configurations_must_not_share_a_site(tmp_path: Path) -> None:
    path = write(tmp_path, 1).folder / "site.toml"
    with pytest.raises(InvalidInput, match="site_id site-001 is in more than one"):
        run([path, path], driver)
