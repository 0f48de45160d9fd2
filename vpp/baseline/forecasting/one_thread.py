"""Keeping linear algebra on one thread: small factorizations cost ten times more CPU on two."""

from contextlib import AbstractContextManager
from functools import cache

from threadpoolctl import ThreadpoolController


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()  # finds the loaded libraries, which takes milliseconds


def one_thread() -> AbstractContextManager[object]:
    """Return a context in which BLAS computes on one thread; work in parallel over processes."""
    limited: AbstractContextManager[object] = _controller().limit(limits=1, user_api="blas")
    return limited
