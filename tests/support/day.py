"""Hub and agents through days on a manual clock: real sessions, real journals, no sockets, no threads.

The hub's side is its workflows on a SQLite file and a session driven by hand; the agents' side is
`SiteAgent` with its journal and a simulated plant. What lies between them is a list, so links can be
cut and agents killed at any step, and the same seed gives the same day to the byte.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from protovalidate import Validator
from support.driven_session import DrivenSession, session_parts
from support.market import OPERATOR, RULES, Market, make_market

from vpp.agent.bid_planning import BidPlanning
from vpp.agent.bidding import Enrolled, ProductRules
from vpp.agent.core import SiteAgent
from vpp.agent.history import History
from vpp.agent.journal import Journal
from vpp.agent.operation_tables import PlanningMethod
from vpp.agent.planner_room import PlannerRoom
from vpp.agent.settings import AgentSettings, load_settings
from vpp.foundation.errors import AlreadyExists, InvalidInput, WrongState
from vpp.portfolio.party import Party, PartyKind
from vpp.portfolio.resource import FlexibilityEnvelope, Resource, ResourceKind
from vpp.portfolio.site import Site
from vpp.rpc.delivery_window import ResendRules
from vpp.rpc.session import SessionRules
from vpp.rpc.wire.bid import offered_bid
from vpp.rpc.wire.telemetry import batch as read_batch
from vpp.simulator.fleet_files import FleetPlan, write_fleet
from vpp.simulator.plant import simulated_site
from vpp.v1.portfolio_pb2 import Resource as ResourceMessage
from vpp.v1.session_pb2 import ConnectRequest
from vpp.workflows.bidding import create_bid
from vpp.workflows.enrolling import create_enrolment, create_party, create_resource, create_site
from vpp.workflows.forecasting import owe_forecast
from vpp.workflows.identity import Principal, Role
from vpp.workflows.ingesting import backfill

FIVE = timedelta(minutes=5)
PRODUCTS = {"example-peak-shaving": False, "example-emergency": True}
KINDS = {
    ResourceMessage.KIND_DEFERRABLE_LOAD: ResourceKind.DEFERRABLE_LOAD,
    ResourceMessage.KIND_UPS: ResourceKind.UPS,
    ResourceMessage.KIND_CHILLER: ResourceKind.CHILLER,
    ResourceMessage.KIND_BATTERY: ResourceKind.BATTERY,
    ResourceMessage.KIND_THERMAL_STORE: ResourceKind.THERMAL_STORE,
    ResourceMessage.KIND_GENERATOR: ResourceKind.GENERATOR,
}


@dataclass
class SimulatedSite:
    """One site: its files outlive its agent.

    Attributes:
        settings: The agent's configuration.
        principal: Who the agent is to the hub.
        agent: The running agent; None while it is dead.
        session: Its session; None while the link is cut.
        planner: Plans its bids and splits; None for the cheapest first.
    """

    settings: AgentSettings
    principal: Principal
    agent: SiteAgent | None = None
    session: DrivenSession | None = None
    journal: Journal | None = None
    planner: PlannerRoom | None = None


@dataclass
class Day:
    """A hub and its sites, with the products that they serve and whether emergencies set each in motion."""

    market: Market
    sites: dict[str, SimulatedSite]
    products: Mapping[str, bool] = field(default_factory=lambda: dict(PRODUCTS))
    validator: Validator = field(default_factory=Validator)

    @property
    def now(self) -> datetime:
        return self.market.clock.now()

    def start(self, site_id: str) -> None:
        """Start a site's agent from its files, as a new process would."""
        site = self.sites[site_id]
        site.journal = Journal(site.settings.folder / site.settings.journal_file)
        settings = site.settings
        driver = simulated_site(settings.driver, settings.folder, settings.site.metering_interval)
        if settings.planning.method is PlanningMethod.OPTIMAL and site.planner is None:
            site.planner = PlannerRoom(settings)
            site.planner.warm_up()
        site.agent = SiteAgent(
            site.settings, driver, site.journal, self.now, self.market.clock.machine_time, site.planner
        )
        self._enrol(site, History(site.settings, driver, site.agent.memory, self.now))
        self.connect(site_id)

    def kill(self, site_id: str) -> None:
        """End a site's agent without a word; only its files stay."""
        site = self.sites[site_id]
        assert site.journal is not None
        site.journal.__exit__(None, None, None)
        site.agent = site.session = site.journal = None

    def cut(self, site_id: str) -> None:
        """Cut a site's link; its agent goes on alone."""
        site = self.sites[site_id]
        assert site.agent is not None
        site.agent.lost()
        site.session = None

    def connect(self, site_id: str) -> None:
        """Open a session of a running agent."""
        site = self.sites[site_id]
        assert site.agent is not None
        resend = ResendRules(timedelta(minutes=30), timedelta(hours=1), window_size=64)
        rules = SessionRules(timedelta(seconds=30), timedelta(seconds=2), resend)
        parts = session_parts(self.market.units, self.market.clock, rules, self.validator)
        site.session = DrivenSession.begin(self.market.units, site.principal, parts)
        self._say(site, [site.agent.hello(self.now)])

    def _say(self, site: SimulatedSite, requests: list[ConnectRequest]) -> None:
        """Carry an agent's messages to the hub and the answers back, until nobody has more to say."""
        pending = list(requests)
        while pending and site.session is not None and site.agent is not None:
            for response in site.session.handle(pending.pop(0)):
                pending += site.agent.receive(response, self.now)

    def _enrol(self, site: SimulatedSite, history: History) -> None:
        agent, table, units = site.agent, site.settings.site, self.market.units
        assert agent is not None
        with units(write=False) as uow:
            is_new = uow.sites.get(table.site_id) is None
            profiles = {product_id: uow.products.latest(product_id) for product_id in self.products}
        enrolled = {}
        if is_new:
            party = Party(site.principal.party_id, f"Owner of {table.site_id}", PartyKind.SITE_OWNER)
            create_party(units, OPERATOR, party, request_id="")
            value = Site(
                table.site_id,
                party.party_id,
                table.display_name,
                table.zone,
                table.time_zone,
                table.import_limit_kw,
                table.metering_interval,
            )
            create_site(units, site.principal, value, request_id="")
            for product_id in self.products:
                create_enrolment(
                    units, site.principal, table.site_id, product_id, request_id="", automatic_approval=True
                )
        for unit in agent.units.values():
            if unit.state is None or unit.envelope().p_max_kw <= 0:
                continue
            envelope = unit.envelope().for_enrolment()
            increase_kw = unit.available_increase_kw(unit.observed, FIVE)
            if is_new:
                resource = Resource(
                    table.site_id,
                    unit.resource_id,
                    KINDS[unit.kind],
                    FlexibilityEnvelope(
                        envelope.max_reduction_kw,
                        envelope.min_reduction_kw,
                        envelope.response_time,
                        envelope.min_duration,
                        envelope.max_duration,
                        envelope.energy_budget_kwh,
                        min(envelope.recovery_ratio, 3.0),
                        envelope.recovery_duration,
                        increase_kw,
                    ),
                )
                create_resource(units, site.principal, resource, request_id="")
            enrolled[unit.resource_id] = Enrolled(
                envelope.max_reduction_kw, envelope.energy_budget_kwh, increase_kw
            )
        held = 0
        for request in history.requests:
            batches = [read_batch(message, table.site_id) for message in request.batches]
            _, held = backfill(units, site.principal, table.site_id, batches)
        if history.requests:
            history.uploaded(held)
        rules = {}
        for product_id, is_emergency in self.products.items():
            profile = profiles[product_id]
            assert profile is not None
            rules[f"products/{product_id}"] = ProductRules(
                profile.bid.min_bid_kw,
                profile.bid.increment_kw,
                profile.bid.price_floor_per_mwh,
                profile.bid.price_cap_per_mwh,
                profile.money.currency,
                profile.settlement_interval,
                is_emergency,
                profile.call.direction,
            )
        agent.enrolled(rules, enrolled, self.now)

    def step(self) -> None:
        """Carry everyone into the next metering interval."""
        failures = [outcome for outcome in self.market.advance(self.now + FIVE) if outcome.detail]
        assert failures == []
        for site_id in sorted(self.sites):
            site = self.sites[site_id]
            if site.agent is None:
                continue
            self._deliver(site)
            self._say(site, site.agent.control(self.now))
            self._bid(site)
            self._deliver(site)
            if site.session is not None:
                self._say(site, [site.agent.heartbeat(self.now)])

    def _deliver(self, site: SimulatedSite) -> None:
        while site.session is not None and site.agent is not None:
            due = site.session.due_deliveries()
            if not due:
                return
            for response in due:
                self._say(site, site.agent.receive(response, self.now))

    def _bid(self, site: SimulatedSite) -> None:
        if site.session is None or site.agent is None:
            return
        if site.planner is not None and site.agent.memory.invitations:
            asyncio.run(BidPlanning(site.agent, site.planner, self.market.clock).make_bids())
        for request in site.agent.due_bids(self.now):
            offered = offered_bid(request.bid, request.bid_id, None)
            try:
                stored = create_bid(
                    self.market.units,
                    site.principal,
                    bid=offered.bid,
                    auction_id=offered.auction_id,
                    product_id=offered.product_id,
                    currency=offered.currency,
                    expires_at=offered.expires_at,
                    request_id=request.request_id,
                )
            except WrongState:
                continue  # may become possible; the agent asks again
            except (AlreadyExists, InvalidInput) as refusal:
                site.agent.bid_answered(request.request_id, str(refusal), accepted=False)
            else:
                answer = f"bids/{stored.value.bid.bid_id}"
                site.agent.bid_answered(request.request_id, answer, accepted=True)

    def until(self, instant: datetime) -> None:
        """Step until an instant on the metering grid."""
        while self.now < instant:
            self.step()

    def close(self) -> None:
        """End every agent that still runs."""
        for site_id, site in self.sites.items():
            if site.agent is not None:
                self.kill(site_id)
            if site.planner is not None:
                site.planner.close()

    def statement_files(self) -> dict[str, bytes]:
        """Every statement's files, byte for byte."""
        with self.market.units(write=False) as uow:
            return {
                name: content
                for stored in uow.statements.page()
                for name, content in stored.value.files.items()
            }


