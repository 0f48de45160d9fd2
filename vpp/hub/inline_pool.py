"""A worker pool without workers: for tests, simulations and very small hubs."""

import threading
from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class InlinePool:
    """Runs every call where it is made; implements `workflows.ports.WorkerPool`.

    Example:
        >>> from functools import partial
        >>> InlinePool().run_all([partial(pow, 2, 3), partial(pow, 3, 2)])
        [8, 9]
    """

    def __init__(self) -> None:
        """Let one call at a time run: solvers write files that threads of one process would mix up."""
        self._lock = threading.RLock()

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one call."""
        with self._lock:
            return function(*args, **kwargs)

    def run_all(self, calls: Sequence[Callable[[], T]]) -> list[T]:
        """Run many calls, one after the other."""
        with self._lock:
            return [call() for call in calls]

    def warm_up(self) -> None:
        """Do nothing: there is nobody to wake."""

    def close(self) -> None:
        """Do nothing: there is nobody to send away."""
