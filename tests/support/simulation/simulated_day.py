"""One simulated day: from a seed to a report."""

import asyncio
import gc
import logging
import random
import shutil
import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from protovalidate import Validator
from support.seeded_random_source import SeededRandomSource
from support.simulation import checks, money
from support.simulation.disk import Disk
from support.simulation.faults import AnySite, FaultPlan, Faults, seconds
from support.simulation.hub import SimulatedHub
from support.simulation.ledger import Ledger
from support.simulation.light_memory import Character
from support.simulation.light_site import LightSite
from support.simulation.monitor import Monitor
from support.simulation.network import Network, Trace
from support.simulation.operator import Operator
from support.simulation.process import install
from support.simulation.real_site import RealSite
from support.simulation.script import draw_script, play
from support.simulation.sim_clock import SimClock
from support.simulation.template import EPOCH, MIDNIGHT, SIM_RULES, Template, light_memory, principals, run_on
from support.virtual_time_loop import VirtualTimeLoop

from vpp.foundation.clock import pause
from vpp.foundation.interval import Interval
from vpp.rpc.server import warm_up
from vpp.rpc.signing import DeliverySigner

QUIET_FROM = MIDNIGHT + timedelta(hours=20, minutes=30)
END = MIDNIGHT + timedelta(hours=24, minutes=3)  # not while readings are on their way
LIVE = Interval(MIDNIGHT, MIDNIGHT + timedelta(hours=23))
MOST_COMPLAINTS = 50
KEY = bytes(range(32))
"""Signs on every signed day: a drawn one would change the trace."""
DEFECTS = ("outbox_in_memory", "forgetful_agents", "lazy_commits", "delivered_on_send")


@dataclass
class Report:
    """What became of a day.

    Attributes:
        seed: Its seed.
        complaints: What must not be; empty on a good day.
        counts: What happened, by kind.
        refusals: What the operator was refused.
        trace: Hash over everything with its time.
        defect_uses: How often a switched-on defect did something.
    """

    seed: int
    complaints: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    refusals: list[str] = field(default_factory=list)
    trace: str = ""
    defect_uses: int = 0


@dataclass(frozen=True)
class DayPlan:
    """What kind of day.

    Attributes:
        seed: Decides everything that is drawn.
        faults: How much goes wrong; None for nothing.
        defect: One of `DEFECTS`, or empty.
        until: When the day is left; None for its end with all checks.
        heartbeat: How often agents send one.
        is_loud: Whether hub and agents log.
    """

    seed: int
    faults: FaultPlan | None = field(default_factory=FaultPlan)
    defect: str = ""
    heartbeat: timedelta = timedelta(minutes=5)
    is_loud: bool = False

    @property
    def is_signed(self) -> bool:
        """Whether the hub signs what it tells, and something on the way damages some of it."""
        return self.seed % 2 == 1


def play_day(template: Template, folder: Path, plan: DayPlan) -> Report:
    """Play a day in a folder of its own and check it."""
    template.copy_to(folder)
    random.seed(plan.seed)  # the agents' back-off draws from it
    loop = VirtualTimeLoop(seed=plan.seed)
    install(loop)
    day = _Day(template, folder, plan, loop)
    log = logging.getLogger("vpp")
    level_before = log.level
    if not plan.is_loud:
        log.setLevel(logging.CRITICAL)
    gc.disable()  # cycles are freed between days; a collection in the middle costs more than it frees
    try:
        run_on(loop, day.run)
    finally:
        gc.enable()
        log.setLevel(level_before)
        day.hub.kill()
        shutil.rmtree(folder, ignore_errors=True)
    return day.report


_VALIDATOR: list[Validator] = []


def validator() -> Validator:
    """Return the one whose rules are compiled: it costs a second, and holds nothing of a day."""
    if not _VALIDATOR:
        made = Validator()
        warm_up(made)
        _VALIDATOR.append(made)
    return _VALIDATOR[0]


def _write_public_key(folder: Path) -> Path:
    key = Ed25519PrivateKey.from_private_bytes(KEY).public_key()
    path = folder / "hub.pub.pem"
    path.write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return path


