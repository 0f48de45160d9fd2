"""What goes wrong on a day: drawn from the seed, most of it in the seconds in which something happens."""

import asyncio
import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from support.simulation.disk import Disk
from support.simulation.hub import SimulatedHub
from support.simulation.ledger import Ledger
from support.simulation.light_site import LightSite
from support.simulation.network import Network
from support.simulation.real_site import RealSite
from support.simulation.sim_clock import SimClock
from support.simulation.wire import Connection

from vpp.foundation.clock import pause

AnySite = RealSite | LightSite
SETTLING_S = 75.0
"""How long after a fault a session may take to be back: keepalive, back-off, Hello."""


@dataclass
class Disturbances:
    """When who could not be reached, in seconds of the day; `*` is the hub and so everybody."""

    spans: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def note(self, who: str, start_s: float, end_s: float) -> None:
        self.spans.setdefault(who, []).append((start_s, end_s + SETTLING_S))

    def had_quiet(self, site_id: str, start_s: float, end_s: float, needed_s: float) -> bool:
        """Whether a span holds so long a time in which hub and site could talk without any fault."""
        spans = sorted([*self.spans.get("*", []), *self.spans.get(site_id, [])])
        at_s = start_s
        for fault_start, fault_end in spans:
            if fault_start >= end_s:
                break
            if fault_start - at_s >= needed_s:
                return True
            at_s = max(at_s, fault_end)
        return end_s - at_s >= needed_s


@dataclass(frozen=True)
class FaultPlan:
    """How much goes wrong.

    Attributes:
        hub_kills: How often the hub dies at a drawn instant, beside those at commits.
        site_faults: Faults of single sites, per site.
        reaction_ratio: Share of dispatch commits that a fault follows within seconds.
        has_lies: Whether meters lie.
    """

    hub_kills: int = 6
    site_faults: float = 6.0
    reaction_ratio: float = 0.12
    has_lies: bool = True


