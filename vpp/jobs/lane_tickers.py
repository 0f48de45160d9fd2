"""The tickers of several lanes as one: they begin and end together, and tick beside each other."""

import asyncio
from collections.abc import Sequence

from vpp.jobs.ticker import Ticker
from vpp.workflows.due_work import DueOutcome


class LaneTickers:
    """One ticker per lane; none waits for what another runs."""

    def __init__(self, tickers: Sequence[Ticker]) -> None:
        """Take the tickers, in the order in which a tick of all goes through them."""
        self._tickers = tuple(tickers)

    def start(self) -> None:
        """Begin to tick, at once."""
        for ticker in self._tickers:
            ticker.start()

    def poke(self) -> None:
        """Look again when the next deadline of each lane is."""
        for ticker in self._tickers:
            ticker.poke()

    async def tick(self) -> list[DueOutcome]:
        """Run what is due in every lane, and what that made due, until nothing is; for tests."""
        outcomes: list[DueOutcome] = []
        while True:
            ran = [outcome for ticker in self._tickers for outcome in await ticker.tick()]
            outcomes += ran
            if not ran:
                return outcomes

    async def stop(self, grace_s: float) -> None:
        """Tick no more; what is running has this long to end, in the machine's time."""
        await asyncio.gather(*(ticker.stop(grace_s) for ticker in self._tickers))
