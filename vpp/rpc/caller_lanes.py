"""Which callers' work has the hub's threads: never all of them for callers, few for any one party.

What one caller may do is bounded by its quotas, and a party can have a hundred principals. Without lanes
their work would stand in the threads' queue before a dispatch, before what sites are owed and before what
they answer. What waits here has begun nothing: a caller that gives up leaves its place to the next.
"""

import asyncio
from collections.abc import Callable

from vpp.workflows.acting import actor
from vpp.workflows.identity import HUB_STAFF, Principal, Role

_PRECEDENCE = HUB_STAFF | {Role.ADMINISTRATOR}


def has_precedence(principal: Principal | None) -> bool:
    """Tell whether a caller runs the market, and finds room when everybody else has filled theirs.

    Example:
        >>> [has_precedence(Principal("a", "p", None, frozenset({role}))) for role in Role][:2]
        [True, True]
        >>> has_precedence(Principal("a", "p", "s", frozenset({Role.SITE_AGENT})))
        False
    """
    return principal is not None and not principal.roles.isdisjoint(_PRECEDENCE)


class CallerLanes:
    """Lets callers' work go to the threads, in order of asking. Lives on the event loop.

    All callers together leave one thread to what the hub does of itself; those without precedence leave half
    of them, and each of their parties has a quarter.
    """

    def __init__(self, threads: int) -> None:
        """Begin with nothing under way.

        Args:
            threads: How many there are.
        """
        self._callers = asyncio.Semaphore(max(1, threads - 1))
        self._others = asyncio.Semaphore(max(1, threads // 2))
        self._most_of_party = max(1, threads // 4)
        self._parties: dict[str, _Party] = {}

    def __len__(self) -> int:
        """Return how many parties are remembered: those with work under way or waiting."""
        return len(self._parties)

    async def enter(self) -> Callable[[], None] | None:
        """Wait until the present caller's work may begin.

        Returns:
            What is called once, on the event loop, when the work has ended; None if nobody counts it,
            because it is the hub's own.
        """
        principal = actor()
        if principal is None:
            return None
        if has_precedence(principal):
            await self._callers.acquire()
            return self._callers.release
        return await self._enter_behind(principal.party_id)

    async def _enter_behind(self, party_id: str) -> Callable[[], None]:
        party = self._parties.get(party_id)
        if party is None:
            party = self._parties[party_id] = _Party(asyncio.Semaphore(self._most_of_party))
        party.count += 1
        held: list[asyncio.Semaphore] = []

        def leave() -> None:
            for lane in held:
                lane.release()
            party.count -= 1
            if not party.count:
                del self._parties[party_id]

        try:
            for lane in (party.lane, self._others, self._callers):
                await lane.acquire()
                held.append(lane)
        except BaseException:  # it has hung up while it waited
            leave()
            raise
        return leave


class _Party:
    """What one party's principals have under way or waiting."""

    def __init__(self, lane: asyncio.Semaphore) -> None:
        self.lane = lane
        self.count = 0
