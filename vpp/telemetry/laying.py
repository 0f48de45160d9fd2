"""Batches in any order laid on one grid, as plain arrays."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.telemetry.batch import TelemetryBatch
from vpp.telemetry.quality import MeterQuality


@dataclass(frozen=True, slots=True, eq=False)
class LaidReadings:
    """What holds of a span's readings.

    Attributes:
        net_power_kw: Mean net power, kW, consumption positive; NaN is a gap. Shape (T,).
        quality: `MeterQuality` codes; MISSING exactly where the power is NaN. Shape (T,), int8.
        conflict_count: Readings that a later one replaced by another value or quality.
    """

    net_power_kw: npt.NDArray[np.float64]
    quality: npt.NDArray[np.int8]
    conflict_count: int


def lay(batches: Iterable[TelemetryBatch], interval: Interval, step: timedelta) -> LaidReadings:
    """Lay the batches of a site on the metering grid of a span; the one received later holds.

    Args:
        batches: Checked batches of one site, in the order they were received.
        interval: The span wanted, UTC; what lies outside is left out.
        step: Length of the site's metering intervals.

    Raises:
        InvalidInput: The span is not a whole number of steps, or a batch is of other intervals or off
            the span's grid.
    """
    if step <= timedelta(0) or interval.duration % step:
        raise InvalidInput(
            f"span lasts {interval.duration}, expected a whole number of steps of {step}", step=str(step)
        )
    length = interval.duration // step
    power_kw = np.full(length, np.nan)
    quality = np.full(length, MeterQuality.MISSING, dtype=np.int8)
    is_covered = np.zeros(length, dtype=np.bool_)
    conflict_count = 0
    for batch in batches:
        offset = batch.start_at - interval.start
        if batch.sample_interval != step or offset % step:
            raise InvalidInput(
                f"batch {batch.sequence} of site {batch.site_id} has intervals of {batch.sample_interval} "
                f"from {batch.start_at.isoformat()}, expected the grid of {step} through "
                f"{interval.start.isoformat()}",
                sequence=str(batch.sequence),
                sample_interval=str(batch.sample_interval),
            )
        position = offset // step
        first, last = max(position, 0), min(position + len(batch.net_power_kw), length)
        if first >= last:
            continue
        span = slice(first, last)
        new_kw = batch.net_power_kw[first - position : last - position]
        if batch.quality is MeterQuality.MISSING:
            new_kw = np.full(last - first, np.nan)
        if is_covered[span].any():
            old_kw = power_kw[span]
            is_same = (old_kw == new_kw) | (np.isnan(old_kw) & np.isnan(new_kw))
            is_same &= quality[span] == batch.quality
            conflict_count += int(np.count_nonzero(is_covered[span] & ~is_same))
        power_kw[span] = new_kw
        quality[span] = batch.quality
        is_covered[span] = True
    return LaidReadings(power_kw, quality, conflict_count)
