"""Makes every step of a coroutine that serves somebody a point at which the process could die."""
# ruff: noqa: ANN401  stands in for whatever is there

import asyncio
from collections.abc import Coroutine, Generator
from types import CodeType, TracebackType
from typing import Any

from support.kill.points import KillPoints

_IDLE = ("Ticker.", "Courier.run", "rang_within", "_poll")
"""Coroutines that only wait for time to pass: their steps are as many as the machine is slow."""


class CountedSteps(Coroutine[Any, Any, Any]):
    """A coroutine whose steps are counted, each before it is taken."""

    def __init__(self, inner: Coroutine[Any, Any, Any], points: KillPoints, label: str) -> None:
        self._inner = inner
        self._points = points
        self._label = label

    def send(self, value: Any) -> Any:
        self._points.reach(self._label)
        return self._inner.send(value)

    def throw(self, kind: Any, value: Any = None, trace: TracebackType | None = None) -> Any:
        del trace  # an old way to call it
        self._points.reach(self._label)
        return self._inner.throw(kind if value is None else value)

    def close(self) -> None:
        self._inner.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        return (yield from self._inner.__await__())


def counting_factory(points: KillPoints) -> Any:
    """Return a task factory that counts the steps of every task on the way of a dispatch."""

    def make(
        loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], **options: Any
    ) -> asyncio.Task[Any]:
        label = _label(coroutine)
        counted = coroutine if label is None else CountedSteps(coroutine, points, label)
        return asyncio.Task(counted, loop=loop, **options)

    return make


def _label(coroutine: Coroutine[Any, Any, Any]) -> str | None:
    code: CodeType | None = getattr(coroutine, "cr_code", None)
    name = str(getattr(coroutine, "__qualname__", ""))
    file = "" if code is None else code.co_filename
    serves = "/vpp/rpc/" in file or "grpc" in file or "cygrpc" in type(coroutine).__module__
    if not serves or any(part in name for part in _IDLE):
        return None
    return f"step {name}"
