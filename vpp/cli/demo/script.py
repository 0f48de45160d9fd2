"""What happens in the demo, and when: the operator's acts, one kill, one return."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np

from vpp.cli.connection import HubConnection, new_request_id
from vpp.cli.demo.callers import Callers
from vpp.cli.demo.doors import DoorFacts, try_doors
from vpp.cli.demo.plan import (
    AUCTION_PRODUCT,
    CAP_PRICE_PER_MWH,
    EMERGENCY_ID,
    EMERGENCY_PRODUCT,
    EMERGENCY_TARGET_RATIO,
    EVENING_ID,
    EVENING_TARGET_RATIO,
    ZONE,
    DemoPlan,
)
from vpp.cli.demo.processes import ProgramRun, check_running
from vpp.cli.demo.progress import Progress
from vpp.cli.demo.results import STEP, load_of
from vpp.cli.output import last_part, power
from vpp.cli.wire_values import instant_to_wire, interval_to_wire, money_to_wire
from vpp.foundation.clock import Clock, SystemClock, pause, stopwatch_s
from vpp.foundation.errors import BrokenPromise
from vpp.foundation.interval import Interval
from vpp.v1 import auction_pb2, event_pb2, portfolio_pb2

_POLL_S = 0.4
_FIGURES_S = 1.2
_PREPARATION = timedelta(minutes=10)
_TARGET_GRID_KW = 10.0
_OVER = frozenset(
    {event_pb2.Event.STATE_SETTLED, event_pb2.Event.STATE_CANCELLED, event_pb2.Event.STATE_FAILED}
)
_UNDER_WAY = frozenset({event_pb2.Event.STATE_ACTIVE, event_pb2.Event.STATE_ENDED})
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays.

    Attributes:
        hub: The hub.
        agents: Agent programs; some run one site, some run several.
        killed: The one that is killed and comes back.
        killed_site: Its site.
        refusing_site: The site that is in maintenance during the emergency.
        site_ids: The sites.
        journals: Journal of each site's agent, by site id.
    """

    hub: ProgramRun
    agents: Sequence[ProgramRun]
    killed: ProgramRun
    killed_site: str
    refusing_site: str
    site_ids: Sequence[str]
    journals: Mapping[str, Path]


@dataclass
class Performance:
    """What came to pass.

    Attributes:
        killed_at: When the agent was killed, in the demo's time.
        restarted_at: When it was started again.
        standing_bids: Standing bids as they stood before the emergency.
        doors: What became of those who tried to get in without a certificate that counts.
    """

    killed_at: datetime | None = None
    restarted_at: datetime | None = None
    standing_bids: list[auction_pb2.Bid] = field(default_factory=list)
    doors: DoorFacts | None = None


