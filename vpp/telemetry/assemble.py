"""From batches in any order to one regular series."""

from collections.abc import Iterable
from datetime import timedelta

import numpy as np

from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular, starts
from vpp.telemetry.batch import TelemetryBatch
from vpp.telemetry.metered_series import MeteredSeries
from vpp.telemetry.quality import MeterQuality


def assemble(batches: Iterable[TelemetryBatch], interval: Interval, step: timedelta) -> MeteredSeries:
    """Lay the batches of a site on the metering grid of a span.

    Batches may overlap, repeat, and come in any order of time. Where two cover the same interval, the
    one received later holds: a site corrects itself by sending again. A correction that changes a
    value or its quality is counted as a conflict, a mere repeat is not.

    Args:
        batches: Checked batches of one site, in the order they were received.
        interval: The span wanted, UTC, a whole number of steps long; what lies outside is left out.
        step: Length of the site's metering intervals.

    Returns:
        The readings of the span; intervals that no batch covers, and those of batches of quality
        MISSING, are gaps.

    Raises:
        InvalidInput: The span is not a whole number of steps, or a batch is of other intervals or off
            the span's grid.

    Example:
        >>> from datetime import UTC, datetime
        >>> noon, quarter = datetime(2026, 3, 2, 12, tzinfo=UTC), timedelta(minutes=15)
        >>> first = TelemetryBatch("north", 1, noon, quarter, np.array([80.0, 81.0]), MeterQuality.OK)
        >>> second = TelemetryBatch("north", 2, noon + quarter, quarter, np.array([90.0]), MeterQuality.OK)
        >>> series = assemble([first, second], Interval(noon, noon + 3 * quarter), quarter)
        >>> series.net_power_kw.tolist(), series.conflict_count
        ([80.0, 90.0, nan], 1)
    """
    length = len(starts(interval, step))
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
        is_same = np.isclose(power_kw[span], new_kw, rtol=0.0, atol=0.0, equal_nan=True)
        is_same &= quality[span] == batch.quality
        conflict_count += int(np.count_nonzero(is_covered[span] & ~is_same))
        power_kw[span] = new_kw
        quality[span] = batch.quality
        is_covered[span] = True
    return MeteredSeries(regular(power_kw, interval.start, step), quality, conflict_count)
