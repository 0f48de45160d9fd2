"""Tells whoever waits that something may have changed: deliveries may be owed, deadlines moved."""

import asyncio
from collections.abc import Callable


class Effects:
    """A bell that is rung after every workflow that may have changed something.

    Lives on the event loop; ringing costs nothing when nobody waits.
    """

    def __init__(self) -> None:
        """Begin with nobody waiting."""
        self._bell = asyncio.Event()
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` at every ring from now on."""
        self._listeners.append(listener)

    def ring(self) -> None:
        """Wake everybody who waits."""
        rung, self._bell = self._bell, asyncio.Event()
        rung.set()
        for listener in self._listeners:
            listener()

    def next_ring(self) -> asyncio.Event:
        """Return what the next ring sets; taken before looking, so that no ring is missed."""
        return self._bell


async def rang_within(ring: asyncio.Event, seconds: float) -> bool:
    """Wait for a ring, at most so long in the machine's time; tells whether it rang."""
    try:
        async with asyncio.timeout(seconds):
            await ring.wait()
    except TimeoutError:
        return False
    return True
