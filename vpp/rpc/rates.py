"""How much each caller does in a time, over all its connections."""

from datetime import timedelta

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from vpp.foundation.clock import SystemClock

_SWEEP_EVERY = 4096
"""Counts until those that are over are looked for: so many of one caller, or one of so many callers."""


class _Counts(MemoryStorage):
    """Counts in memory. The library's own starts a thread for each look for what is over.

    Used on the event loop alone, so it needs no locks either.
    """

    STORAGE_SCHEME = ["vpp-counts"]  # noqa: RUF012  the base declares it so

    def __init__(self) -> None:
        super().__init__()
        self._clock = SystemClock()
        self._until_sweep = _SWEEP_EVERY

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Add to a count; returns it."""
        self._until_sweep -= 1
        if not self._until_sweep:
            self._sweep()
        count = self.get(key) + amount
        if key not in self.expirations:
            self.expirations[key] = self._clock.now().timestamp() + expiry
        self.storage[key] = count
        return count

    def _sweep(self) -> None:
        self._until_sweep = _SWEEP_EVERY
        for key in tuple(self.expirations):
            self.get(key)  # forgets it if it is over


class Rate:
    """Counts what callers do, and says when one does too much. Two numbers for each caller are kept.

    Example:
        >>> rate = Rate(2, timedelta(seconds=10))
        >>> [rate.take("anna", 10), rate.take("anna", 10), rate.take("anna", 9), rate.take("berta")]
        [True, True, False, True]
    """

    def __init__(self, most_per_second: float, window: timedelta) -> None:
        """Begin with nothing done.

        Args:
            most_per_second: On average over the window.
            window: In the machine's time; rounded to whole seconds, at least one.
        """
        window_s = max(1, round(window.total_seconds()))
        self._item = RateLimitItemPerSecond(max(1, round(most_per_second * window_s)), window_s)
        self._counts = _Counts()
        self._limiter = SlidingWindowCounterRateLimiter(self._counts)

    def __len__(self) -> int:
        """Return how many counts are kept."""
        return len(self._counts.storage)

    @property
    def most_at_once(self) -> int:
        """What a caller may do at once that has done nothing for a while."""
        return self._item.amount

    def has_room(self, who: str) -> bool:
        """Tell whether one more would be counted, without counting it."""
        return self._limiter.test(self._item, who)

    def take(self, who: str, cost: int = 1) -> bool:
        """Count something if it is not too much; tells whether it was counted.

        Args:
            who: The caller.
            cost: How much it is; more than `most_at_once` counts as that.
        """
        return self._limiter.hit(self._item, who, cost=min(cost, self._item.amount))
