"""What a bad network does to sessions: a real hub, light agents of other processes, a proxy between them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.support.session_hub import SessionHub, session_hub
from sqlalchemy import Engine
from support.light_agents import LightAgents, Load, light_agents
from support.proxy import Proxy

from vpp.dispatch.instruction import InstructionState
from vpp.foundation.clock import pause, stopwatch_s

LONGEST_WAIT_S = 240.0


@dataclass(frozen=True)
class BadNetwork:
    """A hub, its agents, and the route between them."""

    hub: SessionHub
    agents: list[LightAgents]
    proxy: Proxy

    @property
    def site_count(self) -> int:
        """How many sites there are."""
        return len(self.hub.site_ids)

    async def tally(self) -> dict[str, Any]:
        """What the agents of all processes saw."""
        total: Counter[str] = Counter()
        for agents in self.agents:
            seen = await agents.tell()
            total.update({key: value for key, value in seen.items() if isinstance(value, int)})
        return dict(total)

    async def until_open(self, count: int) -> float:
        """Wait until the hub holds so many sessions; returns how long it took, s."""
        began_s = stopwatch_s()
        while len(self.hub.hub.registry) != count:
            if stopwatch_s() - began_s > LONGEST_WAIT_S:
                raise AssertionError(f"the hub holds {len(self.hub.hub.registry)} sessions, not {count}")
            await pause(0.05)
        return stopwatch_s() - began_s

    async def until_seen(self, what: str, count: int) -> float:
        """Wait until the agents have seen so much of something; returns how long it took, s."""
        began_s = stopwatch_s()
        while (seen := (await self.tally())[what]) != count:
            if stopwatch_s() - began_s > LONGEST_WAIT_S:
                raise AssertionError(f"the agents have seen {seen} {what}, not {count}")
            await pause(0.1)
        return stopwatch_s() - began_s

    async def dispatch(self, event_id: str) -> None:
        """Instruct every site; returns at once."""
        await asyncio.to_thread(self.hub.dispatch, event_id)
        self.hub.hub.courier.look_soon()

    async def until_settled(self, event_id: str) -> float:
        """Wait until every site has answered and nothing is owed; returns how long it took, s."""
        began_s = stopwatch_s()
        async with asyncio.timeout(LONGEST_WAIT_S):
            await self.hub.until_answered(event_id)
            while await asyncio.to_thread(self._owed):
                await pause(0.05)
        return stopwatch_s() - began_s

    def _owed(self) -> int:
        with self.hub.units(write=False) as uow:
            return len(uow.outbox.open_all())

    async def check(self, event_ids: list[str], verdict: "Verdict") -> None:
        """Count what was lost, doubled, or is in a wrong state, over all events."""
        with self.hub.units(write=False) as uow:
            states = Counter(one.value.state for one in uow.instructions.page(limit=1_000_000))
        expected = len(event_ids) * self.site_count
        verdict.wrong = expected - states[InstructionState.ACCEPTED]
        seen = await self.tally()
        verdict.lost = expected - seen["applied"]
        verdict.doubled = seen["doubled"]


@dataclass
class Verdict:
    """What a bad network led to.

    Attributes:
        seconds: How long things took, by what they are, s.
        lost: Instructions that no agent applied.
        doubled: Instructions that an agent applied twice.
        wrong: Instructions that are not accepted at the hub.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    lost: int = 0
    doubled: int = 0
    wrong: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost, doubled or wrong."""
        return (self.lost, self.doubled, self.wrong) == (0, 0, 0)


@asynccontextmanager
async def bad_network(
    engine: Engine, folder: Path, site_count: int, *, processes: int = 1
) -> AsyncIterator[BadNetwork]:
    """Serve a hub to agents behind a proxy; all are welcome when the block begins."""
    async with (
        session_hub(engine, folder, site_count) as hub,
        Proxy(int(hub.address.rpartition(":")[2])) as proxy,
        light_agents(
            Load(address=f"127.0.0.1:{proxy.port}", count=site_count, heartbeat_s=15.0), processes=processes
        ) as agents,
    ):
        yield BadNetwork(hub, agents, proxy)


async def half_open(net: BadNetwork) -> Verdict:
    """Swallow everything without a word; instruct meanwhile; let it through again."""
    verdict = Verdict()
    net.proxy.route.is_black_hole = True
    net.proxy.route.refuses = True
    await net.dispatch("in-the-dark")
    noticed = await asyncio.gather(net.until_open(0), net.until_seen("open", 0))
    verdict.seconds["hub noticed after"], verdict.seconds["all agents noticed after"] = noticed
    net.proxy.cut_all()
    net.proxy.route.is_black_hole = net.proxy.route.refuses = False
    verdict.seconds["all back after"] = await net.until_open(net.site_count)
    verdict.seconds["settled after"] = await net.until_settled("in-the-dark")
    await net.check(["in-the-dark"], verdict)
    return verdict


async def loss_and_delay(net: BadNetwork, *, loss_ratio: float, delay_s: float, events: int = 1) -> Verdict:
    """Instruct over a route that loses and delays."""
    verdict = Verdict()
    net.proxy.route.loss_ratio, net.proxy.route.delay_s = loss_ratio, delay_s
    names = [f"over-a-bad-route-{number}" for number in range(events)]
    for name in names:
        await net.dispatch(name)
        verdict.seconds[f"{name} settled after"] = await net.until_settled(name)
    net.proxy.route.loss_ratio = net.proxy.route.delay_s = 0.0
    await net.check(names, verdict)
    return verdict


async def partition(net: BadNetwork, seconds: float) -> Verdict:
    """Part hub and agents in the middle of an event; instruct before, meanwhile and after."""
    verdict = Verdict()
    await net.dispatch("before")
    await net.until_settled("before")
    net.proxy.route.is_black_hole = net.proxy.route.refuses = True
    await pause(seconds / 2)
    await net.dispatch("meanwhile")
    await pause(seconds / 2)
    net.proxy.cut_all()
    net.proxy.route.is_black_hole = net.proxy.route.refuses = False
    verdict.seconds["all back after"] = await net.until_open(net.site_count)
    verdict.seconds["settled after"] = await net.until_settled("meanwhile")
    await net.dispatch("after")
    verdict.seconds["next one settled after"] = await net.until_settled("after")
    await net.check(["before", "meanwhile", "after"], verdict)
    return verdict


async def storm(net: BadNetwork) -> Verdict:
    """Cut everybody at once and instruct in the same moment."""
    verdict = Verdict()
    net.proxy.cut_all()
    await net.dispatch("in-the-storm")
    verdict.seconds["all welcome again after"] = await net.until_seen("welcomed", 2 * net.site_count)
    verdict.seconds["settled after"] = await net.until_settled("in-the-storm")
    await net.check(["in-the-storm"], verdict)
    return verdict
