"""The hub as it is composed, with its server, its scheduler's ticks and its disk in virtual time."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from protovalidate import Validator
from sqlalchemy import Engine
from support.generous import NO_RATES
from support.seeded_random_source import SeededRandomSource
from support.simulation.disk import Disk, WatchedUnits
from support.simulation.monitor import Monitor
from support.simulation.network import Network
from support.simulation.process import Process
from support.simulation.server import make_simulated_server
from support.simulation.sim_clock import SimClock

from vpp.foundation.clock import pause
from vpp.foundation.errors import Overloaded
from vpp.hub.composition import Hub, compose
from vpp.hub.inline_pool import InlinePool
from vpp.hub.preparation import Prepared
from vpp.hub.session_settings import SessionSettings
from vpp.hub.settings import HubSettings, MarketSettings, PartySettings
from vpp.portfolio.party import PartyKind
from vpp.rpc.effects import rang_within
from vpp.rpc.signing import DeliverySigner
from vpp.storage.engine import make_engine
from vpp.workflows.due_lanes import MARKET_LANES
from vpp.workflows.due_work import BACKGROUND, DueOutcome, DueResult, next_due_at, run_due
from vpp.workflows.forecasting import owe_forecast
from vpp.workflows.identity import Principal
from vpp.workflows.keeping_telemetry import owe_upkeep
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.rebuilding_deadlines import forget_claims, rebuild_deadlines
from vpp.workflows.settlement_dues import owe_settlement_look

_log = logging.getLogger(__name__)
RETRY_S = 5.0
LONGEST_WAIT_S = 600.0
_LANES = [*((lane.kinds, lane.at_once) for lane in MARKET_LANES), (BACKGROUND, 1)]


class SimulatedHub:
    """A hub that can be killed and started again; only its database stays."""

    def __init__(  # noqa: PLR0913, PLR0917  one argument per thing it needs
        self,
        folder: Path,
        clock: SimClock,
        random_source: SeededRandomSource,
        network: Network,
        monitor: Monitor,
        disk: Disk,
        rules: MarketRules,
        principals: Mapping[str, Principal],
        validator: Validator,
        heartbeat: timedelta = timedelta(seconds=60),
        signer: DeliverySigner | None = None,
    ) -> None:
        self.folder = folder
        self._clock, self._random_source = clock, random_source
        self._network, self._monitor, self._disk = network, monitor, disk
        self._rules, self._principals, self._validator = rules, principals, validator
        self._heartbeat = heartbeat
        self._signer = signer
        self._engine: Engine | None = None
        self.process: Process | None = None
        self.units: WatchedUnits | None = None
        self.parts: Hub | None = None
        self.start_count = 0
        self._bells: dict[int, asyncio.Event] = {}
        monitor.on_due = self._ring

    @property
    def is_up(self) -> bool:
        """Whether it serves."""
        return self.process is not None and self.process.is_alive

    def start(self) -> None:
        """Start as a new process would: from the database alone."""
        self.start_count += 1
        process = self.process = Process(f"hub-{self.start_count}")
        self._engine = make_engine(f"sqlite:///{self.folder / 'hub.sqlite'}")
        units = self.units = WatchedUnits(
            self._engine, self._clock, self._random_source, self._monitor, self._disk, process
        )
        process.spawn(self._serve(process, units), name="hub")

    def kill(self) -> None:
        """Die without a word."""
        if self.process is not None:
            self.process.kill()
        self._network.hub_died()
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    async def _serve(self, process: Process, units: WatchedUnits) -> None:
        pool = InlinePool()
        prepared = Prepared(
            settings=self._settings(),
            clock=self._clock,
            units=units,
            close_database=lambda: None,
            pool=pool,
            emergency_pool=pool,
            background_pool=pool,
            rules=self._rules,
            validator=self._validator,
            principals=self._principals,
            signer=self._signer,
        )
        await self._begin(units)
        hub = self.parts = compose(prepared, make_simulated_server)
        for task in long_lived(hub):
            process.spawn(self._until_it_dies(*task))
        self._bells = {}
        for number, (kinds, at_once) in enumerate(_LANES):
            work = partial(run_due, units, pool, self._rules, kinds=kinds, at_once=at_once)
            process.spawn(
                self._until_it_dies("ticker", self._tick(number, work, partial(next_due_at, units, kinds)))
            )
        self._network.serve(hub.server, process)  # type: ignore[arg-type]  # it is the simulated one

    async def _begin(self, units: WatchedUnits) -> None:
        """Do at the start what the real hub does before it serves."""
        while True:
            try:
                owe_forecast(units, self._rules)
                owe_upkeep(units, self._rules.telemetry)
                owe_settlement_look(units)
                forget_claims(units)
                for due in rebuild_deadlines(units, self._rules):
                    self._network.complain(f"{due.kind.value} of {due.subject_id} was missing at a start")
            except Overloaded:  # the real one exits, and is started again
                await pause(1.0)
            else:
                return

    def _settings(self) -> HubSettings:
        return HubSettings(
            base_directory=self.folder,
            market=MarketSettings(aggregator_party_id="hub", automatic_approval=True),
            parties=(PartySettings(party_id="hub", display_name="Aggregator", kind=PartyKind.AGGREGATOR),),
            session=SessionSettings(
                heartbeat_interval=self._heartbeat, courier_interval=timedelta(seconds=60)
            ),
            quotas=NO_RATES,
        )

    async def _until_it_dies(self, name: str, work: object) -> None:
        """Run a long-lived task; if it ends before the process does, that is a defect."""
        try:
            await work  # type: ignore[misc]  # a coroutine
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001  whatever it was, the real hub would stop with it
            self._network.complain(f"the hub's {name} died of {error!r}")
        else:
            self._network.complain(f"the hub's {name} ended")

    async def _tick(
        self, number: int, work: Callable[[], list[DueOutcome]], next_at: Callable[[], datetime | None]
    ) -> None:
        """Do what a lane's ticker does: run what is due at the earliest deadline, and whenever one is new."""
        loop = asyncio.get_running_loop()
        while True:
            bell = self._bells[number] = asyncio.Event()
            try:
                outcomes = await loop.run_in_executor(None, work)
                if outcomes and self.parts is not None:
                    self.parts.courier.look_soon()
                at = await loop.run_in_executor(None, next_at)
            except Exception as error:  # noqa: BLE001  as the real ticker: nothing due is lost
                _log.info("a tick failed: %r", error)
                await pause(RETRY_S)
                continue
            for outcome in outcomes:
                if outcome.result is DueResult.FAILED and "OVERLOADED" not in outcome.detail:
                    what = f"{outcome.due.kind.value} of {outcome.due.subject_id}"
                    self._network.complain(f"{what} failed: {outcome.detail} {outcome.error!r}")
            left_s = LONGEST_WAIT_S if at is None else (at - self._clock.now()).total_seconds()
            await rang_within(bell, min(LONGEST_WAIT_S, max(0.0, left_s) + 2e-6))

    def _ring(self) -> None:
        for bell in self._bells.values():
            bell.set()


def long_lived(hub: Hub) -> list[tuple[str, object]]:
    """Return the tasks that the hub's main keeps running."""
    return [
        ("telemetry writer", hub.telemetry.run()),
        ("session writer", hub.sessions.run()),
        ("courier", hub.courier.run()),
    ]
