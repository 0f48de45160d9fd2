"""A hub with many sites in the benchmark's own process, and events that instruct all of them at once."""

import asyncio
import gc
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from protovalidate import Validator
from sqlalchemy import Engine
from support.generous import NO_RATES
from support.market import OPERATOR, RULES
from support.products import shipped_products

from vpp.dispatch.event import Event, EventState
from vpp.dispatch.instruction import Instruction, InstructionState, ResourceTarget, instruction_id
from vpp.foundation.clock import SystemClock, pause, stopwatch_s
from vpp.foundation.interval import Interval
from vpp.hub.composition import Hub, compose
from vpp.hub.inline_pool import InlinePool
from vpp.hub.preparation import Prepared
from vpp.hub.process_pool import ProcessPool
from vpp.hub.session_settings import SessionSettings
from vpp.hub.settings import HubSettings, MarketSettings, PartySettings, ServerSettings, WorkSettings
from vpp.portfolio.party import Party, PartyKind
from vpp.portfolio.site import Site
from vpp.rpc.garbage import settle
from vpp.rpc.hub_metrics import HubMetrics
from vpp.rpc.identity_interceptor import token_digest
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.workflows.identity import Principal, Role
from vpp.workflows.outbox_ports import MessageKind, Owed
from vpp.workflows.records import AuditRecord

QUARTER = timedelta(minutes=15)
FIVE = timedelta(minutes=5)


class Acknowledgements(HubMetrics):
    """Notes how long each delivery took from its commit to its booked acknowledgement, s."""

    def __init__(self) -> None:
        super().__init__()
        self.waits_s: list[float] = []
        self.wanted = 0
        self.all_in = asyncio.Event()

    def delivery_acknowledged(self, kind: str, seconds: float) -> None:
        super().delivery_acknowledged(kind, seconds)
        self.waits_s.append(seconds)
        if len(self.waits_s) >= self.wanted:
            self.all_in.set()


@dataclass
class SessionHub:
    """A serving hub.

    Attributes:
        hub: The hub.
        units: Makes transactions.
        acknowledgements: What it notes.
        address: Where it serves.
        site_ids: Its sites.
    """

    hub: Hub
    units: SqlUnitOfWorkFactory
    acknowledgements: Acknowledgements
    address: str
    site_ids: list[str]

    def dispatch(self, event_id: str) -> float:
        """Instruct every site, in one transaction: event, instructions, outbox and audit.

        Returns:
            CPU of the thread that did it, s.
        """
        began_s = thread_cpu_s()
        now = SystemClock().now()
        start = (now + timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
        delivery = Interval(start, start + 4 * QUARTER)
        product = shipped_products()["example-peak-shaving"]
        event = Event(
            event_id=event_id,
            product_id=product.product_id,
            product_version=product.version,
            zone="north",
            delivery=delivery,
            target_reduction_kw=(100.0 * len(self.site_ids),) * 4,
            awarded_reduction_kw=(100.0 * len(self.site_ids),) * 4,
            price_cap_per_mwh=Decimal(2000),
            operator_party_id="grid",
            auction_id=None,
            state=EventState.OFFERED,
        )
        targets_kw = {site_id: (100.0 + 0.25 * n,) * 4 for n, site_id in enumerate(self.site_ids)}
        instructions = {
            instruction_id(event_id, 0, site_id): Instruction(
                instruction_id=instruction_id(event_id, 0, site_id),
                event_id=event_id,
                site_id=site_id,
                modification_number=0,
                delivery=delivery,
                interval=QUARTER,
                target_reduction_kw=targets_kw[site_id],
                resource_targets=(ResourceTarget("battery", targets_kw[site_id]),),
                expires_at=delivery.end,
                state=InstructionState.CREATED,
            )
            for site_id in self.site_ids
        }
        with self.units() as uow:
            uow.events.add(event_id, event)
            uow.instructions.add_all(instructions)
            uow.outbox.append_all(
                [Owed(each.site_id, MessageKind.INSTRUCTION, key) for key, each in instructions.items()]
            )
            uow.audit.append_all(
                [AuditRecord(uow.now, "hub", "instruct", f"instructions/{key}", {}) for key in instructions]
            )
            uow.commit()
        return thread_cpu_s() - began_s

    async def fan_out(self, event_id: str, *, answered: bool = True) -> "FanOut":
        """Dispatch to every site and wait until the last acknowledgement, and the answers, are booked."""
        noted = self.acknowledgements
        noted.waits_s.clear()
        noted.all_in.clear()
        noted.wanted = len(self.site_ids)
        began_s, began_cpu_s = stopwatch_s(), cpu_s()
        loop = asyncio.get_running_loop()
        commit_cpu_s = await loop.run_in_executor(self.hub.due_threads, self.dispatch, event_id)
        self.hub.courier.look_soon()
        await noted.all_in.wait()
        took_s = stopwatch_s() - began_s
        if answered:
            await self.until_answered(event_id)
        await self.hub.sessions.drained()
        return FanOut(sorted(noted.waits_s), took_s, cpu_s() - began_cpu_s, commit_cpu_s)

    async def until_answered(self, event_id: str) -> None:
        """Wait until no site has still to answer."""
        loop = asyncio.get_running_loop()
        while not await loop.run_in_executor(self.hub.rpc_threads, self._is_answered, event_id):
            await pause(0.05)

    def _is_answered(self, event_id: str) -> bool:
        with self.units(write=False) as uow:
            return not uow.instructions.has_unanswered(event_id)


@dataclass(frozen=True)
class FanOut:
    """One dispatch to all sites.

    Attributes:
        waits_s: From the commit's instant to the booked acknowledgement, s, ascending.
        took_s: From before the transaction to the last booked acknowledgement, s.
        cpu_s: CPU of the hub's process, answers included, s.
        commit_cpu_s: The part of it that made and committed the instructions.
    """

    waits_s: list[float]
    took_s: float
    cpu_s: float
    commit_cpu_s: float

    def at(self, share: float) -> float:
        """Return a quantile of the waits, s."""
        return self.waits_s[min(len(self.waits_s) - 1, int(share * len(self.waits_s)))]


def cpu_s() -> float:
    """CPU of this process so far, all threads, s."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def thread_cpu_s() -> float:
    """CPU of this thread so far, s."""
    used = resource.getrusage(resource.RUSAGE_THREAD)
    return used.ru_utime + used.ru_stime


def resident_kib() -> int:
    """Memory of this process that is in RAM, KiB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1])


