"""One look-up for however many watch the same thing."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from vpp.foundation.clock import stopwatch_s

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Look(Generic[T]):
    """A look-up under way or done: since which ring, when it began, and what came of it."""

    ring: asyncio.Event
    begun_s: float
    found: asyncio.Task[T]


class SharedLook(Generic[T]):
    """Looks something up once for all who ask between two rings; lives on the event loop."""

    def __init__(self, longest_s: float) -> None:
        """Begin with nothing looked up.

        Args:
            longest_s: What was looked up is shown for so long at most, s of the machine's time, even if
                nothing rang.
        """
        self._longest_s = longest_s
        self._looks: dict[str, _Look[T]] = {}

    async def at(self, key: str, ring: asyncio.Event, look: Callable[[], Awaitable[T]]) -> T:
        """Return what is looked up under a key, by whoever asked first since the last ring.

        Args:
            key: What is looked at.
            ring: What the next ring sets, taken before asking, so that nothing older is returned.
            look: Looks it up. A caller that goes away does not end it for the others.
        """
        known = self._looks.get(key)
        is_stale = (
            known is None
            or known.ring is not ring
            or stopwatch_s() - known.begun_s > self._longest_s
            or (known.found.done() and (known.found.cancelled() or known.found.exception() is not None))
        )
        if known is None or is_stale:
            task = asyncio.get_running_loop().create_task(_run(look))
            known = self._looks[key] = _Look(ring, stopwatch_s(), task)
        return await asyncio.shield(known.found)

    def forget(self, key: str) -> None:
        """Keep nothing of what nobody will ask for again."""
        self._looks.pop(key, None)


async def _run(look: Callable[[], Awaitable[T]]) -> T:
    return await look()
