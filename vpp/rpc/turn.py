"""One caller's turn to be worked for: over when the work is, not when the caller has gone.

A thread that has begun cannot be stopped. If hanging up ended the turn, a caller could begin as much as it
liked by giving up each call at once.
"""

from collections.abc import Callable
from contextvars import ContextVar

_turn: ContextVar["Turn | None"] = ContextVar("vpp_turn", default=None)


class Turn:
    """A turn that its call holds, and every piece of work that the call has begun. Lives on the event loop.

    Example:
        >>> over = []
        >>> turn = Turn(lambda: over.append("over"))
        >>> leave = turn.join()
        >>> turn.leave()
        >>> over
        []
        >>> leave(), leave(), over
        (None, None, ['over'])
    """

    def __init__(self, end: Callable[[], None]) -> None:
        """Begin with the call alone; `end` is called once, when the last holder has left."""
        self._end = end
        self._holders = 1

    def join(self) -> Callable[[], None]:
        """Hold the turn for a piece of work; returns what leaves it again, once however often called."""
        self._holders += 1
        has_left = False

        def leave() -> None:
            nonlocal has_left
            if not has_left:
                has_left = True
                self.leave()

        return leave

    def leave(self) -> None:
        """Let go; the last one ends the turn."""
        self._holders -= 1
        if not self._holders:
            self._end()


def begin_turn(end: Callable[[], None]) -> Turn:
    """Begin a turn for what the present task does from here on; grpc serves each call in its own."""
    turn = Turn(end)
    _turn.set(turn)
    return turn


def present_turn() -> Turn | None:
    """Return whose work is being begun; None for what the hub does of itself."""
    return _turn.get()
