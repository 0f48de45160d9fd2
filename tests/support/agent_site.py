"""A simulated site and its agent without hub, wire or clock, for tests of both."""

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

import numpy as np
from google.protobuf.message import Message

from vpp.agent.bidding import Enrolled, ProductRules
from vpp.agent.core import SiteAgent
from vpp.agent.journal import Journal
from vpp.agent.planner_room import PlannerRoom
from vpp.agent.settings import AgentSettings, load_settings
from vpp.agent.wire import duration, set_money, timestamp
from vpp.simulator.fleet_files import FleetPlan, write_fleet
from vpp.simulator.plant import SimulatedSite, simulated_site
from vpp.simulator.site_load import read_load
from vpp.simulator.traces import TRACE_LENGTH, ClusterTrace
from vpp.v1 import auction_pb2, event_pb2, session_pb2

DAY = date(2026, 3, 4)  # a Wednesday
MORNING = datetime(2026, 3, 4, 10, tzinfo=UTC)
EVENING = datetime(2026, 3, 4, 17, tzinfo=UTC)
STEP = timedelta(minutes=5)
QUARTER = timedelta(minutes=15)
PRODUCT = "products/example-peak-shaving"
RULES = ProductRules(10.0, 1.0, Decimal(0), Decimal(3000), "GBP", QUARTER, is_emergency=False)


def daily_trace() -> ClusterTrace:
    """Return a cluster that is busiest at six in the evening."""
    hours = np.arange(TRACE_LENGTH) / 12.0
    return ClusterTrace("daily", 0.6 + 0.2 * np.cos(2.0 * math.pi * (hours - 18.0) / 24.0), 0)


def write_site(folder: Path, **changes: object) -> AgentSettings:
    """Write one small site and return its settings.

    Args:
        folder: Where to.
        changes: Replaces whole tables or values of the configuration, by dotted path with `__`.
    """
    plan = FleetPlan("127.0.0.1:1", DAY, ["example-peak-shaving"])
    (site,) = write_fleet(folder, plan, site_count=1, seed=5, traces=[daily_trace()])
    settings = load_settings(site.config)
    document: dict[str, Any] = tomllib.loads(site.config.read_text())
    for path, value in changes.items():
        *parents, last = path.split("__")
        table = document
        for parent in parents:
            table = table.setdefault(parent, {})
        table[last] = value
    return AgentSettings.model_validate({**document, "folder": settings.folder})


