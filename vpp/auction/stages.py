"""Keeps where the time of a clearing goes."""

from vpp.foundation.clock import stopwatch_s


class Stages:
    """A stop watch with named stages, one after the other."""

    def __init__(self, first: str) -> None:
        """Start in a stage."""
        self._stage, self._since_s = first, stopwatch_s()
        self._spent_s: dict[str, float] = {}

    def enter(self, stage: str) -> None:
        """End the stage that runs and begin another."""
        now_s = stopwatch_s()
        self._spent_s[self._stage] = self._spent_s.get(self._stage, 0.0) + now_s - self._since_s
        self._stage, self._since_s = stage, now_s

    def spent_s(self, stage: str) -> float:
        """Return the time spent in a stage so far, s; in the one that runs up to its last beginning."""
        return self._spent_s.get(stage, 0.0)

    @property
    def total_s(self) -> float:
        """Time spent in all ended stages together, s."""
        return sum(self._spent_s.values())
