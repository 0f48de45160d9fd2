"""Waiting at a terminal."""

import asyncio

from vpp.foundation.clock import pause


def wait_for(seconds: float) -> None:
    """Wait in the machine's time."""
    asyncio.run(pause(seconds))
