"""A site with the real agent, its real journal on a file, and a simulated plant."""

import asyncio
import base64
import random
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from support.simulation.ledger import Ledger
from support.simulation.network import Network, SimulatedChannel
from support.simulation.process import Killed, Process
from support.simulation.sim_clock import SimClock

from vpp.agent.core import SiteAgent
from vpp.agent.journal import Entry, Journal
from vpp.agent.runner import SiteRunner
from vpp.agent.settings import AgentSettings
from vpp.agent.steady_clock import SteadyClock
from vpp.foundation.clock import pause
from vpp.foundation.device_terms import DeviceCondition, Setpoint
from vpp.simulator.plant import SimulatedSite
from vpp.simulator.plant_state import PlantStore
from vpp.simulator.settings import plant_settings
from vpp.simulator.site_load import read_load
from vpp.v1 import session_pb2
from vpp.v1.auction_pb2_grpc import AuctionServiceStub
from vpp.v1.portfolio_pb2_grpc import PortfolioServiceStub
from vpp.v1.session_pb2_grpc import SessionServiceStub
from vpp.v1.telemetry_pb2_grpc import TelemetryServiceStub


class SimulatedClient:
    """Stands for `HubClient`: the same stubs on a simulated channel."""

    def __init__(self, network: Network, settings: AgentSettings) -> None:
        self._channel = SimulatedChannel(network, settings.site.site_id)
        self.metadata = (("authorization", f"Bearer {settings.site.site_id}"),)
        channel: Any = self._channel
        self.portfolio = PortfolioServiceStub(channel)
        self.telemetry = TelemetryServiceStub(channel)
        self.auction = AuctionServiceStub(channel)
        self.session = SessionServiceStub(channel)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._channel.close()


class _SteadyClock(SteadyClock):
    """Wakes less often to look whether it was suspended: here it never is, and a day has many seconds."""

    async def sleep_until(self, instant: datetime) -> None:
        while (left_s := (instant - self.now()).total_seconds()) > 0:
            await pause(min(left_s + 2e-6, 75.0))


class WorldStore(PlantStore):
    """The plant is part of the world: it outlives its agent without being saved."""

    def __init__(self) -> None:
        super().__init__(Path("unused"))

    def read(self) -> None:
        return None

    def write(self, *_: object) -> None:
        return None


class KillingJournal(Journal):
    """A journal that may be its process's last word, and that tells the world what is in it."""

    def __init__(self, path: Path, site: "RealSite") -> None:
        self._site = site
        self._is_recovered = False
        super().__init__(path)

    def append(self, entry: Entry) -> None:
        self._site.check_alive()
        dies = self._site.dies_at_entry()
        if dies == "torn":
            self._file.write(b'{"kind":"stat')
            self._file.flush()
        if dies in {"before", "torn"}:
            self._site.die()
        super().append(entry)
        for one in entry["entries"] if entry["kind"] == "together" else [entry]:
            self._site.wrote(one)
        if dies == "after":
            self._site.die()

    def sync(self) -> None:
        """A file in memory needs no flush; dying here is dying after the append."""
        self._site.check_alive()


class WorldDriver:
    """The plant as the agent sees it: through a meter that may lie, with commands that are judged."""

    def __init__(self, site: "RealSite") -> None:
        self._site = site
        self._plant = site.plant

    @property
    def meter_begins_at(self) -> datetime:
        return self._plant.meter_begins_at

    def meter(self, since: datetime, until: datetime) -> npt.NDArray[np.float64]:
        values = self._plant.meter(since, until)
        for start, end, lie in self._site.lies:
            for position in range(len(values)):
                at = since + position * self._site.step
                if start <= at < end:
                    values[position] = lie(values[position])
        return values

    def command(self, at: datetime, setpoints: Mapping[str, Setpoint]) -> None:
        site = self._site
        site.check_alive()
        reduction_kw = sum(each.reduction_kw for each in setpoints.values())
        site.ledger.commands(site.site_id, reduction_kw, site.clock.true_now, site.step)
        self._plant.command(at, setpoints)

    def condition(self, resource_id: str, at: datetime) -> DeviceCondition:
        return self._plant.condition(resource_id, at)

    def state(self, resource_id: str, at: datetime) -> Mapping[str, float]:
        return self._plant.state(resource_id, at)


