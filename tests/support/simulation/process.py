"""A simulated process: tasks that die together, without a word, when it is killed."""

import asyncio
import itertools
from collections.abc import Coroutine
from contextvars import ContextVar
from typing import Any

from support.virtual_time_loop import VirtualTimeLoop

_current: ContextVar["Process | None"] = ContextVar("simulated_process", default=None)


class Killed(BaseException):
    """The process died here. Not an Exception, so that nothing of the product handles it."""


class NumberedTask(asyncio.Task[Any]):
    """A task that is hashed by its number in its loop, not by its place in memory.

    A TaskGroup that ends cancels its tasks in the order of a set: what runs first would differ from play
    to play.
    """

    def __init__(self, work: Coroutine[Any, Any, Any], number: int, **options: Any) -> None:  # noqa: ANN401
        self._number = number  # before the task is made: it enters the loop's set of all tasks there
        super().__init__(work, **options)

    def __hash__(self) -> int:
        return self._number


class Process:
    """Tasks of one program. What they start belongs to the same process."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_alive = True
        self.died = asyncio.Event()
        self._tasks: dict[asyncio.Task[Any], None] = {}  # a set's order would differ from run to run

    def spawn(self, work: Coroutine[Any, Any, Any], name: str = "") -> asyncio.Task[Any]:
        """Start a task of this process."""
        token = _current.set(self)
        try:
            return asyncio.get_running_loop().create_task(work, name=name or None)
        finally:
            _current.reset(token)

    def kill(self) -> None:
        """End every task; whatever they still do on their way out reaches nothing."""
        self.is_alive = False
        self.died.set()
        for task in tuple(self._tasks):
            task.cancel()

    def add(self, task: asyncio.Task[Any]) -> None:
        """Count a task in until it is done."""
        self._tasks[task] = None
        task.add_done_callback(self._ended)
        if not self.is_alive:
            task.cancel()

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.pop(task, None)
        if not task.cancelled() and isinstance(task.exception(), Killed):
            self.kill()


def in_process() -> Process | None:
    """Return the process that runs now."""
    return _current.get()


def install(loop: VirtualTimeLoop) -> None:
    """Let the loop know which task belongs to which process, and number its tasks."""
    numbers = itertools.count(1)

    def make_task(
        _loop: asyncio.AbstractEventLoop,
        work: Coroutine[Any, Any, Any],
        **options: Any,  # noqa: ANN401
    ) -> asyncio.Task[Any]:
        task = NumberedTask(work, next(numbers), loop=loop, **options)
        process = _current.get()
        if process is not None:
            process.add(task)
        return task

    def admit() -> Any:  # noqa: ANN401
        process = _current.get()
        return lambda: process is None or process.is_alive

    loop.set_task_factory(make_task)
    loop.admit = admit
