"""Runs workflows, which are synchronous, off the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

from vpp.rpc.effects import Effects

P = ParamSpec("P")
T = TypeVar("T")


class WorkflowCalls:
    """A thread pool of its own, no larger than the database pool, for workflows alone."""

    def __init__(self, threads: Executor, effects: Effects) -> None:
        """Keep the pool and the bell to ring after changes."""
        self._threads = threads
        self._effects = effects

    async def read(self, workflow: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a workflow that changes nothing."""
        loop = asyncio.get_running_loop()
        call = partial(copy_context().run, workflow, *args, **kwargs)  # the present trace goes along
        return await loop.run_in_executor(self._threads, call)

    async def change(self, workflow: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a workflow that may change something, then ring the bell, whether it failed or not.

        It cannot be called back: a caller that hangs up does not undo it, so the bell rings when
        the workflow has ended, not when the caller has gone.
        """
        loop = asyncio.get_running_loop()
        call = partial(copy_context().run, workflow, *args, **kwargs)
        running = loop.run_in_executor(self._threads, call)
        running.add_done_callback(lambda _: self._effects.ring())
        return await asyncio.shield(running)