class RealSite:
    """A site that can be killed and started again; its files and its plant stay.

    Attributes:
        lies: Spans in which the meter lies, and how.
        kill_in: Journal entries from now until the agent dies at one; None for not at all.
    """

    def __init__(
        self, settings: AgentSettings, epoch: datetime, network: Network, ledger: Ledger, seed: int
    ) -> None:
        self.settings = settings
        self.site_id = settings.site.site_id
        self.step = settings.site.metering_interval
        self.clock = SimClock(epoch)
        self.network = network
        self.ledger = ledger
        self.lies: list[tuple[datetime, datetime, Any]] = []
        self.kill_in: int | None = None
        self.process: Process | None = None
        self.agent: SiteAgent | None = None
        self.death_count = 0
        self._rng = random.Random(f"{self.site_id}/{seed}")
        plant = plant_settings(settings.driver)
        self.plant = SimulatedSite(plant, read_load(settings.folder / plant.load_file), WorldStore())

    def start(self) -> None:
        """Start the agent as a new process would: from its journal."""
        self.process = Process(self.site_id)
        self.process.spawn(self._run(), name=self.site_id)

    async def _run(self) -> None:
        journal = KillingJournal(self.settings.folder / self.settings.journal_file, self)
        driver = WorldDriver(self)
        try:
            agent = SiteAgent(self.settings, driver, journal, self.clock.now(), self.clock.machine_time)
            self.agent = agent
            clock = _SteadyClock(
                self.clock,
                earliest=agent.memory.latest_at,
                tolerance=self.settings.limits.max_clock_skew,
                stopwatch=asyncio.get_running_loop().time,
            )
            await SiteRunner(agent, driver, clock, connect=self._connect).run()
        except Exception as error:  # noqa: BLE001  whatever it was, the real agent would end with it
            self.network.complain(f"the agent of {self.site_id} died of {error!r}")
        finally:
            journal.close()

    def _connect(self, settings: AgentSettings) -> Any:  # noqa: ANN401  it stands for HubClient
        return SimulatedClient(self.network, settings)

    @property
    def is_alive(self) -> bool:
        """Whether the agent runs."""
        return self.process is not None and self.process.is_alive

    def kill(self) -> None:
        """Let the agent die without a word."""
        if self.process is not None and self.process.is_alive:
            self.death_count += 1
            self.process.kill()
        self.kill_in = None
        self.network.client_died(self.site_id)

    def check_alive(self) -> None:
        """Let nothing that runs on after the death reach the world."""
        if not self.is_alive:
            raise Killed

    def wrote(self, entry: Entry) -> None:
        """Take note of what the agent holds durably."""
        if entry["kind"] == "status":
            name = entry["instruction"].removeprefix("instructions/")
            self.ledger.says(self.site_id, name, entry["state"])
        elif entry["kind"] == "delivery":
            delivery = session_pb2.Delivery.FromString(base64.b64decode(entry["content"]))
            self.ledger.held.add((self.site_id, delivery.sequence))
        elif entry["kind"] == "skipped":
            self.ledger.held.add((self.site_id, entry["sequence"]))

    def dies_at_entry(self) -> str:
        """Count journal entries down; returns where the agent dies, or nothing."""
        if self.kill_in is None:
            return ""
        self.kill_in -= 1
        if self.kill_in > 0:
            return ""
        self.kill_in = None
        return self._rng.choice(["before", "after", "torn"])

    def die(self) -> None:
        """Die at this very line."""
        self.kill()
        raise Killed

    @property
    def owed(self) -> int:
        """How much it still owes the hub."""
        assert self.agent is not None
        return len(self.agent.memory.outbox.statuses) + len(self.agent.memory.outbox.batches)

    @property
    def held_sequence(self) -> int:
        """Up to where it holds deliveries."""
        assert self.agent is not None
        return self.agent.memory.deliveries.held

    def metered(self, since: datetime, until: datetime) -> dict[datetime, float]:
        """Return what the meter really showed where it did not lie."""
        values = self.plant.meter(since, until)
        starts = [since + n * self.step for n in range(len(values))]
        return {
            at: float(value)
            for at, value in zip(starts, values, strict=True)
            if not any(start <= at < end for start, end, _ in self.lies)
        }
