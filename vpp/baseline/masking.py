"""Hiding intervals that say nothing about normal load."""

from collections.abc import Iterable

import pandas as pd

from vpp.foundation.interval import Interval
from vpp.telemetry.grid import metering_step


def mask_intervals(series_kw: pd.Series, intervals: Iterable[Interval]) -> pd.Series:
    """Turn the values of some spans into gaps.

    Events and the rebound after them are hidden from every baseline: a method that learns from
    curtailed load loses the reduction it is meant to measure.

    Args:
        series_kw: Regular kW series, UTC, labelled by interval starts. Shape (T,).
        intervals: The spans; an interval that a span touches is hidden as a whole.

    Returns:
        A copy with NaN in those intervals. Shape (T,).

    Raises:
        InvalidInput: The series is empty or not regular in UTC.

    Example:
        >>> from datetime import UTC, datetime, timedelta
        >>> from vpp.foundation.series import regular
        >>> noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
        >>> load_kw = regular([5.0, 6.0, 7.0], noon, timedelta(hours=1))
        >>> event = Interval(noon + timedelta(minutes=90), noon + timedelta(hours=2))
        >>> mask_intervals(load_kw, [event]).tolist()
        [5.0, nan, 7.0]
    """
    masked_kw = series_kw.copy()
    step, first = metering_step(series_kw), series_kw.index[0].to_pydatetime()
    for interval in intervals:
        begin = max((interval.start - first) // step, 0)
        end = max(-((first - interval.end) // step), 0)
        masked_kw.iloc[begin:end] = float("nan")
    return masked_kw
