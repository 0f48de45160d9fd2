"""Which event loop the hub runs on."""

import asyncio
import importlib
from collections.abc import Callable
from typing import Literal

from vpp.foundation.errors import InvalidInput

LoopName = Literal["asyncio", "uvloop"]
LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def loop_factory(name: LoopName) -> LoopFactory | None:
    """Return what makes the loop; None for Python's own.

    Args:
        name: `uvloop` saves some CPU: a few hundredths of a fan-out, more of single calls.

    Raises:
        InvalidInput: uvloop is not installed.
    """
    if name == "asyncio":
        return None
    try:
        uvloop = importlib.import_module("uvloop")
    except ImportError as error:
        raise InvalidInput(
            "work.event_loop is uvloop, which is not installed: pip install vpp[uvloop]", event_loop=name
        ) from error
    factory: LoopFactory = uvloop.new_event_loop
    return factory
