"""Readings of revenue meters before they are kept: what cannot be is refused, what is odd is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from vpp.foundation.errors import InvalidInput
from vpp.foundation.series import on_grid
from vpp.portfolio.site import Site
from vpp.telemetry.batch import ABSURD_EXPORT_RATIO, ABSURD_IMPORT_RATIO
from vpp.telemetry.quality import MeterQuality
from vpp.workflows.revenue_records import RevenueReadings

LONGEST_IMPORT = timedelta(days=400)
LARGEST_KW = 1e7
"""What the wire bears of a power, kW."""
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, eq=False)
class MeterRun:
    """Readings of one quality that follow upon each other.

    Attributes:
        start_at: Start of the first interval, UTC.
        step: Length of an interval.
        power_kw: Mean power, kW; of a device its output. Shape (N,).
        quality: How far they can be trusted.
    """

    start_at: datetime
    step: timedelta
    power_kw: npt.NDArray[np.float64]
    quality: MeterQuality

    @property
    def end_at(self) -> datetime:
        """End of the last interval."""
        return self.start_at + len(self.power_kw) * self.step


def laid_out(runs: Sequence[MeterRun], now: datetime) -> RevenueReadings:
    """Put runs on one grid, gaps between them.

    Raises:
        InvalidInput: There is none, they are of several steps, overlap, are off the grid, in the future, or
            reach too far.
    """
    if not runs:
        raise InvalidInput("runs is empty, expected at least one reading", runs="0")
    step, first, last = runs[0].step, runs[0].start_at, runs[-1].end_at
    if step <= timedelta(0) or HOUR % step:
        raise InvalidInput(
            f"sample_interval is {step}, expected a length that divides an hour", sample_interval=str(step)
        )
    _check_runs(runs)
    if last > now:
        raise InvalidInput(
            f"the last reading ends at {last.isoformat()}, expected at most the present, {now.isoformat()}",
            end_time=last.isoformat(),
        )
    if last - first > LONGEST_IMPORT:
        raise InvalidInput(
            f"readings are of {(last - first).days} days, expected at most {LONGEST_IMPORT.days}; import "
            "them in parts",
            days=str((last - first).days),
        )
    power_kw = np.full((last - first) // step, np.nan)
    quality = np.full(len(power_kw), MeterQuality.MISSING, dtype=np.int8)
    for run in runs:
        begin = (run.start_at - first) // step
        power_kw[begin : begin + len(run.power_kw)] = run.power_kw
        quality[begin : begin + len(run.power_kw)] = run.quality
    return RevenueReadings(first, step, power_kw, quality)


def _check_runs(runs: Sequence[MeterRun]) -> None:
    """Refuse runs of several steps, off the grid or not in order of time."""
    step = runs[0].step
    for n, run in enumerate(runs):
        if not len(run.power_kw):
            raise InvalidInput(f"runs[{n}] is empty, expected at least one reading", run=str(n))
        if run.step != step:
            raise InvalidInput(
                f"runs[{n}].sample_interval is {run.step}, expected {step}, as in the runs before",
                sample_interval=str(run.step),
            )
        if not on_grid(run.start_at, step):
            raise InvalidInput(
                f"runs[{n}].start_time is {run.start_at.isoformat()}, expected a multiple of {step} after "
                "midnight UTC",
                start_time=run.start_at.isoformat(),
            )
    for n, (earlier, later) in enumerate(pairwise(runs), start=1):
        if later.start_at < earlier.end_at:
            raise InvalidInput(
                f"runs[{n}].start_time is {later.start_at.isoformat()}, before the end of the run before, "
                f"{earlier.end_at.isoformat()}; expected each interval once, in order of time",
                start_time=later.start_at.isoformat(),
            )


def check_values(readings: RevenueReadings, site: Site, *, is_device: bool) -> None:
    """Refuse what a meter behind that connection cannot have shown; a bad reading may be any power.

    Raises:
        InvalidInput: Names the first such reading.
    """
    highest_kw = ABSURD_IMPORT_RATIO * site.import_limit_kw
    lowest_kw = -highest_kw if is_device else -ABSURD_EXPORT_RATIO * site.import_limit_kw
    power_kw = readings.net_power_kw
    is_read = (readings.quality == MeterQuality.OK) | (readings.quality == MeterQuality.ESTIMATED)
    # NaN fails every comparison, so this finds it with the infinities.
    wrong = np.flatnonzero(is_read & ~((power_kw >= lowest_kw) & (power_kw <= highest_kw)))
    limits = f"{lowest_kw:g} to {highest_kw:g} kW of a connection of {site.import_limit_kw:g} kW"
    if not len(wrong):  # a bad one stands on statements too, and must be a number that can be written there
        wrong, limits = np.flatnonzero(np.abs(power_kw) > LARGEST_KW), f"at most {LARGEST_KW:g} kW either way"
    if len(wrong):
        at = readings.start_at + int(wrong[0]) * readings.step
        raise InvalidInput(
            f"net_power_kw at {at.isoformat()} is {power_kw[wrong[0]]:g}, expected {limits}",
            at=at.isoformat(),
            net_power_kw=f"{power_kw[wrong[0]]:g}",
        )


def odd_notes(readings: RevenueReadings, site: Site, *, is_device: bool) -> tuple[str, ...]:
    """Say what is odd but possible."""
    count, notes = len(readings.quality), []
    for code, word in (
        (MeterQuality.MISSING, "missing"),
        (MeterQuality.BAD, "bad"),
        (MeterQuality.ESTIMATED, "estimated"),
    ):
        places = np.flatnonzero(readings.quality == code)
        if len(places):
            first = readings.start_at + int(places[0]) * readings.step
            notes.append(f"{len(places)} of {count} intervals are {word}, the first at {first.isoformat()}")
    negative = np.flatnonzero(readings.net_power_kw < 0.0)
    if len(negative) and not is_device and site.minimum_load_kw >= 0.0:
        first = readings.start_at + int(negative[0]) * readings.step
        notes.append(
            f"{len(negative)} of {count} intervals are below 0 kW where no export is expected, the first at "
            f"{first.isoformat()}"
        )
    return tuple(notes)
