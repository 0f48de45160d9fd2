"""Garbage collection, paused while a fan-out makes objects by the thousand that all stay in use."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_pauses = 0
_THRESHOLDS = (500_000, 20, 20)
"""A dispatch makes objects by the ten thousand that are in use until they are acknowledged: Python's own
700 would have them looked through again and again, a tenth of all CPU. Little of what a hub throws away
is in cycles; if all of it were, some 100 MB would wait for the next look."""


def settle() -> None:
    """Leave alone from now on what lives as long as the process, and look for garbage less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)


@contextmanager
def collection_paused() -> Iterator[None]:
    """Make no collection inside. Pauses may overlap: the last one to end lets collections run again.

    Used on the event loop alone.
    """
    global _pauses  # noqa: PLW0603  the collector is the process's own, and so is the count
    if _pauses == 0 and not gc.isenabled():
        yield  # somebody else has switched it off for good
        return
    _pauses += 1
    gc.disable()
    try:
        yield
    finally:
        _pauses -= 1
        if not _pauses:
            gc.enable()
