"""Series on a grid of their own: temperatures and plans."""

from datetime import timedelta

import numpy as np
import pandas as pd

from vpp.baseline.rules.event_view import Floats, taken
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.telemetry.grid import metering_step


def mean_on_day(series: pd.Series, day: Interval) -> float:
    """Return a series' mean over a civil day; NaN unless all of it is known.

    Args:
        series: Regular values, UTC, labelled by interval starts. Shape (T,).
        day: The civil day, UTC.

    Raises:
        InvalidInput: The series is empty, not regular in UTC, or infinite on that day.
    """
    step, first = metering_step(series), series.index[0].to_pydatetime()
    begin, end = -((first - day.start) // step), -((first - day.end) // step)
    values = _finite(taken(series.to_numpy(dtype=np.float64), np.arange(begin, end)), series)
    return float(values.mean()) if len(values) else float("nan")


def on_intervals(series: pd.Series, window: Interval, step: timedelta) -> Floats:
    """Return a series on a window's intervals: a coarser value holds throughout, finer ones are averaged.

    Args:
        series: Regular values, UTC, labelled by interval starts. Shape (T,).
        window: The span, a whole number of steps long.
        step: Length of the intervals wanted.

    Returns:
        One value per interval, NaN where any part is unknown. Shape (window.duration / step,).

    Raises:
        InvalidInput: The grids do not fit into each other, or the series is infinite in the window.

    Example:
        >>> from datetime import UTC, datetime
        >>> from vpp.foundation.series import regular
        >>> noon, hour = datetime(2026, 3, 2, 12, tzinfo=UTC), timedelta(hours=1)
        >>> on_intervals(regular([5.0, 7.0], noon, hour), Interval(noon, noon + 2 * hour), hour / 2).tolist()
        [5.0, 5.0, 7.0, 7.0]
    """
    own = metering_step(series)
    finest = min(own, step)
    first = series.index[0].to_pydatetime()
    if max(own, step) % finest or (window.start - first) % finest:
        raise InvalidInput(
            f"series on a grid of {own} from {first.isoformat()} does not fit intervals of {step} from "
            f"{window.start.isoformat()}",
            step=str(own),
        )
    count = window.duration // finest
    positions = np.array([(window.start + n * finest - first) // own for n in range(count)])
    known = _finite(taken(series.to_numpy(dtype=np.float64), positions), series)
    by_interval: Floats = known.reshape(-1, step // finest)
    return np.asarray(by_interval.mean(axis=1))


def _finite(values: Floats, series: pd.Series) -> Floats:
    """Return values of a series as they are, refusing infinite ones: they would come out as a baseline."""
    if np.isinf(values).any():
        name = series.name if isinstance(series.name, str) else "temperature_c or plan_kw"
        raise InvalidInput(f"{name} is infinite in places, expected finite values and NaN", series=name)
    return values
