"""From metering intervals to settlement intervals."""

from datetime import timedelta

from vpp.foundation.errors import InvalidInput
from vpp.foundation.series import resample_mean_kw
from vpp.telemetry.metered_series import MeteredSeries
from vpp.telemetry.quality import worst_quality


def metering_energy(series: MeteredSeries, settlement_interval: timedelta) -> MeteredSeries:
    """Average metered power over settlement intervals, and keep the worst quality of each.

    One missing sample makes the whole settlement interval missing: a mean over what is left would
    be an estimate, and estimates are made in the open or not at all.

    Args:
        series: Metered load, beginning on the settlement grid. Shape (T,).
        settlement_interval: Length of a settlement interval, a whole multiple of the series' own.

    Returns:
        Mean kW and quality per settlement interval; the incomplete last one is left out. Energy is
        its `energy_kwh`. Shape (T // ratio,).

    Raises:
        InvalidInput: The settlement interval is no whole multiple of the metering interval, or the
            series begins off the settlement grid or holds no whole settlement interval.

    Example:
        >>> import numpy as np
        >>> from datetime import UTC, datetime
        >>> from vpp.foundation.series import regular
        >>> power_kw = regular([8.0, 4.0], datetime(2026, 3, 2, tzinfo=UTC), timedelta(minutes=15))
        >>> metered = MeteredSeries(power_kw, np.array([1, 2], dtype=np.int8))
        >>> half_hours = metering_energy(metered, timedelta(minutes=30))
        >>> half_hours.net_power_kw.tolist(), half_hours.energy_kwh.tolist(), half_hours.quality.tolist()
        ([6.0], [3.0], [2])
    """
    mean_kw = resample_mean_kw(series.net_power_kw, settlement_interval)
    if mean_kw.empty:
        raise InvalidInput(
            f"series has {len(series.net_power_kw)} intervals of {series.step}, expected at least one "
            f"whole {settlement_interval}",
            settlement_interval=str(settlement_interval),
        )
    ratio = settlement_interval // series.step
    codes = series.quality[: len(mean_kw) * ratio].reshape(len(mean_kw), ratio)
    return MeteredSeries(mean_kw, worst_quality(codes), series.conflict_count)
