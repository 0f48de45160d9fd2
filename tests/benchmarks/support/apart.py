"""Runs a measurement in a process of its own, so that its memory is its own too."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any


def apart(function: Callable[..., Any], *arguments: object) -> tuple[Any, float]:
    """Call a function of a module in a fresh process.

    Returns:
        What it returns, and the most memory its process had, MB.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_with_memory, function, arguments).result()


def _with_memory(function: Callable[..., Any], arguments: tuple[object, ...]) -> tuple[Any, float]:
    result = function(*arguments)
    return result, peak_mb()


def peak_mb() -> float:
    """Most memory this process has had, MB; getrusage would count its parent's from before the start."""
    return _status_mb("VmHWM:")


def held_mb() -> float:
    """Memory that this process holds now, MB; `peak_mb` is counted anew from here."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _status_mb("VmRSS:")


def _status_mb(name: str) -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024
    return float("nan")
