"""The evening before a simulated day, made once: enrolled sites, history, forecasts, on files to copy."""

import asyncio
import math
import random
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from protovalidate import Validator
from support.agent_site import daily_trace
from support.fixed_sealing import FIXED_SEALING
from support.market import OPERATOR, RULES
from support.products import shipped_products
from support.seeded_random_source import SeededRandomSource
from support.simulation.disk import Disk
from support.simulation.hub import SimulatedHub
from support.simulation.ledger import Ledger
from support.simulation.light_memory import LightMemory
from support.simulation.light_site import BATTERY_KW, LOAD_KW, LONGEST_BACK_OFF_S, QUARTER
from support.simulation.monitor import Monitor
from support.simulation.network import Network, Trace
from support.simulation.process import install
from support.simulation.real_site import RealSite
from support.simulation.sim_clock import SimClock
from support.virtual_time_loop import VirtualTimeLoop

from vpp.agent.settings import AgentSettings, load_settings
from vpp.auction.bid import Bid, PriceStep, StepOffer
from vpp.foundation.clock import ManualClock, pause
from vpp.hub.inline_pool import InlinePool
from vpp.portfolio.party import Party, PartyKind
from vpp.portfolio.resource import FlexibilityEnvelope, Resource, ResourceKind
from vpp.portfolio.site import Site
from vpp.rpc.identity_interceptor import token_digest
from vpp.simulator.fleet_files import FleetPlan, write_fleet
from vpp.storage.bid_sealing import BidSealing
from vpp.storage.engine import make_engine
from vpp.storage.migrate import migrate
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.telemetry.batch import TelemetryBatch
from vpp.telemetry.quality import MeterQuality
from vpp.workflows.bidding import create_bid
from vpp.workflows.enrolling import create_enrolment, create_party, create_resource, create_site
from vpp.workflows.forecasting import run_forecasts
from vpp.workflows.identity import Principal, Role

MIDNIGHT = datetime(2026, 3, 5, tzinfo=UTC)  # a Thursday
EVE = MIDNIGHT - timedelta(minutes=30)
EPOCH = MIDNIGHT - timedelta(minutes=10)
PRODUCTS = ("example-peak-shaving", "example-emergency")
HISTORY_DAYS = 12
SIM_RULES = replace(RULES, claim_lease=timedelta(minutes=2))


@dataclass(frozen=True)
class Template:
    """Files from which days begin.

    Attributes:
        folder: Holds the hub's database and the fleet's folders.
        real: Configurations of the sites with real agents, relative to the folder.
        light: Ids of the others.
        load_kw: Load of all sites together, about.
    """

    folder: Path
    real: tuple[Path, ...]
    light: tuple[str, ...]
    load_kw: float

    def copy_to(self, folder: Path) -> None:
        """Copy what a day changes."""
        shutil.copy(self.folder / "hub.sqlite", folder / "hub.sqlite")
        for config in self.real:
            (folder / config).parent.mkdir(parents=True, exist_ok=True)
            for file in (self.folder / config).parent.iterdir():
                shutil.copy(file, (folder / config).parent / file.name)

    def settings(self, folder: Path, verify_key_file: Path | None = None) -> list[AgentSettings]:
        """Return the agents' configurations in a day's folder."""
        found = [load_settings(folder / config) for config in self.real]
        return [_sending_every(1 if n % 3 == 0 else 3, one, verify_key_file) for n, one in enumerate(found)]


def _sending_every(count: int, settings: AgentSettings, verify_key_file: Path | None) -> AgentSettings:
    """Let a site collect so many readings before it sends them."""
    telemetry = settings.telemetry.model_copy(update={"batch_interval_count": count})
    hub = settings.hub.model_copy(
        update={"reconnect_longest_s": LONGEST_BACK_OFF_S, "verify_key_file": verify_key_file}
    )
    return settings.model_copy(update={"telemetry": telemetry, "hub": hub})


def principal_of(site_id: str) -> Principal:
    """Return who a site's agent is to the hub."""
    return Principal(f"agent-{site_id}", f"owner-{site_id}", site_id, frozenset({Role.SITE_AGENT}))


def principals(site_ids: list[str]) -> Mapping[str, Principal]:
    """Return everybody, by the digest of a token that is the name."""
    everybody = {token_digest(site_id): principal_of(site_id) for site_id in site_ids}
    return everybody | {token_digest("operator"): OPERATOR}


def light_memory() -> LightMemory:
    """Return what a light site's disk holds when the day begins."""
    return LightMemory(batch_sequence=HISTORY_DAYS, metered_until=MIDNIGHT - QUARTER)