class _Day:
    def __init__(self, template: Template, folder: Path, plan: DayPlan, loop: VirtualTimeLoop) -> None:
        self.report = Report(plan.seed)
        self._plan = plan
        self._known: set[str] = set()
        self._trace = Trace()
        complain = self._complain
        self._monitor = Monitor(complain, self._trace.note)
        self._ledger = Ledger(self._monitor, complain, self._trace.note)
        self._disk = Disk(random.Random(f"disk/{plan.seed}"))
        loop.work_delay_s = self._disk.work_delay_s
        self._clock = SimClock(EPOCH)
        signer = None if not plan.is_signed else DeliverySigner(Ed25519PrivateKey.from_private_bytes(KEY))
        settings = template.settings(folder, _write_public_key(folder) if plan.is_signed else None)
        verifying = frozenset(one.site.site_id for one in settings)
        self._network = Network(
            plan.seed, self._trace, complain, verifying if plan.is_signed else frozenset()
        )
        site_ids = [one.site.site_id for one in settings] + list(template.light)
        self.hub = SimulatedHub(
            folder,
            self._clock,
            SeededRandomSource(f"secrets/{plan.seed}"),
            self._network,
            self._monitor,
            self._disk,
            SIM_RULES,
            principals(site_ids),
            validator(),
            plan.heartbeat,
            signer,
        )
        character = Character(is_forgetful=plan.defect == "forgetful_agents")
        self._sites: list[AnySite] = [
            RealSite(one, EPOCH, self._network, self._ledger, plan.seed) for one in settings
        ]
        self._sites += [
            LightSite(site_id, EPOCH, self._network, self._ledger, plan.seed, light_memory(), character)
            for site_id in template.light
        ]
        self._operator = Operator(self._network, self._trace.note)
        self._script = draw_script(plan.seed, template.load_kw)
        self._snapshot: Path | None = None

    def _complain(self, what: str) -> None:
        at = EPOCH + timedelta(seconds=asyncio.get_event_loop().time())
        if what not in self._known:  # what is tried again and again is one complaint
            self._known.add(what)
            self.report.complaints.append(f"{at:%d %H:%M:%S} {what}")

    async def run(self) -> None:
        """Live through the day, then check it."""
        self.hub.start()
        for site in self._sites:
            site.start()
        faults = Faults(
            self._plan.seed,
            self._plan.faults or FaultPlan(0, 0.0, 0.0, has_lies=False),
            self._clock,
            self.hub,
            self._disk,
            self._network,
            self._sites,
            self._ledger,
            self._trace.note,
        )
        self._switch_defect_on(faults)
        quiet_s = seconds(EPOCH, QUIET_FROM)
        if self._plan.faults is not None:
            faults.schedule(quiet_s, [seconds(EPOCH, at) for at in self._script.hot()])
            self._monitor.on_dispatch = faults.react
        background = [asyncio.create_task(faults.watch_hub(), name="watch hub")]
        background += [
            asyncio.create_task(faults.watch_site(site), name=f"watch {site.site_id}") for site in self._sites
        ]
        background.append(
            asyncio.create_task(play(self._script, self._operator, self._clock, self._sites), name="script")
        )
        await self._live_until(QUIET_FROM)
        faults.heal()
        await self._live_until(END)
        for task in background:
            if task.done() and not task.cancelled() and task.exception() is not None:
                self._complain(f"the simulation's own {task.get_name()} died of {task.exception()!r}")
        self._check(faults)
        self.report.trace = self._trace.digest()
        self._stop()

    async def _live_until(self, end: datetime) -> None:
        """Let time pass, unless the day is lost already: a storm of complaints would take for ever."""
        while (left := end - self._clock.true_now) > timedelta(0):
            await pause(min(left.total_seconds(), 600.0))
            if len(self.report.complaints) >= (1 if self._plan.defect else MOST_COMPLAINTS):
                return

    def _stop(self) -> None:
        for site in self._sites:
            site.kill()
        self.hub.kill()

    def _check(self, faults: Faults) -> None:
        complain, counts = self._complain, self.report.counts
        if not self.hub.is_up or self.hub.units is None:
            complain("the hub does not run at the end of the day")
            return
        for site in self._sites:
            if not site.is_alive:
                complain(f"the agent of {site.site_id} does not run at the end of the day")
        with self.hub.units(write=False) as uow:
            requested, accepted = self._script.names(), set(self._operator.accepted)
            checks.check_events(uow, self._monitor, requested, accepted, complain)
            states = checks.check_instructions(
                uow, self._monitor, self._ledger, faults.disturbances, EPOCH, complain
            )
            counts["awards"] = money.check_awards(uow, complain)
            counts["messages"] = checks.check_messages(
                uow, self._monitor, self._ledger, self._sites, complain
            )
            counts["readings"] = checks.check_readings(uow, self._sites, LIVE, complain)
            lines, compared = money.check_money(uow, self._sites, complain)
            counts["statement lines"], counts["pay reckoned again"] = lines, compared
            checks.check_deadlines(uow, complain)
        self.report.defect_uses += sum(
            site.forgot_count for site in self._sites if isinstance(site, LightSite)
        )
        counts["events"] = len(self._monitor.events)
        counts["instructions"] = len(self._monitor.instructions)
        counts["commits"] = self._monitor.commit_count
        counts["trace notes"] = self._trace.count
        counts["hub deaths"] = self.hub.start_count - 1
        counts["agent deaths"] = sum(site.death_count for site in self._sites)
        counts["deliveries damaged"] = self._network.damage_count
        counts["database errors"] = self._disk.error_count
        self.report.refusals = self._operator.refused
        counts["operator refusals"] = len(self._operator.refused)
        for name, count in sorted(states.items()):
            counts[f"instructions {name}"] = count
        for name, count in sorted(faults.counts.items()):
            counts[f"fault {name}"] = count

    # Deliberate defects: a simulation that finds none proves nothing.

    def _switch_defect_on(self, faults: Faults) -> None:
        defect = self._plan.defect
        if defect == "outbox_in_memory":
            faults.after_hub_died = self._forget_outbox
        elif defect == "lazy_commits":
            asyncio.get_running_loop().create_task(self._snapshots(), name="snapshots")
            faults.after_hub_died = self._lose_newest_commits
        elif defect == "delivered_on_send":
            self._network.on_down = self._close_on_send

    @property
    def _database(self) -> Path:
        return self.hub.folder / "hub.sqlite"

    def _forget_outbox(self) -> None:
        with sqlite3.connect(self._database) as connection:
            done = connection.execute("DELETE FROM outbox WHERE acknowledged_at IS NULL")
            self.report.defect_uses += done.rowcount
        connection.close()

    async def _snapshots(self) -> None:
        """Keep copies of the database a few seconds old, as if commits were flushed lazily."""
        older: Path | None = None
        for number in range(10**9):
            await pause(20.0)
            self._snapshot = older
            if self.hub.is_up and self._monitor.commit_count != self._seen_commits:
                self._seen_commits = self._monitor.commit_count
                older = self.hub.folder / f"flushed-{number % 3}.sqlite"
                self._copy(self._database, older)

    _seen_commits = 0

    @staticmethod
    def _copy(source: Path, target: Path) -> None:
        target.unlink(missing_ok=True)
        here, there = sqlite3.connect(source), sqlite3.connect(target)
        here.backup(there)
        here.close()
        there.close()

    def _lose_newest_commits(self) -> None:
        if self._snapshot is not None:
            self.report.defect_uses += 1
            for suffix in ("", "-wal", "-shm"):
                self._database.with_name(f"hub.sqlite{suffix}").unlink(missing_ok=True)
            self._copy(self._snapshot, self._database)

    def _close_on_send(self, site_id: str, sequence: int) -> None:
        if self.hub.units is None or not sequence:
            return
        with self.hub.units() as uow:
            self.report.defect_uses += len(uow.outbox.acknowledge(site_id, sequence))
            uow.commit()
