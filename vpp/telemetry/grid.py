"""The grid that a regular series lies on."""

from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.tseries.offsets import Tick

from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval


def metering_step(series_kw: pd.Series) -> timedelta:
    """Return the length of a regular series' intervals.

    Args:
        series_kw: kW series with a UTC index of fixed frequency, not empty.

    Raises:
        InvalidInput: The index is empty, not UTC, or has no fixed frequency.

    Example:
        >>> from datetime import UTC, datetime
        >>> from vpp.foundation.series import regular
        >>> metering_step(regular([1.0, 2.0], datetime(2026, 3, 2, tzinfo=UTC), timedelta(minutes=30)))
        datetime.timedelta(seconds=1800)
    """
    index = series_kw.index
    if not (isinstance(index, pd.DatetimeIndex) and isinstance(index.freq, Tick) and str(index.tz) == "UTC"):
        raise InvalidInput(
            f"series has an index of {type(index).__name__}, expected a DatetimeIndex in UTC with a fixed "
            "frequency",
            index=type(index).__name__,
        )
    if index.empty:
        raise InvalidInput("series has no intervals, expected at least one", index="empty")
    return pd.Timedelta(index.freq).to_pytimedelta()


def within(index: pd.DatetimeIndex, span: Interval) -> npt.NDArray[np.bool_]:
    """Tell which intervals start in a span.

    Args:
        index: Interval starts, UTC. Shape (T,).
        span: The span.

    Returns:
        Whether each starts in [start, end). Shape (T,).
    """
    is_inside: npt.NDArray[np.bool_] = np.asarray(
        (index >= pd.Timestamp(span.start)) & (index < pd.Timestamp(span.end)), dtype=np.bool_
    )
    return is_inside
