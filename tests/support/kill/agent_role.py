"""The agents of a trial: the real ones, with points in their journals, links and devices."""

import asyncio
import json
import signal
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from support.kill.defects import ACKNOWLEDGE_BEFORE_PERSIST, LazyJournal, PointedJournal
from support.kill.hub_role import KEYS, SITES
from support.kill.points import KillPoints, SharedClock, SharedTime

from vpp.agent.core import SiteAgent
from vpp.agent.hub_client import HubClient
from vpp.agent.runner import SiteRunner
from vpp.agent.session import GrpcLink
from vpp.agent.settings import AgentSettings
from vpp.foundation.clock import Clock
from vpp.foundation.device_terms import DeviceCondition, Health, Setpoint
from vpp.v1.session_pb2 import ConnectRequest, ConnectResponse

STEP = timedelta(minutes=5)
LOAD_KW = 1000.0
COMMANDS = "commands.jsonl"
JOURNAL = "journal.jsonl"


def site_settings(folder: Path, site_id: str, port: int) -> AgentSettings:
    """Return one site's configuration: a flat load and a battery."""
    folder = folder / site_id
    folder.mkdir(exist_ok=True)
    (folder / "token").write_text(f"agent-{site_id}")
    return AgentSettings.model_validate(
        {
            "folder": folder,
            "journal_file": JOURNAL,
            "products": ["example-emergency"],
            "site": {
                "site_id": site_id,
                "display_name": site_id,
                "zone": "north",
                "time_zone": "Europe/London",
                "import_limit_kw": 3000.0,
                "metering_interval": "PT5M",
            },
            "hub": {
                "address": f"127.0.0.1:{port}",
                "token_file": "token",
                "plaintext": True,
                "reconnect_initial_s": 0.02,
                "reconnect_longest_s": 0.1,
                "verify_key_file": f"../{KEYS[1]}",
            },
            "bidding": {"tariff_per_kwh": "0.2", "currency": "GBP"},
            "standing_bids": [{"product": "example-emergency", "resources": ["bess"], "share_ratio": 0.9}],
            "telemetry": {"history_days": 14},
            "resources": {
                "battery": {
                    "bess": {
                        "capacity_kwh": 1000.0,
                        "max_discharge_kw": 200.0,
                        "max_charge_kw": 200.0,
                        "round_trip_ratio": 0.9,
                        "min_soc_ratio": 0.1,
                        "max_soc_ratio": 0.9,
                        "backup_floor_kwh": 0.0,
                        "wear_cost_per_kwh": "0.1",
                        "response_time": "PT1S",
                        "delivery_ratio": 1.0,
                    }
                }
            },
        }
    )


class LoggingDriver:
    """A site with a flat load and a battery that never empties; every command is a line in a file.

    The file is the plant: what it holds survives whoever wrote it.
    """

    def __init__(self, path: Path, points: KillPoints, begin: datetime) -> None:
        self._path = path
        self._points = points
        self._begin = begin

    @property
    def meter_begins_at(self) -> datetime:
        return self._begin

    def meter(self, since: datetime, until: datetime) -> npt.NDArray[np.float64]:
        commands = read_commands(self._path)
        starts = [since + n * STEP for n in range(max(0, (until - since) // STEP))]
        return np.array([LOAD_KW - commands.get(start, 0.0) for start in starts], dtype=np.float64)

    def command(self, at: datetime, setpoints: Mapping[str, Setpoint]) -> None:
        self._points.reach("before command")
        with self._path.open("a", encoding="utf-8") as file:
            file.write(
                json.dumps(
                    {"at": at.isoformat(), "kw": sum(each.reduction_kw for each in setpoints.values())}
                )
                + "\n"
            )
        self._points.reach("after command")

    def condition(self, resource_id: str, at: datetime) -> DeviceCondition:
        del resource_id
        return DeviceCondition(Health.OK, at)

    def state(self, resource_id: str, at: datetime) -> Mapping[str, float]:
        del resource_id
        reduction_kw = read_commands(self._path).get(at - STEP, 0.0)
        return {"reduction_kw": reduction_kw, "available": 1.0, "state_of_charge_ratio": 0.9}


def read_commands(path: Path) -> dict[datetime, float]:
    """Return the reduction that was commanded for each metering interval, kW."""
    if not path.exists():
        return {}
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return {datetime.fromisoformat(line["at"]): line["kw"] for line in lines}


class PointedLink:
    """A link with points before and after everything that goes through it."""

    def __init__(self, inner: GrpcLink, points: KillPoints) -> None:
        self._inner = inner
        self._points = points

    async def send(self, message: ConnectRequest) -> None:
        kind = message.WhichOneof("message")
        self._points.reach(f"before sending {kind}")
        await self._inner.send(message)
        self._points.reach(f"after sending {kind}")

    async def receive(self) -> ConnectResponse | None:
        message = await self._inner.receive()
        self._points.reach("after receiving")
        return message

    def close(self) -> None:
        self._inner.close()


def run_agents(order: dict[str, Any], points: KillPoints, shared: SharedTime) -> None:
    """Run both sites' agents until told to stop, or until the point of death.

    Args:
        order: `folder` and `port`.
        points: Where to die.
        shared: The trial's time.
    """
    asyncio.run(_run(Path(order["folder"]), order["port"], points, SharedClock(shared)))


async def _run(folder: Path, port: int, points: KillPoints, clock: Clock) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    sites = [asyncio.create_task(_run_site(folder, each, port, points, clock)) for each in SITES]
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait([waiting, *sites], return_when=asyncio.FIRST_COMPLETED)
    failed = [site for site in sites if site.done()]
    for task in (waiting, *sites):
        task.cancel()
    await asyncio.gather(waiting, *sites, return_exceptions=True)
    for site in failed:
        site.result()


async def _run_site(folder: Path, site_id: str, port: int, points: KillPoints, clock: Clock) -> None:
    settings = site_settings(folder, site_id, port)
    kind = LazyJournal if points.defect == ACKNOWLEDGE_BEFORE_PERSIST else PointedJournal
    journal = kind(settings.folder / settings.journal_file)
    journal.points = points
    begin = clock.now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=20)
    driver = LoggingDriver(settings.folder / COMMANDS, points, begin)
    agent = SiteAgent(settings, driver, journal, clock.now(), clock.machine_time)

    def pointed(client: HubClient) -> PointedLink:
        return PointedLink(GrpcLink(client), points)

    await SiteRunner(agent, driver, clock, make_link=pointed).run()
