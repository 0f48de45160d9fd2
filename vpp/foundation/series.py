"""Regular kW series: grids, energy, alignment."""

from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.tseries.offsets import Tick

from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval

SECONDS_PER_HOUR = 3600.0


def hours(span: timedelta) -> float:
    """Return a span in hours.

    Example:
        >>> hours(timedelta(minutes=15))
        0.25
    """
    return span.total_seconds() / SECONDS_PER_HOUR


def starts(interval: Interval, step: timedelta) -> list[datetime]:
    """List the interval starts of a grid that fills a span exactly.

    Args:
        interval: The span [start, end), UTC.
        step: Length of each grid interval, above zero.

    Returns:
        Instants start, start + step, ... below end. Shape (duration / step,).

    Raises:
        InvalidInput: The span is not a whole number of steps.

    Example:
        >>> from datetime import UTC
        >>> noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
        >>> [at.minute for at in starts(Interval(noon, noon + timedelta(hours=1)), timedelta(minutes=20))]
        [0, 20, 40]
    """
    if step <= timedelta(0) or interval.duration % step:
        raise InvalidInput(
            f"interval of {interval.duration} is not a whole number of {step}",
            interval=str(interval.duration),
        )
    return [interval.start + n * step for n in range(interval.duration // step)]


def on_grid(instant: datetime, step: timedelta) -> bool:
    """Tell whether an instant falls on the UTC grid of a step (steps divide a day).

    Example:
        >>> from datetime import UTC
        >>> on_grid(datetime(2026, 3, 2, 12, 15, tzinfo=UTC), timedelta(minutes=15))
        True
    """
    midnight = instant.replace(hour=0, minute=0, second=0, microsecond=0)
    return not (instant - midnight) % step


def regular(values_kw: npt.ArrayLike, start: datetime, step: timedelta) -> pd.Series:
    """Make a regular kW series.

    Args:
        values_kw: Mean power of each interval, kW; NaN is a gap. Shape (T,).
        start: Start of the first interval, UTC.
        step: Length of an interval.

    Returns:
        Float series, UTC index with a fixed frequency, labelled by interval starts. Shape (T,).

    Example:
        >>> from datetime import UTC
        >>> regular([1.0, 2.0], datetime(2026, 3, 2, tzinfo=UTC), timedelta(minutes=15)).index.freq
        <15 * Minutes>
    """
    values = np.asarray(values_kw, dtype=np.float64)
    index = pd.date_range(pd.Timestamp(start), periods=len(values), freq=pd.Timedelta(step))
    return pd.Series(values, index=index)


def resample_mean_kw(series_kw: pd.Series, step: timedelta) -> pd.Series:
    """Average a regular kW series over longer intervals; a gap inside makes the whole a gap.

    Args:
        series_kw: Regular kW series, UTC, beginning on the coarser grid. Shape (T,).
        step: The longer interval, a whole multiple of the series' own.

    Returns:
        Mean kW per longer interval; the incomplete last one is left out. Shape (T // ratio,).

    Raises:
        InvalidInput: The step is no whole multiple, or the series begins off the coarser grid.
    """
    index = series_kw.index
    if not isinstance(index, pd.DatetimeIndex) or not isinstance(index.freq, Tick):
        raise InvalidInput("series needs a DatetimeIndex in UTC with a fixed frequency")
    own = pd.Timedelta(index.freq).to_pytimedelta()
    if step % own or (len(index) and not on_grid(index[0].to_pydatetime(), step)):
        raise InvalidInput(f"series of {own} from {index[:1]} does not fit a grid of {step}", step=str(step))
    ratio = step // own
    count = len(series_kw) // ratio
    values = series_kw.to_numpy(dtype=np.float64)[: count * ratio].reshape(count, ratio).mean(axis=1)
    if not count:
        return pd.Series(dtype=np.float64, index=pd.DatetimeIndex([], tz="UTC"))
    return regular(values, index[0].to_pydatetime(), step)
