"""Stopping at the moment that something fails."""

import asyncio


def raise_if_cancelled(error: BaseException) -> None:
    """Go on with a cancellation that an error has hidden.

    A task group that is cancelled while one of its tasks fails raises the failure alone. Whoever handles
    it and carries on would never stop: the request to stop is not made again.

    Args:
        error: What is being handled.

    Raises:
        asyncio.CancelledError: The present task was asked to stop.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError from error