class Faults:
    """Runs a day's faults until it is told to heal."""

    def __init__(  # noqa: PLR0913, PLR0917  one argument per thing it disturbs
        self,
        seed: int,
        plan: FaultPlan,
        clock: SimClock,
        hub: SimulatedHub,
        disk: Disk,
        network: Network,
        sites: Sequence[AnySite],
        ledger: Ledger,
        note: Callable[..., None],
    ) -> None:
        self._ledger = ledger
        self._rng = random.Random(f"faults/{seed}")
        self._plan = plan
        self._clock = clock
        self._hub, self._disk, self._network = hub, disk, network
        self._sites = list(sites)
        self._note = note
        self._is_healed = False
        self.disturbances = Disturbances()
        self.counts: Counter[str] = Counter()
        self.before_hub_dies: Callable[[], None] = lambda: None
        self.after_hub_died: Callable[[], None] = lambda: None

    @property
    def _now_s(self) -> float:
        return asyncio.get_running_loop().time()

    def schedule(self, until_s: float, hot_s: Sequence[float]) -> None:
        """Draw the day's faults: two thirds near instants in which something happens."""
        loop = asyncio.get_running_loop()

        def instant() -> float:
            if hot_s and self._rng.random() < 0.67:
                return min(until_s, max(1.0, self._rng.choice(list(hot_s)) + self._rng.uniform(-5.0, 25.0)))
            return self._rng.uniform(1.0, until_s)

        for _ in range(self._plan.hub_kills):
            loop.call_at(instant(), self._kill_hub)
        for _ in range(3):
            loop.call_at(instant(), self._slow_disk)
        for _ in range(round(self._plan.site_faults * len(self._sites))):
            site = self._rng.choice(self._sites)
            fault = self._rng.choice(self._site_faults())
            loop.call_at(instant(), self._at_site, fault, site)
        self._network.repeat_ratio = self._rng.choice([0.0, 0.02, 0.1])
        self._network.damage_ratio = 0.03
        if self._plan.has_lies:
            self._draw_lies(until_s)

    def _site_faults(self) -> list[str]:
        return [
            "cut",
            "cut",
            "half_open",
            "half_open",
            "stall",
            "partition",
            "kill",
            "kill_at_entry",
            "wrong_clock",
        ]

    def _at_site(self, fault: str, site: AnySite) -> None:
        if self._is_healed:
            return
        self.counts[fault] += 1
        self._note("fault", fault, site.site_id)
        getattr(self, f"_{fault}")(site)

    def react(self) -> None:
        """A dispatch was committed: now and then something breaks within its seconds."""
        if self._is_healed or self._rng.random() >= self._plan.reaction_ratio:
            return
        delay_s = self._rng.choice([0.0, 0.05, 0.3, 2.0]) * self._rng.random()
        loop = asyncio.get_running_loop()
        kind = self._rng.choice(["hub", "commit", "commit", "site", "site", "site"])
        if kind == "hub":
            loop.call_later(delay_s, self._kill_hub)
        elif kind == "commit":
            self._disk.kill_at = self._rng.randint(1, 12)
            self._disk.dies_before = self._rng.random() < 0.5
            loop.call_later(30.0, self._disarm)
        else:
            site, fault = self._rng.choice(self._sites), self._rng.choice(self._site_faults())
            loop.call_later(delay_s, self._at_site, fault, site)

    def _disarm(self) -> None:
        self._disk.kill_at = None

    # The hub.

    def _kill_hub(self) -> None:
        if self._is_healed or not self._hub.is_up:
            return
        self.counts["hub_kill"] += 1
        self._note("fault", "hub_kill")
        self.before_hub_dies()
        self._hub.kill()

    async def watch_hub(self) -> None:
        """Start the hub again a while after it died, however it died."""
        while self._hub.process is not None:
            await self._hub.process.died.wait()
            self._hub.kill()  # what a death at a commit leaves open
            self.after_hub_died()
            down_s = self._rng.choice([1.0, 5.0, 30.0, 30.0, 240.0]) * self._rng.uniform(0.5, 1.5)
            if self._is_healed:
                down_s = 1.0
            self.disturbances.note("*", self._now_s - 1.0, self._now_s + down_s)
            await pause(down_s)
            self._hub.start()

    def _slow_disk(self) -> None:
        if self._is_healed:
            return
        self.counts["slow_disk"] += 1
        self._note("fault", "slow_disk")
        span_s = self._rng.uniform(20.0, 300.0)
        self._disk.delay_s = self._rng.choice([0.2, 1.0, 4.0])
        self._disk.refuse_ratio = self._rng.choice([0.0, 0.02, 0.2])
        self._disk.ambiguous_ratio = self._rng.choice([0.0, 0.02])
        self.disturbances.note("*", self._now_s, self._now_s + span_s)
        asyncio.get_running_loop().call_later(span_s, self._quick_disk)

    def _quick_disk(self) -> None:
        self._disk.delay_s = self._disk.refuse_ratio = self._disk.ambiguous_ratio = 0.0

    # One site.

    def _cut(self, site: AnySite) -> None:
        self.disturbances.note(site.site_id, self._now_s, self._now_s + 2.0)
        self._network.each(site.site_id, Connection.cut)

    def _half_open(self, site: AnySite) -> None:
        self.disturbances.note(site.site_id, self._now_s, self._now_s + 15.0)
        self._network.each(site.site_id, Connection.silence)

    def _stall(self, site: AnySite) -> None:
        span_s = self._rng.uniform(1.0, 40.0)
        self.disturbances.note(site.site_id, self._now_s, self._now_s + span_s)
        self._network.each(site.site_id, lambda connection: connection.stall(span_s))

    def _partition(self, site: AnySite) -> None:
        span_s = self._rng.choice([20.0, 120.0, 600.0, 1200.0]) * self._rng.uniform(0.5, 1.0)
        self.disturbances.note(site.site_id, self._now_s, self._now_s + span_s + 30.0)
        self._network.part(site.site_id, span_s)

    def _kill(self, site: AnySite) -> None:
        site.kill()

    def _kill_at_entry(self, site: AnySite) -> None:
        if isinstance(site, RealSite):
            site.kill_in = self._rng.randint(1, 6)
        else:
            site.kill()

    async def watch_site(self, site: AnySite) -> None:
        """Start a site's agent again a while after it died."""
        rng = random.Random(f"restart/{site.site_id}/{self._rng.random()}")
        while site.process is not None:
            await site.process.died.wait()
            down_s = rng.choice([1.0, 20.0, 120.0, 900.0]) * rng.uniform(0.5, 1.0)
            if self._is_healed:
                down_s = 1.0
            self.disturbances.note(site.site_id, self._now_s - 2.0, self._now_s + down_s + 30.0)
            await pause(down_s)
            site.start()

    def _wrong_clock(self, site: AnySite) -> None:
        site.clock.error = timedelta(seconds=self._rng.choice([-30.0, -1.5, -0.5, 0.5, 1.5, 30.0]))
        self._ledger.clock_error[site.site_id] = timedelta(seconds=31.0)
        self.disturbances.note(site.site_id, self._now_s, math.inf)  # it may refuse for its clock

    def _draw_lies(self, until_s: float) -> None:
        start = self._clock.true_now
        for site in self._sites:
            if not isinstance(site, RealSite) or self._rng.random() > 0.3:
                continue
            begin = start + timedelta(seconds=self._rng.uniform(0.0, until_s))
            end = begin + timedelta(minutes=self._rng.uniform(10.0, 90.0))
            lie: Any = self._rng.choice([_gap, _thousandfold, _negative, _stuck])
            site.lies.append((begin, end, lie))
            self.counts["lying_meter"] += 1

    def heal(self) -> None:
        """End every fault: what must hold at the end holds only if the world lets it."""
        self._is_healed = True
        self._network.damage_ratio = 0.0
        self._quick_disk()
        self._disarm()
        for site in self._sites:
            site.clock.error = timedelta(0)
            if isinstance(site, RealSite):
                site.kill_in = None


def _gap(value: float) -> float:
    del value
    return math.nan


def _thousandfold(value: float) -> float:
    return value * 1000.0


def _negative(value: float) -> float:
    return -value


def _stuck(value: float) -> float:
    del value
    return 123.0


def seconds(since: datetime, at: datetime) -> float:
    """Return an instant in seconds of the day's loop."""
    return (at - since).total_seconds()
