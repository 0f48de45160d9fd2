import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from vpp.rpc.caller_lanes import CallerLanes, has_precedence
from vpp.workflows.acting import acting_as
from vpp.workflows.identity import Principal, Role


def one_of(party: str, role: Role = Role.SITE_OWNER) -> Principal:
    return Principal(f"{role.value}-of-{party}", party, None, frozenset({role}))


@dataclass
class Work:
    """Work that is let in, and ends when a test says so."""

    lanes: CallerLanes
    running: list[tuple[str, Callable[[], None] | None]] = field(default_factory=list)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def begin(self, principal: Principal | None, count: int = 1) -> list[asyncio.Task[None]]:
        """Have a caller ask for a place so many times."""
        with acting_as(principal):
            begun = [asyncio.create_task(self._enter(principal)) for _ in range(count)]
        self.tasks += begun
        await settle()
        return begun

    async def _enter(self, principal: Principal | None) -> None:
        leave = await self.lanes.enter()
        self.running.append(("hub" if principal is None else principal.party_id, leave))

    @property
    def parties(self) -> Counter[str]:
        """Whose work runs."""
        return Counter(party for party, _ in self.running)

    async def end_all(self) -> None:
        """Let everything end, what begins then as well."""
        while self.running:
            _, leave = self.running.pop()
            if leave is not None:
                leave()
            await settle()
        assert all(task.done() for task in self.tasks)
        assert len(self.lanes) == 0


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)  # noqa: TID251  tasks have their turn


async def test_parties_leave_room_for_each_other_for_the_market_and_for_the_hub() -> None:
    work = Work(CallerLanes(8))
    for party in ("a", "b", "c"):
        await work.begin(one_of(party), 100)
    assert work.parties == {"a": 2, "b": 2}
    await work.begin(one_of("grid", Role.DISPATCHER), 20)
    assert work.parties == {"a": 2, "b": 2, "grid": 3}
    await work.begin(None, 20)
    assert work.parties["hub"] == 20
    await work.end_all()


async def test_who_ends_makes_room_for_the_next_party() -> None:
    work = Work(CallerLanes(8))
    for party in ("a", "b", "c"):
        await work.begin(one_of(party), 2)
    party, leave = work.running.pop(0)
    assert (party, leave is not None) == ("a", True)
    assert leave is not None
    leave()
    await settle()
    assert work.parties == {"a": 1, "b": 2, "c": 1}
    await work.end_all()


async def test_who_gives_up_while_waiting_leaves_its_place() -> None:
    work = Work(CallerLanes(4))
    await work.begin(one_of("a"))
    given_up = await work.begin(one_of("a"), 5)
    for task in given_up:
        task.cancel()
    await settle()
    await work.begin(one_of("b"), 2)
    assert work.parties == {"a": 1, "b": 1}
    await work.end_all()


async def test_one_thread_is_enough_for_everybody() -> None:
    work = Work(CallerLanes(1))
    await work.begin(one_of("a"), 3)
    await work.begin(one_of("grid", Role.MARKET_OPERATOR), 3)
    assert work.parties == {"a": 1}
    await work.end_all()


@pytest.mark.parametrize("role", Role)
def test_who_runs_the_market_goes_before_whoever_takes_part(role: Role) -> None:
    behind = {Role.SITE_AGENT, Role.SITE_OWNER, Role.METER_DATA_MANAGER}
    assert has_precedence(one_of("a", role)) == (role not in behind)
    assert not has_precedence(None)