def fill(units: SqlUnitOfWorkFactory, site_ids: list[str]) -> None:
    """Enrol sites by the thousand."""
    with units() as uow:
        for product in shipped_products().values():
            uow.products.add(product)
        uow.parties.add("grid", Party("grid", "Grid operator", PartyKind.OPERATOR))
        uow.parties.add("hub", Party("hub", "Aggregator", PartyKind.AGGREGATOR))
        uow.parties.add("owner", Party("owner", "Owner", PartyKind.SITE_OWNER))
        uow.sites.add_all(
            {
                site_id: Site(
                    site_id, "owner", site_id, "north", "Europe/London", 3000.0, timedelta(minutes=1)
                )
                for site_id in site_ids
            }
        )
        uow.commit()


@asynccontextmanager
async def session_hub(
    engine: Engine,
    folder: Path,
    site_count: int,
    session: SessionSettings | None = None,
    emergency_pool: InlinePool | ProcessPool | None = None,
) -> AsyncIterator[SessionHub]:
    """Serve a hub on a migrated, empty database.

    Args:
        engine: The database.
        folder: A folder of the test's own.
        site_count: How many sites it knows.
        session: How sessions are held.
        emergency_pool: Clears emergencies; None clears them in the hub itself.
    """
    clock, metrics = SystemClock(), Acknowledgements()
    units = SqlUnitOfWorkFactory(engine, clock)
    site_ids = [f"load-{n:05}" for n in range(site_count)]
    fill(units, site_ids)
    principals = {
        token_digest(f"agent-{site_id}"): Principal(
            f"agent-{site_id}", "owner", site_id, frozenset({Role.SITE_AGENT})
        )
        for site_id in site_ids
    }
    settings = HubSettings(
        base_directory=folder,
        server=ServerSettings(port=0),
        work=WorkSettings(worker_processes=0, max_sessions=max(1, site_count)),
        market=MarketSettings(aggregator_party_id="hub", automatic_approval=True),
        parties=(PartySettings(party_id="hub", display_name="Aggregator", kind=PartyKind.AGGREGATOR),),
        session=session or SessionSettings(),
        quotas=NO_RATES,
    )
    pool = InlinePool()
    prepared = Prepared(
        settings=settings,
        clock=clock,
        units=units,
        close_database=lambda: None,
        pool=pool,
        emergency_pool=emergency_pool or pool,
        background_pool=pool,
        rules=replace(RULES),
        validator=Validator(),
        principals=principals | {token_digest("operator"): OPERATOR},
        metrics=metrics,
    )
    hub = compose(prepared)
    port = hub.server.add_insecure_port("127.0.0.1:0")
    await hub.server.start()
    tasks = [asyncio.create_task(part.run()) for part in (hub.telemetry, hub.sessions, hub.courier)]
    thresholds = gc.get_threshold()
    settle()
    try:
        yield SessionHub(hub, units, metrics, f"127.0.0.1:{port}", site_ids)
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)
        hub.registry.close_all()
        await hub.server.stop(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for threads in (hub.rpc_threads, hub.due_threads, hub.background_threads):
            threads.shutdown()
