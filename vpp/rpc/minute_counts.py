"""Says something once a minute however often it happens, so that a flood fills nothing."""

import logging
from collections.abc import Callable
from typing import Generic, TypeVar

from vpp.foundation.clock import stopwatch_s

Kind = TypeVar("Kind")
_MINUTE_S = 60.0


class MinuteCounts(Generic[Kind]):
    """Counts what happens, by kind, minute by minute of the machine.

    Example:
        >>> counts = MinuteCounts(most=2, stopwatch=lambda: 0.0)
        >>> [counts.note(kind) for kind in ("a", "a", "b", "c")]
        [True, False, True, False]
    """

    def __init__(self, most: int, *, stopwatch: Callable[[], float] = stopwatch_s) -> None:
        """Begin with nothing.

        Args:
            most: Kinds told apart in a minute; what comes beyond them is counted nowhere.
            stopwatch: Reads a stopwatch, s.
        """
        self._most = most
        self._stopwatch = stopwatch
        self._minute = 0
        self._counts: dict[Kind, int] = {}
        self._repeats: dict[Kind, int] = {}

    def note(self, kind: Kind) -> bool:
        """Count one; tells whether it is the first of its kind in this minute, and so to be said."""
        self._turn()
        if kind not in self._counts and len(self._counts) >= self._most:
            return False
        self._counts[kind] = self._counts.get(kind, 0) + 1
        return self._counts[kind] == 1

    def has(self, kind: Kind) -> bool:
        """Tell whether a kind is told apart in this minute."""
        self._turn()
        return kind in self._counts

    def take_repeats(self) -> dict[Kind, int]:
        """Return, and forget, how often each kind came again within minutes that are over."""
        self._turn()
        repeats, self._repeats = self._repeats, {}
        return repeats

    def _turn(self) -> None:
        minute = int(self._stopwatch() // _MINUTE_S)
        if minute == self._minute:
            return
        self._minute = minute
        for kind, count in self._counts.items():
            if count > 1:
                self._repeats[kind] = self._repeats.get(kind, 0) + count - 1
        self._counts = {}


class MinuteLog:
    """Warns once a minute of each thing and what is wrong with it."""

    def __init__(self, name: str, words: str = "refused %s: %s", most: int = 200) -> None:
        """Keep the logger's name, what a line says, and how many lines a minute may have."""
        self._logger = logging.getLogger(name)
        self._words = words
        self._counts: MinuteCounts[tuple[str, str]] = MinuteCounts(most)

    def warn(self, what: str, reason: str) -> None:
        """Say what is wrong, unless it was said within the minute."""
        if self._counts.note((what, reason)):
            self._logger.warning(self._words, what, reason)