def make_day(  # noqa: PLR0913  what differs from the usual day
    folder: Path,
    *,
    site_count: int,
    seed: int,
    standing: tuple[str, ...] = ("example-emergency",),
    products: Mapping[str, bool] = PRODUCTS,
    rest_ratio: float | None = None,
    method: PlanningMethod = PlanningMethod.GREEDY,
) -> Day:
    """Write a fleet, start the hub at noon of the day before, and start every agent."""
    market = make_market(folder)
    plan = FleetPlan(
        hub_address="127.0.0.1:1",
        day=market.clock.now().date(),
        products=tuple(products),
        emergency_products=standing,
        zone="north",
    )
    written = write_fleet(folder / "fleet", plan, site_count=site_count, seed=seed)
    sites = {}
    for each in written:
        if rest_ratio is not None:  # how full its battery rests; full by itself
            text = each.config.read_text()
            table = "[driver.battery.bess]\n"
            each.config.write_text(text.replace(table, f"{table}rest_ratio = {rest_ratio}\n"))
        principal = Principal(
            f"agent-{each.site_id}", f"owner-{each.site_id}", each.site_id, frozenset({Role.SITE_AGENT})
        )
        settings = load_settings(each.config)
        # On a manual clock nobody is late, however slow the machine is.
        planning = settings.planning.model_copy(update={"method": method, "split_time_limit_s": 10.0})
        settings = settings.model_copy(update={"planning": planning})
        sites[each.site_id] = SimulatedSite(settings, principal)
    day = Day(market, sites, products=products)
    owe_forecast(market.units, RULES)
    for site_id in sites:
        day.start(site_id)
    return day
