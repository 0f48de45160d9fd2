"""An event over a fleet whose sites are imperfect: the hub's real workflows, simple sites, a manual clock.

Sites follow their instruction against their own true load, minute by minute; the hub meters them against
the baseline that it told. So errors of baselines count, as they do in the field.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import numpy.typing as npt
from support.market import NOON, OPERATOR, RULES, Market, agent_of, make_market

from vpp.auction.bid import Bid, PriceStep, StepOffer
from vpp.dispatch.instruction import OPEN_STATES, Instruction, InstructionState, RefusalReason
from vpp.dispatch.purpose import EventPurpose
from vpp.dispatch.tracking.rules import TrackingRules
from vpp.foundation.clock import ManualClock
from vpp.foundation.interval import Interval
from vpp.hub.inline_pool import InlinePool
from vpp.portfolio.party import Party, PartyKind
from vpp.portfolio.resource import FlexibilityEnvelope, Resource, ResourceKind
from vpp.portfolio.site import Site
from vpp.storage.engine import make_engine
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.telemetry.batch import TelemetryBatch
from vpp.telemetry.quality import MeterQuality
from vpp.workflows.auctions import create_auction
from vpp.workflows.bidding import create_bid
from vpp.workflows.due_work import DueResult, next_due_at, run_due
from vpp.workflows.enrolling import create_enrolment, create_party, create_resource, create_site
from vpp.workflows.ingesting import keep_batches
from vpp.workflows.newest_instructions import newest_instructions
from vpp.workflows.reporting import InstructionReport, instructions_of
from vpp.workflows.responding import record_status
from vpp.workflows.tracking_records import TrackingTick

FIVE, MINUTE, QUARTER = timedelta(minutes=5), timedelta(minutes=1), timedelta(minutes=15)
DELIVERY = Interval(NOON + timedelta(days=1, hours=5), NOON + timedelta(days=1, hours=7))
PRODUCT = "example-peak-shaving"
SHARE_BID, SHARE_ENROLLED = 0.10, 0.20
ANSWERS_AFTER = timedelta(seconds=5)
Profile = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Faults:
    """How imperfect sites are: shares of the sites, and what a weak one delivers."""

    refuse: float = 0.10
    weak: float = 0.10
    weak_ratio: float = 0.60
    drop_out: float = 0.05


@dataclass(frozen=True, slots=True)
class Fleet:
    """A fleet's true load, in samples of five minutes from `start` on, kW, by site.

    Attributes:
        start: Start of the first sample.
        load_kw: The load by site, kW. Shape (M,) each.
        delivery: When the event takes place: 2 hours that begin 29 hours after a noon, UTC.
        time_zones: Of the sites that are not in London.
        holiday_countries: Whose public holidays are kept, by time zone.
    """

    start: datetime
    load_kw: Mapping[str, Profile]
    delivery: Interval = DELIVERY
    time_zones: Mapping[str, str] = field(default_factory=dict)
    holiday_countries: Mapping[str, str] = field(default_factory=dict)

    @property
    def noon(self) -> datetime:
        """When the market opens: at noon of the day before the event."""
        return self.delivery.start - (DELIVERY.start - NOON)

    def at(self, site_id: str, instant: datetime) -> float:
        return float(self.load_kw[site_id][(instant - self.start) // FIVE])


@dataclass(slots=True)
class SiteBehaviour:
    refuses: bool = False
    ratio: float = 1.0
    drops_out_at: datetime | None = None
    done_kw_min: dict[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Played:
    """What an event came to.

    Attributes:
        target_kw: Asked for per interval. Shape (N,).
        delivered_kw: Baseline less metered of the sites in force. Shape (N,).
        ticks: What the hub saw and did.
        instructions: What the sites were told.
        delivery: When it took place.
    """

    target_kw: Profile
    delivered_kw: Profile
    ticks: list[TrackingTick]
    instructions: list[Instruction]
    delivery: Interval

    @property
    def ratio(self) -> Profile:
        return self.delivered_kw / self.target_kw

    def looks_in(self, n: int) -> list[TrackingTick]:
        """Return the looks by which an interval could still be changed: those within it."""
        start = self.delivery.start + n * QUARTER
        return [tick for tick in self.ticks if start <= tick.looked_at < start + QUARTER]

    def lacked_reserve(self, n: int) -> bool:
        """Tell whether at no look within an interval the reserve was as large as what was missing."""
        return bool(self.looks_in(n)) and all(
            self.target_kw[n] - tick.expected_kw[n] > max(tick.reserve_kw, 0.05 * self.target_kw[n])
            for tick in self.looks_in(n)
        )

    def moved_after_the_last_look(self, n: int) -> bool:
        """Tell whether what the last look within an interval expected, and did, was within the band."""
        last = self.looks_in(n)[-1]
        done_kw = sum(action.change_kw[n] for action in last.actions if action.change_kw)
        return abs((last.expected_kw[n] + done_kw) / float(self.target_kw[n]) - 1.0) <= 0.05


def make_fleet_market(folder: Path, fleet: Fleet, *, share_enrolled: float = SHARE_ENROLLED) -> None:
    """Enrol a fleet with its history on a database in a folder; `play` begins from copies of it."""
    market = make_market(folder, fleet.noon)
    for site_id, load in fleet.load_kw.items():
        agent = agent_of(site_id)
        mean_kw = float(load.mean())
        create_party(
            market.units, OPERATOR, Party(agent.party_id, site_id, PartyKind.SITE_OWNER), request_id=""
        )
        limit_kw = 3.0 * float(load.max())
        time_zone = fleet.time_zones.get(site_id, "Europe/London")
        create_site(
            market.units,
            agent,
            Site(site_id, agent.party_id, site_id, "north", time_zone, limit_kw, FIVE),
            request_id="",
        )
        hour = timedelta(hours=1)
        envelope = FlexibilityEnvelope(
            share_enrolled * mean_kw,
            0.0,
            MINUTE,
            timedelta(0),
            4 * hour,
            share_enrolled * mean_kw * 4,
            0.0,
            hour,
        )
        create_resource(
            market.units, agent, Resource(site_id, "battery", ResourceKind.BATTERY, envelope), request_id=""
        )
        create_enrolment(market.units, agent, site_id, PRODUCT, request_id="", automatic_approval=True)
        until = int((fleet.noon - fleet.start) / FIVE)
        keep_batches(
            market.units,
            [
                TelemetryBatch(
                    site_id, n + 1, fleet.start + first * FIVE, FIVE, load[first:end], MeterQuality.OK
                )
                for n, first in enumerate(range(0, until, 288))
                for end in (min(first + 288, until),)
            ],
        )
    market.units.close()


class Play:
    """One event over a fleet."""

    def __init__(  # noqa: PLR0913  where, who, how imperfect, and how closely followed
        self,
        folder: Path,
        template: Path,
        fleet: Fleet,
        *,
        seed: int,
        faults: Faults,
        rules: TrackingRules | None,
    ) -> None:
        shutil.copy(template / "hub.sqlite", folder / "hub.sqlite")
        clock = ManualClock(fleet.noon)
        units = SqlUnitOfWorkFactory(make_engine(f"sqlite:///{folder / 'hub.sqlite'}"), clock)
        self.market = Market(units, clock, InlinePool())
        self.fleet = fleet
        self.rules = replace(RULES, tracking=rules, holiday_countries=fleet.holiday_countries)
        self.random = np.random.default_rng(seed)
        self.sites = sorted(fleet.load_kw)
        self.mean_kw = {site_id: float(fleet.load_kw[site_id].mean()) for site_id in self.sites}
        self.behaviour = self._behaviours(faults)
        self.sequence = 10_000
        self.reduction_kw = dict.fromkeys(self.sites, 0.0)

    def _behaviours(self, faults: Faults) -> dict[str, SiteBehaviour]:
        order = [str(site_id) for site_id in self.random.permutation(self.sites)]
        count = len(order)
        refuse, weak, drop = (round(share * count) for share in (faults.refuse, faults.weak, faults.drop_out))
        behaviour = {site_id: SiteBehaviour() for site_id in order}
        for site_id in order[:refuse]:
            behaviour[site_id].refuses = True
        for site_id in order[refuse : refuse + weak]:
            behaviour[site_id].ratio = faults.weak_ratio
        for site_id in order[refuse + weak : refuse + weak + drop]:
            minutes = int(self.random.integers(20, 90))
            behaviour[site_id].drops_out_at = self.fleet.delivery.start + minutes * MINUTE
        return behaviour

    def due(self, to: datetime) -> None:
        units, clock = self.market.units, self.market.clock
        while (due_at := next_due_at(units)) is not None and due_at <= to:
            clock.advance_to(max(due_at, clock.now()))
            for outcome in run_due(units, self.market.pool, self.rules):
                assert outcome.result is DueResult.DONE, outcome
        clock.advance_to(max(to, clock.now()))

    def auction(self, share_of_bids: float) -> None:
        """Sell a part of what the sites bid; the rest of what they are enrolled with stands as reserve."""
        market = self.market
        target_kw = round(share_of_bids * SHARE_BID * sum(self.mean_kw.values()))
        create_auction(
            market.units,
            OPERATOR,
            auction_id="evening",
            product_id=PRODUCT,
            zone="north",
            delivery=self.fleet.delivery,
            target_reduction_kw=(float(target_kw),) * 8,
            price_cap_per_mwh=Decimal(2000),
            currency="GBP",
            gate_closes_at=self.fleet.noon + timedelta(hours=2),
            rebound_headroom_kw=None,
            request_id="",
        )
        for site_id in self.sites:
            price = int(self.random.integers(40, 120))
            size_kw = float(max(10, round(SHARE_BID * self.mean_kw[site_id])))
            self._bid(site_id, size_kw, price, auction_id="evening", intervals=8)
            self._bid(site_id, size_kw, price + 60, auction_id=None, intervals=1)
        self.due(self.fleet.noon + timedelta(hours=2, minutes=5))

    def _bid(
        self, site_id: str, size_kw: float, price: int, *, auction_id: str | None, intervals: int
    ) -> None:
        offer = StepOffer(((PriceStep(size_kw, Decimal(price)),),) * intervals)
        bid = Bid("", site_id, "battery", "", self.fleet.noon, 1.0, offer)
        create_bid(
            self.market.units,
            agent_of(site_id),
            bid=bid,
            auction_id=auction_id,
            product_id=None if auction_id else PRODUCT,
            currency="GBP",
            expires_at=None,
            request_id="",
        )

    def newest(self) -> dict[str, Instruction]:
        with self.market.units(write=False) as uow:
            every = [stored.value for stored in instructions_of(uow, "evening")]
        return {each.site_id: each for each in newest_instructions(every)}

    def answer(self) -> None:
        """Let every site answer what it has not answered, and begin once delivery has begun."""
        now = self.market.clock.now()
        for instruction in self.newest().values():
            behaviour = self.behaviour[instruction.site_id]
            if instruction.state is InstructionState.CREATED:
                state = InstructionState.REFUSED if behaviour.refuses else InstructionState.ACCEPTED
                self._report(instruction, state)
                if state is InstructionState.ACCEPTED and now >= self.fleet.delivery.start:
                    self._report(instruction, InstructionState.STARTED)
            elif instruction.state is InstructionState.ACCEPTED and now >= self.fleet.delivery.start:
                self._report(instruction, InstructionState.STARTED)

    def _report(self, instruction: Instruction, state: InstructionState) -> None:
        is_refused = state is InstructionState.REFUSED
        reason = RefusalReason.RESOURCE_UNAVAILABLE if is_refused else RefusalReason.UNSPECIFIED
        report = InstructionReport(
            instruction.instruction_id, state, reason, "", 0.0, self.market.clock.now()
        )
        record_status(self.market.units, agent_of(instruction.site_id), instruction.site_id, report)

    def minute(self, at: datetime, in_force: Mapping[str, Instruction]) -> dict[str, float]:
        """Return what every site reduces by in a minute, kW: what its interval's mean still needs."""
        n, within = divmod((at - self.fleet.delivery.start) // MINUTE, 15)
        reductions = {}
        for site_id, instruction in in_force.items():
            behaviour = self.behaviour[site_id]
            done = behaviour.done_kw_min.get(n, 0.0)
            needed = (instruction.target_reduction_kw[n] * 15 - done) / (15 - within)
            most_kw = SHARE_ENROLLED * self.mean_kw[site_id]
            kw = min(max(0.0, needed), most_kw)
            behaviour.done_kw_min[n] = done + kw
            is_out = behaviour.drops_out_at is not None and at >= behaviour.drops_out_at
            reductions[site_id] = 0.0 if is_out else kw * behaviour.ratio
        return reductions

    def run(self) -> Played:
        """Play from the clearing to half an hour after delivery."""
        self.answer()
        at = self.fleet.noon + timedelta(hours=2, minutes=5)
        while at < self.fleet.delivery.start - timedelta(minutes=20):
            at = min(at + timedelta(hours=1), self.fleet.delivery.start - timedelta(minutes=20))
            self.meter(at)
            self.due(at)
        metered: dict[str, list[float]] = {site_id: [] for site_id in self.sites}
        in_force: dict[str, Instruction] = {}
        while at < self.fleet.delivery.end + timedelta(minutes=30):
            sums = dict.fromkeys(self.sites, 0.0)
            for step in range(5):
                reductions = (
                    self.minute(at + step * MINUTE, in_force)
                    if at in self.fleet.delivery
                    else dict.fromkeys(self.sites, 0.0)
                )
                for site_id, kw in reductions.items():
                    sums[site_id] += kw / 5
                if step == 0:  # the look at the interval before has come, and sites follow what it changed
                    self.due(at + timedelta(seconds=40))
                    self.answer()
                    in_force = {
                        site_id: each
                        for site_id, each in self.newest().items()
                        if each.state in OPEN_STATES and not self.behaviour[site_id].refuses
                    }
            self.meter(at + FIVE, sums)
            at += FIVE
            if at <= self.fleet.delivery.end:
                for site_id in self.sites:
                    metered[site_id].append(self.fleet.at(site_id, at - FIVE) - sums[site_id])
        return self._outcome({site_id: np.array(values[-24:]) for site_id, values in metered.items()})

    def meter(self, until: datetime, reduction_kw: Mapping[str, float] | None = None) -> None:
        """Send what was metered since the last time, and move the clock to the end of it."""
        since = getattr(self, "_metered_until", self.fleet.noon)
        count = (until - since) // FIVE
        self.sequence += 1
        batches = []
        for site_id in self.sites:
            first = (since - self.fleet.start) // FIVE
            load = self.fleet.load_kw[site_id][first : first + count].copy()
            if reduction_kw is not None:
                load -= reduction_kw.get(site_id, 0.0)
            batches.append(TelemetryBatch(site_id, self.sequence, since, FIVE, load, MeterQuality.OK))
        self._metered_until = until
        self.due(until)
        keep_batches(self.market.units, batches)

    def _outcome(self, metered: Mapping[str, Profile]) -> Played:
        with self.market.units(write=False) as uow:
            every = [stored.value for stored in instructions_of(uow, "evening")]
            event = uow.events.get("evening")
            baselines = {
                stored.value.site_id: np.array(stored.value.adjusted_kw)
                for stored in uow.baselines.page(where={"event_id": "evening"}, limit=10_000)
            }
            ticks = uow.tracking.page("evening", limit=10_000)
        assert event is not None
        assert event.value.purpose is EventPurpose.MARKET
        delivered = np.zeros(8)
        for each in newest_instructions(every):
            if each.state in {InstructionState.REFUSED, InstructionState.EXPIRED}:
                continue
            counted = baselines[each.site_id] - metered[each.site_id].reshape(8, 3).mean(axis=1)
            delivered += np.where(np.array(each.target_reduction_kw) > 0.0, counted, 0.0)
        target = np.array(event.value.target_reduction_kw)
        return Played(target, delivered, ticks, every, self.fleet.delivery)


def synthetic_fleet(count: int, *, seed: int, days: int = 16) -> Fleet:
    """Make up a fleet: a daily shape, slow drifts, and a little noise."""
    random = np.random.default_rng(seed)
    start = NOON.replace(hour=0) - timedelta(days=days)
    samples = int((DELIVERY.end + timedelta(hours=2) - start) / FIVE)
    hour = np.arange(samples) / 12.0
    load = {}
    for n in range(count):
        level = float(random.uniform(500.0, 2000.0))
        shape = 1.0 + 0.1 * np.sin(2 * np.pi * (hour - 6 - random.uniform(0, 4)) / 24)
        drift = np.cumsum(random.normal(0, 0.0015, samples))
        drift -= np.linspace(0, drift[-1], samples)
        load[f"site-{n:03d}"] = level * (shape + drift)
    return Fleet(start, load)