@dataclass
class Site:
    """A site in operation.

    Attributes:
        settings: Its configuration.
        plant: Its devices.
        agent: Its agent.
        journal: The agent's memory.
    """

    settings: AgentSettings
    plant: SimulatedSite
    agent: SiteAgent
    journal: Journal
    now: datetime
    sequence: int = 0
    planner: PlannerRoom | None = None

    def natural_kw(self, start: datetime, count: int, step: timedelta = QUARTER) -> list[float]:
        """Return what the site would use without commands, mean kW per interval."""
        load = read_load(self.settings.folder / "load.npz")
        first = (start - load.start) // load.step
        per = step // load.step
        return load.net_kw[first : first + count * per].reshape(count, per).mean(axis=1).tolist()

    def metered_kw(self, start: datetime, count: int, step: timedelta = QUARTER) -> list[float]:
        """Return what the meter showed, mean kW per interval."""
        readings = self.plant.meter(start, start + count * step)
        return readings.reshape(count, step // STEP).mean(axis=1).tolist()

    def deliver(self, **content: Message) -> list[session_pb2.ConnectRequest]:
        """Let the hub deliver something."""
        self.sequence += 1
        return self.agent.receive(delivery(self.sequence, **content), self.now)

    def run_until(self, end: datetime) -> list[session_pb2.ConnectRequest]:
        """Let time pass up to and including the control step of `end`; return what the agent sends."""
        sent = []
        while self.now < end:
            self.now += STEP
            sent += self.agent.control(self.now)
        return sent

    def restart(self, now: datetime | None = None) -> "Site":
        """Kill agent and plant, and start them again on what they left on disk."""
        self.journal.close()
        at = self.now if now is None else now
        return start_site(self.settings, at, sequence=self.sequence, planner=self.planner)

    def __enter__(self) -> Self:
        """Return the site."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the journal."""
        self.journal.close()


def start_site(
    settings: AgentSettings,
    now: datetime = MORNING,
    sequence: int = 0,
    planner: PlannerRoom | None = None,
) -> Site:
    """Start a site, without a session."""
    plant = simulated_site(settings.driver, settings.folder, STEP)
    journal = Journal(settings.folder / settings.journal_file)
    agent = SiteAgent(settings, plant, journal, now, lambda instant: instant, planner)
    envelopes = {
        key: Enrolled(unit.envelope().p_max_kw, unit.envelope().energy_budget_kwh)
        for key, unit in agent.units.items()
        if unit.state is not None
    }
    agent.enrolled({PRODUCT: RULES}, envelopes, now)
    return Site(settings, plant, agent, journal, now, sequence, planner)


def connected(site: Site) -> Site:
    """Let a site's session begin."""
    site.agent.hello(site.now)
    site.agent.receive(welcome(site.now), site.now)
    return site


def welcome(now: datetime, telemetry_sequence: int = 0) -> session_pb2.ConnectResponse:
    """Return a Welcome."""
    return session_pb2.ConnectResponse(
        welcome=session_pb2.Welcome(hub_time=timestamp(now), telemetry_sequence=telemetry_sequence)
    )


def delivery(sequence: int, **content: Message) -> session_pb2.ConnectResponse:
    """Return a delivery."""
    return session_pb2.ConnectResponse(delivery=session_pb2.Delivery(sequence=sequence, **content))


def instruction(  # noqa: PLR0913  by keyword, each with a default
    target_kw: Sequence[float],
    *,
    event: str = "events/peak",
    modification: int = 0,
    start: datetime = EVENING,
    step: timedelta = QUARTER,
    baseline_kw: Sequence[float] = (),
) -> event_pb2.Instruction:
    """Return an instruction."""
    message = event_pb2.Instruction(
        name=f"instructions/{event.removeprefix('events/')}-m{modification}-site-001",
        event=event,
        settlement_interval=duration(step),
        target_reduction_kw=target_kw,
        baseline_kw=baseline_kw,
        modification_number=modification,
    )
    end = start + step * len(target_kw)
    message.delivery_interval.start_time.CopyFrom(timestamp(start))
    message.delivery_interval.end_time.CopyFrom(timestamp(end))
    message.expire_time.CopyFrom(timestamp(end))
    return message


def baseline_notice(
    baseline_kw: Sequence[float], *, event: str = "events/peak", start: datetime = EVENING
) -> session_pb2.BaselineNotice:
    """Return a baseline notice."""
    message = session_pb2.BaselineNotice(event=event, baseline_kw=baseline_kw)
    message.delivery_interval.start_time.CopyFrom(timestamp(start))
    message.delivery_interval.end_time.CopyFrom(timestamp(start + QUARTER * len(baseline_kw)))
    return message


def award_notice(
    reduction_kw: Mapping[str, Sequence[float]],
    *,
    event: str = "events/peak",
    start: datetime = EVENING,
    bids: Mapping[str, str] | None = None,
) -> session_pb2.AwardNotice:
    """Return an award notice, with the reduction by resource id."""
    message = session_pb2.AwardNotice(event=event)
    for resource_id, values in reduction_kw.items():
        award = message.awards.add(
            resource=f"sites/site-001/resources/{resource_id}",
            bid=(bids or {}).get(resource_id, f"bids/{resource_id}"),
            reduction_kw=values,
        )
        award.delivery_interval.start_time.CopyFrom(timestamp(start))
        award.delivery_interval.end_time.CopyFrom(timestamp(start + QUARTER * len(values)))
    return message


def invitation(  # noqa: PLR0913  by keyword, each with a default
    *,
    auction: str = "auctions/peak",
    start: datetime = EVENING,
    count: int = 8,
    gate: datetime = MORNING + timedelta(hours=2),
    cap: str = "3000",
    recovery_count: int = 8,
) -> session_pb2.Invitation:
    """Return an invitation."""
    message = session_pb2.Invitation(
        auction=auction_pb2.Auction(name=auction, product=PRODUCT, target_reduction_kw=[1000.0] * count),
        settlement_interval=duration(QUARTER),
        recovery_interval_count=recovery_count,
    )
    wire = message.auction
    wire.delivery_interval.start_time.CopyFrom(timestamp(start))
    wire.delivery_interval.end_time.CopyFrom(timestamp(start + QUARTER * count))
    wire.gate_closure_time.CopyFrom(timestamp(gate))
    set_money(wire.cap_price_per_mwh, Decimal(cap), "GBP")
    return message


def statuses(requests: Sequence[session_pb2.ConnectRequest]) -> list[tuple[str, str]]:
    """Return the statuses among messages: state and reason."""
    states, reasons = event_pb2.Instruction.State, event_pb2.Instruction.Reason
    return [
        (
            states.Name(request.instruction_status.state).removeprefix("STATE_"),
            reasons.Name(request.instruction_status.reason).removeprefix("REASON_"),
        )
        for request in requests
        if request.HasField("instruction_status")
    ]


def held(requests: Sequence[session_pb2.ConnectRequest]) -> list[int]:
    """Return the acknowledged sequences among messages."""
    return [
        request.acknowledgement.held_sequence for request in requests if request.HasField("acknowledgement")
    ]
