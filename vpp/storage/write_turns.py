"""Writers of one process take turns, dispatch before telemetry.

Both databases let one writer in at a time, but neither knows who is in a hurry: SQLite's waiters ask
again every now and then, so that a busy telemetry writer can keep a dispatch out for seconds.
"""

from collections import deque
from threading import Event, Lock

from vpp.foundation.errors import Overloaded

PATIENCE_S = 5.0
PATIENCE_BEHIND_S = 60.0
TURNS_BEFORE = 10
"""After so many turns of others in a row, one that stands behind them gets its turn."""


class WriteTurns:
    """Gives one writer at a time its turn; whoever stands behind lets the others go first.

    Attributes:
        first: The place of those whom somebody waits for.
        behind: The place of those who let the others go first.
    """

    def __init__(
        self, *, patience_s: float = PATIENCE_S, patience_behind_s: float = PATIENCE_BEHIND_S
    ) -> None:
        """Begin with nobody writing.

        Args:
            patience_s: How long a writer waits for its turn, s.
            patience_behind_s: The same of one that lets the others go first, s.
        """
        self._patience_s = {False: patience_s, True: patience_behind_s}
        self._lock = Lock()
        self._is_taken = False
        self._first: deque[Event] = deque()
        self._behind: deque[Event] = deque()
        self._turns_of_first = 0
        self.first = WriterPlace(self, is_behind=False)
        self.behind = WriterPlace(self, is_behind=True)

    def take(self, *, behind: bool = False) -> None:
        """Wait for a turn; it lasts until `give_back`.

        Args:
            behind: Whether others go first: for work that nobody waits for, and for readings.

        Raises:
            Overloaded: The turn did not come in time.
        """
        with self._lock:
            if not self._is_taken:
                self._is_taken = True
                return
            queue = self._behind if behind else self._first
            my_turn = Event()
            queue.append(my_turn)
        patience_s = self._patience_s[behind]
        try:
            if my_turn.wait(patience_s):
                return
        except BaseException:  # interrupted: nobody is there any more to give the turn back
            if not self._left(queue, my_turn):
                self.give_back()
            raise
        if not self._left(queue, my_turn):  # it came at the last moment
            return
        raise Overloaded(f"the turn to write did not come within {patience_s:g} s; retry later")

    def _left(self, queue: deque[Event], my_turn: Event) -> bool:
        """Leave a line; tells False if the turn has come instead."""
        with self._lock:
            if my_turn.is_set():
                return False
            queue.remove(my_turn)
            return True

    def give_back(self) -> None:
        """End a turn; the next one begins at once."""
        with self._lock:
            is_overdue = bool(self._behind) and self._turns_of_first >= TURNS_BEFORE
            if self._first and not is_overdue:
                self._turns_of_first += 1
                self._first.popleft().set()
            elif self._behind:
                self._turns_of_first = 0
                self._behind.popleft().set()
            else:
                self._turns_of_first = 0
                self._is_taken = False


class WriterPlace:
    """Where a writer stands when it waits for its turn."""

    def __init__(self, turns: WriteTurns, *, is_behind: bool) -> None:
        """Stand in line."""
        self._turns = turns
        self._is_behind = is_behind

    def take(self) -> None:
        """Wait for a turn; raises Overloaded if it does not come in time."""
        self._turns.take(behind=self._is_behind)

    def give_back(self) -> None:
        """End the turn."""
        self._turns.give_back()

    def behind(self) -> "WriterPlace":
        """Return the place of those who let the others go first."""
        return self._turns.behind