class Script:
    """Plays the day against a running hub."""

    def __init__(
        self, plan: DemoPlan, clock: Clock, cast: Cast, callers: Callers, progress: Progress
    ) -> None:
        """Keep who plays, when and before whose eyes."""
        self._plan, self._clock, self._cast, self._progress = plan, clock, cast, progress
        self._callers, self._hub = callers, callers.operator
        self._outcome = Performance()
        self._machine = SystemClock()
        self._ready: set[str] = set()
        self._down: set[str] = set()
        self._figures_read_s = 0.0

    async def play(self) -> Performance:
        """Play from enrolment to statements.

        Raises:
            BrokenPromise: A program ended by itself, sites did not come, or statements did not.
        """
        await self._wait_for_sites()
        steps: list[tuple[datetime, Callable[[], None]]] = [
            (self._plan.auction_opens, self._open_auction),
            (self._plan.emergency_called - _PREPARATION, self._read_standing_bids),
            (self._plan.emergency_called, self._call_emergency),
            (self._plan.killed, self._kill),
            (self._plan.restarted, self._restart),
        ]
        while True:
            while steps and self._clock.now() >= steps[0][0]:
                self._progress.picture.now = self._clock.now()
                steps.pop(0)[1]()
            self._look()
            reports = self._progress.picture.reports
            if not steps and reports and all(report.event.state in _OVER for report in reports.values()):
                self._outcome.doors = await try_doors(self._callers)
                return self._outcome
            if self._clock.now() > self._plan.end:
                raise BrokenPromise(f"no statements at {self._plan.end:%H:%M}Z; see {self._cast.hub.log}")
            await self._wait_until(steps[0][0] if steps else self._plan.end)

    async def _wait_until(self, instant: datetime) -> None:
        """Wait for the next look, or for an instant that comes before it."""
        left_s = (self._clock.machine_time(instant) - self._machine.now()).total_seconds()
        await pause(min(_POLL_S, max(0.0, left_s)))

    async def _wait_for_sites(self) -> None:
        """Wait until every site is enrolled, has its history in and a standing bid."""
        while len(self._ready) < len(self._cast.site_ids):
            for site_id in sorted(set(self._cast.site_ids) - self._ready):
                if self._is_ready(site_id):
                    self._ready.add(site_id)
            self._look()
            if self._clock.now() > self._plan.gate_closes - timedelta(minutes=20):
                late = ", ".join(sorted(set(self._cast.site_ids) - self._ready))
                raise BrokenPromise(
                    f"not ready for the auction: {late}; try --speed 0.5, see {self._cast.hub.log}"
                )
            await pause(_POLL_S)
        self._progress.note(f"{len(self._ready)} sites enrolled, history in, standing bids in")

    def _is_ready(self, site_id: str) -> bool:
        own = self._callers.site(site_id)
        enrolments = own.every(
            own.portfolio.ListEnrolments, portfolio_pb2.ListEnrolmentsRequest(), "enrolments"
        )
        active = {item.product for item in enrolments if item.state == portfolio_pb2.Enrolment.STATE_ACTIVE}
        if not {f"products/{AUCTION_PRODUCT}", f"products/{EMERGENCY_PRODUCT}"} <= active:
            return False
        return any(bid.product == f"products/{EMERGENCY_PRODUCT}" for bid in self._bids_of(own))

    def _bids_of(self, own: HubConnection) -> list[auction_pb2.Bid]:
        return own.every(own.auction.ListBids, auction_pb2.ListBidsRequest(), "bids")

    def _open_auction(self) -> None:
        delivery = self._plan.evening
        # The newest whole evening that is already history.
        like_kw = self._portfolio_kw(Interval(delivery.start - 2 * _DAY, delivery.end - 2 * _DAY))
        target_kw = _target(like_kw, EVENING_TARGET_RATIO)
        auction = auction_pb2.Auction(
            product=f"products/{AUCTION_PRODUCT}",
            zone=ZONE,
            delivery_interval=interval_to_wire(delivery),
            target_reduction_kw=[target_kw] * (delivery.duration // STEP),
            cap_price_per_mwh=money_to_wire(Decimal(CAP_PRICE_PER_MWH), "GBP"),
            gate_closure_time=instant_to_wire(self._plan.gate_closes),
        )
        request = auction_pb2.CreateAuctionRequest(
            auction=auction, auction_id=EVENING_ID, request_id=new_request_id()
        )
        self._hub.call(self._hub.auction.CreateAuction, request)
        self._progress.note(
            f"auction opened: {power(target_kw)} for {delivery.start:%H:%M}-{delivery.end:%H:%M}Z"
        )

    def _read_standing_bids(self) -> None:
        """Read them as their sites: they are sealed to everyone else while they stand."""
        for site_id in self._cast.site_ids:
            bids = self._bids_of(self._callers.site(site_id))
            self._outcome.standing_bids += [bid for bid in bids if not bid.auction]

    def _call_emergency(self) -> None:
        delivery = self._plan.emergency
        last_hour = Interval(self._plan.emergency_called - timedelta(hours=1), self._plan.emergency_called)
        target_kw = _target(self._portfolio_kw(last_hour), EMERGENCY_TARGET_RATIO)
        event = event_pb2.Event(
            product=f"products/{EMERGENCY_PRODUCT}",
            zone=ZONE,
            delivery_interval=interval_to_wire(delivery),
            target_reduction_kw=[target_kw] * (delivery.duration // STEP),
            cap_price_per_mwh=money_to_wire(Decimal(CAP_PRICE_PER_MWH), "GBP"),
        )
        request = event_pb2.CreateEventRequest(
            event=event, event_id=EMERGENCY_ID, request_id=new_request_id()
        )
        self._hub.call(self._hub.event.CreateEvent, request)
        self._progress.note(
            f"emergency called: {power(target_kw)} for {delivery.start:%H:%M}-{delivery.end:%H:%M}Z"
        )

    def _kill(self) -> None:
        self._cast.killed.kill()
        self._down.add(self._cast.killed.label)
        self._outcome.killed_at = self._clock.now()
        self._progress.note(f"{self._cast.killed.label} killed in mid-event")

    def _restart(self) -> None:
        self._cast.killed.start()
        self._down.discard(self._cast.killed.label)
        self._outcome.restarted_at = self._clock.now()
        self._progress.note(f"{self._cast.killed.label} started again")

    def _portfolio_kw(self, span: Interval) -> float:
        """Mean metered load of all sites over a span, kW; gaps do not count."""
        desk = self._callers.auditor  # an operator sees no site that it has not bought from
        sites = desk.every(desk.portfolio.ListSites, portfolio_pb2.ListSitesRequest(), "sites")
        means_kw = [load_of(desk, site.name, span).dropna().mean() for site in sites]
        return float(np.nansum(means_kw))

    def _look(self) -> None:
        """Check the programs, ask how the events go, and draw."""
        programs = [self._cast.hub, *self._cast.agents]
        check_running([program for program in programs if program.label not in self._down])
        picture = self._progress.picture
        picture.now = self._clock.now()
        picture.processes = (sum(program.is_running for program in programs), len(programs))
        picture.sites = (len(self._ready), len(self._cast.site_ids))
        self._note_states()
        self._progress.draw()

    def _note_states(self) -> None:
        """Ask for the events, and for the figures of those under way; not at every look, they cost."""
        picture = self._progress.picture
        is_time = stopwatch_s() - self._figures_read_s >= _FIGURES_S
        for event in self._hub.every(self._hub.event.ListEvents, event_pb2.ListEventsRequest(), "events"):
            known = picture.reports.get(event.name)
            has_changed = known is None or known.event.state != event.state
            report = event_pb2.WatchEventResponse() if known is None else known
            report.event.CopyFrom(event)
            if has_changed or (is_time and event.state in _UNDER_WAY):
                report = first_report(self._hub, event.name)
                self._figures_read_s = stopwatch_s()
            picture.reports[event.name] = report
            if has_changed:
                state = event_pb2.Event.State.Name(event.state).removeprefix("STATE_")
                self._progress.note(f"{last_part(event.name)} is {state}")


def first_report(hub: HubConnection, event: str) -> event_pb2.WatchEventResponse:
    """Ask for the status of an event at this instant."""
    reports = hub.stream(hub.event.WatchEvent, event_pb2.WatchEventRequest(name=event))
    report = next(reports)
    reports.cancel()
    return report


def _target(load_kw: float, ratio: float) -> float:
    return max(_TARGET_GRID_KW, round(load_kw * ratio / _TARGET_GRID_KW) * _TARGET_GRID_KW)
