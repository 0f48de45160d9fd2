"""How far the event loop is behind: what holds it up holds up every session."""

from datetime import timedelta

from vpp.foundation.clock import pause, stopwatch_s
from vpp.rpc.hub_metrics import HubMetrics

INTERVAL = timedelta(milliseconds=250)


class LoopWatch:
    """Sleeps briefly again and again, and notes how much later than asked it woke.

    Its reading may be asked for from another thread, and so tells of a loop that does not run at all.
    """

    def __init__(self, metrics: HubMetrics, interval: timedelta = INTERVAL) -> None:
        """Begin with no lag; `run` begins to look."""
        self._metrics = metrics
        self._interval_s = interval.total_seconds()
        self._due_s = stopwatch_s() + self._interval_s
        self._newest_lag_s = 0.0

    @property
    def lag_s(self) -> float:
        """How late the loop is, s: the newest reading, or the present wait if that is longer."""
        return max(self._newest_lag_s, stopwatch_s() - self._due_s)

    async def run(self) -> None:
        """Look, for ever."""
        while True:
            self._due_s = stopwatch_s() + self._interval_s
            await pause(self._interval_s)
            self._newest_lag_s = max(0.0, stopwatch_s() - self._due_s)
            self._metrics.loop_lagged(self._newest_lag_s)
