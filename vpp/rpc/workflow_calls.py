"""Runs workflows, which are synchronous, off the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

from vpp.rpc.caller_lanes import CallerLanes
from vpp.rpc.effects import Effects
from vpp.rpc.turn import present_turn

P = ParamSpec("P")
T = TypeVar("T")


class WorkflowCalls:
    """A thread pool of its own, no larger than the database pool, for workflows alone."""

    def __init__(self, threads: Executor, effects: Effects, lanes: CallerLanes | None = None) -> None:
        """Keep the pool, the bell to ring after changes, and whose turn at the threads it is.

        Args:
            threads: The pool.
            effects: The bell.
            lanes: Lets callers' work begin; None at once.
        """
        self._threads = threads
        self._effects = effects
        self._lanes = lanes

    async def read(self, workflow: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a workflow that changes nothing."""
        leave = await self._entered()
        return await self._begun(partial(workflow, *args, **kwargs), leave)

    async def change(self, workflow: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a workflow that may change something, then ring the bell, whether it failed or not.

        It cannot be called back: a caller that hangs up does not undo it, so the bell rings when
        the workflow has ended, not when the caller has gone.
        """
        leave = await self._entered()
        running = self._begun(partial(workflow, *args, **kwargs), leave)
        running.add_done_callback(lambda _: self._effects.ring())
        return await asyncio.shield(running)

    async def _entered(self) -> Callable[[], None] | None:
        """Wait for a place at the threads; returns what gives it back."""
        return None if self._lanes is None else await self._lanes.enter()

    def _begun(self, workflow: Callable[[], T], give_back: Callable[[], None] | None) -> asyncio.Future[T]:
        """Begin a workflow; its caller's turn and place last until it has ended, or will never begin."""
        loop, turn = asyncio.get_running_loop(), present_turn()
        context = copy_context()  # the present caller and trace go along
        if turn is None and give_back is None:
            return loop.run_in_executor(self._threads, lambda: context.run(workflow))
        leave, has_begun = _once(give_back, turn.join() if turn else None), False

        def run() -> T:
            nonlocal has_begun
            has_begun = True
            try:
                return context.run(workflow)
            finally:
                with suppress(RuntimeError):  # the hub has stopped meanwhile
                    loop.call_soon_threadsafe(leave)

        running = loop.run_in_executor(self._threads, run)
        running.add_done_callback(lambda _: None if has_begun else leave())
        return running


def _once(*ends: Callable[[], None] | None) -> Callable[[], None]:
    """Return what calls all of these, once however often it is called itself."""
    left = [end for end in ends if end is not None]

    def leave() -> None:
        while left:
            left.pop()()

    return leave