def make_template(folder: Path, *, real_count: int, light_count: int) -> Template:
    """Enrol sites, upload history, forecast the day."""
    engine = make_engine(f"sqlite:///{folder / 'hub.sqlite'}")
    migrate(engine)
    clock = ManualClock(EVE)
    sealing = BidSealing(FIXED_SEALING.keys, SeededRandomSource("secrets/template"))
    units = SqlUnitOfWorkFactory(engine, clock, sealing=sealing)
    with units() as uow:
        for product in shipped_products().values():
            uow.products.add(product)
        uow.commit()
    for party in (
        Party("grid", "Grid operator", PartyKind.OPERATOR),
        Party("hub", "Aggregator", PartyKind.AGGREGATOR),
    ):
        create_party(units, OPERATOR, party, request_id="")
    light = tuple(f"light-{number:04d}" for number in range(1, light_count + 1))
    for site_id in light:
        _enrol_light(units, site_id)
    plan = FleetPlan(
        hub_address="127.0.0.1:1",
        day=MIDNIGHT.date(),
        products=PRODUCTS,
        emergency_products=("example-emergency",),
        zone="north",
        history_days=HISTORY_DAYS,
    )
    load_kw = LOAD_KW * light_count
    real: tuple[Path, ...] = ()
    if real_count:
        written = write_fleet(folder / "fleet", plan, site_count=real_count, seed=7, traces=[daily_trace()])
        load_kw += sum(site.mean_load_kw for site in written)
        for site in written:
            principal = principal_of(site.site_id)
            owner = Party(principal.party_id, f"Owner of {site.site_id}", PartyKind.SITE_OWNER)
            create_party(units, OPERATOR, owner, request_id="")
        real = tuple(site.config.relative_to(folder) for site in written)
        _enrol_real(folder, [load_settings(site.config) for site in written])
    run_forecasts(units, InlinePool(), SIM_RULES, f"{MIDNIGHT:%Y-%m-%d}")
    engine.dispose()  # the last connection brings the log home
    return Template(folder, real, light, load_kw)


def _enrol_light(units: SqlUnitOfWorkFactory, site_id: str) -> None:
    agent = principal_of(site_id)
    create_party(units, OPERATOR, Party(agent.party_id, site_id, PartyKind.SITE_OWNER), request_id="")
    site = Site(site_id, agent.party_id, site_id, "north", "Europe/London", 3000.0, QUARTER)
    create_site(units, agent, site, request_id="")
    hour = timedelta(hours=1)
    envelope = FlexibilityEnvelope(
        BATTERY_KW, 0.0, timedelta(minutes=5), timedelta(0), 4 * hour, 800.0, 1.0, 2 * hour
    )
    resource = Resource(site_id, "battery", ResourceKind.BATTERY, envelope)
    create_resource(units, agent, resource, request_id="")
    for product_id in PRODUCTS:
        create_enrolment(units, agent, site_id, product_id, request_id="", automatic_approval=True)
    until = MIDNIGHT - QUARTER
    first = until - timedelta(days=HISTORY_DAYS)
    phase = random.Random(site_id).uniform(0.0, 6.0)
    hours = np.arange(96 * HISTORY_DAYS) / 4.0 + first.hour + first.minute / 60
    load_kw = LOAD_KW * (1.0 + 0.1 * np.sin(hours / 24.0 * math.tau + phase))
    batches = [
        TelemetryBatch(
            site_id,
            day + 1,
            first + timedelta(days=day),
            QUARTER,
            load_kw[96 * day : 96 * (day + 1)],
            MeterQuality.OK,
        )
        for day in range(HISTORY_DAYS)
    ]
    with units() as uow:  # the last quarter hour of it is a little ahead of the eve's clock
        uow.telemetry.add(batches)
        uow.commit()
    dice = random.Random(f"standing/{site_id}")
    kw = 20.0 + 10.0 * dice.randrange(10)
    price = Decimal(dice.randrange(80, 400))
    bid = Bid(
        bid_id="",
        site_id=site_id,
        resource_id="battery",
        zone="",
        submitted_at=EVE,
        delivery_ratio=0.95,
        offer=StepOffer(steps=((PriceStep(kw, price),),)),
        energy_limit_kwh=None,
        rebound=None,
        exclusive_group=None,
        parent_bid_id=None,
    )
    create_bid(
        units,
        agent,
        bid=bid,
        auction_id=None,
        product_id="example-emergency",
        currency="GBP",
        expires_at=None,
        request_id=f"standing-{site_id}",
    )


def _enrol_real(folder: Path, settings: list[AgentSettings]) -> None:
    """Let the real agents enrol through the real API, on a network without faults."""
    loop = VirtualTimeLoop(seed=0)
    install(loop)
    complaints: list[str] = []

    async def eve() -> None:
        trace = Trace()
        network = Network(0, trace, complaints.append)
        monitor = Monitor(complaints.append, trace.note)
        ledger = Ledger(monitor, complaints.append, trace.note)
        everybody = principals([one.site.site_id for one in settings])
        hub = SimulatedHub(
            folder,
            SimClock(EVE),
            SeededRandomSource("secrets/eve"),
            network,
            monitor,
            Disk(random.Random(0)),
            SIM_RULES,
            everybody,
            Validator(),
        )
        hub.start()
        await pause(5.0)
        sites = [RealSite(one, EVE, network, ledger, 0) for one in settings]
        for site in sites:
            site.start()
        await pause((EPOCH - EVE).total_seconds() - 5.0)
        for site in sites:
            if site.agent is None or not site.agent.memory.is_backfilled or site.owed:
                complaints.append(f"{site.site_id} has not enrolled")
            site.kill()
        hub.kill()

    run_on(loop, eve)
    if complaints:
        raise AssertionError(complaints)


def run_on(loop: VirtualTimeLoop, work: Callable[[], Any]) -> Any:  # noqa: ANN401
    """Run a coroutine on a loop, then let what is left end."""
    asyncio.set_event_loop(loop)
    try:
        result = loop.run_until_complete(work())
        left = asyncio.all_tasks(loop)
        for task in sorted(left, key=lambda task: task.get_name()):
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        return result
    finally:
        asyncio.set_event_loop(None)
        loop.close()
