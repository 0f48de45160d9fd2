"""From batches in any order to one regular series."""

from collections.abc import Iterable
from datetime import timedelta

from vpp.foundation.interval import Interval
from vpp.foundation.series import regular
from vpp.telemetry.batch import TelemetryBatch
from vpp.telemetry.laying import lay
from vpp.telemetry.metered_series import MeteredSeries


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
        >>> import numpy as np
        >>> from datetime import UTC, datetime
        >>> from vpp.telemetry.quality import MeterQuality
        >>> noon, quarter = datetime(2026, 3, 2, 12, tzinfo=UTC), timedelta(minutes=15)
        >>> first = TelemetryBatch("north", 1, noon, quarter, np.array([80.0, 81.0]), MeterQuality.OK)
        >>> second = TelemetryBatch("north", 2, noon + quarter, quarter, np.array([90.0]), MeterQuality.OK)
        >>> series = assemble([first, second], Interval(noon, noon + 3 * quarter), quarter)
        >>> series.net_power_kw.tolist(), series.conflict_count
        ([80.0, 90.0, nan], 1)
    """
    laid = lay(batches, interval, step)
    return MeteredSeries(regular(laid.net_power_kw, interval.start, step), laid.quality, laid.conflict_count)
