"""Temperature and plans, which come on grids of their own, on a meter's intervals."""

from datetime import timedelta

import numpy as np
import pandas as pd

from vpp.baseline.forecasting.panel import Bools, Floats
from vpp.foundation.errors import InvalidInput

LONGEST_BRIDGE = timedelta(hours=6)


def temperature_at(temperature_c: pd.Series, index: pd.DatetimeIndex) -> Floats:
    """Interpolate temperature linearly, across 6 h at most.

    Args:
        temperature_c: Measured then forecast, degrees Celsius, UTC, times ascending; any grid.
        index: Interval starts, UTC. Shape (T,).

    Returns:
        Degrees Celsius, NaN where no two values within 6 h surround the instant. Shape (T,).

    Raises:
        InvalidInput: The index is not ascending in UTC, or a value is infinite.

    Source:
        CalTRACK 2 on temperature: linear interpolation up to 6 h.
    """
    times, values = _known(temperature_c, "temperature_c")
    if len(values) == 0:
        return np.full(len(index), np.nan)
    wanted = _nanoseconds(index)
    found = np.interp(wanted, times, values, left=np.nan, right=np.nan)
    after = np.clip(np.searchsorted(times, wanted), 1, max(len(times) - 1, 1))
    if len(times) > 1:
        gap = times[after] - times[after - 1]
        is_far = (gap > LONGEST_BRIDGE // timedelta(microseconds=1) * 1000) & ~np.isin(wanted, times)
        found[is_far] = np.nan
    # The last value stands for its own interval, up to an hour.
    step = min(int(np.diff(times).min()), 3_600_000_000_000) if len(times) > 1 else 0
    is_last = (wanted > times[-1]) & (wanted < times[-1] + step)
    found[is_last] = values[-1]
    return np.asarray(found)


def plan_over(plan_kw: pd.Series, index: pd.DatetimeIndex, step: timedelta) -> Floats:
    """Average a plan over a meter's intervals.

    Args:
        plan_kw: Planned mean power, kW, UTC, regular, labelled by interval starts; NaN is a gap.
        index: The meter's interval starts, UTC, regular. Shape (T,).
        step: Length of a meter's interval.

    Returns:
        kW; NaN where the plan does not cover an interval. Shape (T,).

    Raises:
        InvalidInput: The plan is not regular in UTC, or infinite in places.
    """
    _known(plan_kw, "plan_kw")
    values = plan_kw.to_numpy(dtype=np.float64)
    times = _nanoseconds(pd.DatetimeIndex(plan_kw.index))
    if len(values) == 0:
        return np.full(len(index), np.nan)
    gaps = np.unique(np.diff(times))
    if len(gaps) > 1:
        raise InvalidInput(
            f"plan_kw has intervals of {len(gaps)} lengths, expected a regular series", plan_kw="not regular"
        )
    own_step = int(gaps[0]) if len(gaps) else step // timedelta(microseconds=1) * 1000
    edges = np.append(times, times[-1] + own_step)
    is_known = ~np.isnan(values)
    energy = np.concatenate([[0.0], np.cumsum(np.where(is_known, values, 0.0))])
    known = np.concatenate([[0.0], np.cumsum(is_known.astype(np.float64))])
    start = _nanoseconds(index)
    end = start + step // timedelta(microseconds=1) * 1000
    share = (end - start) / own_step
    covered = np.interp(end, edges, known) - np.interp(start, edges, known)
    total = np.interp(end, edges, energy) - np.interp(start, edges, energy)
    return np.where(covered >= share * (1 - 1e-9), total / share, np.nan)


def is_usable(values: Floats, has_interval: Bools, end: int, least_ratio: float) -> Bools:
    """Tell which sites' values cover the slots ahead, and enough of the history.

    Args:
        values: NaN where unknown. Shape (S, n + lead).
        has_interval: Slots that a clock change does not skip. Shape (n + lead,).
        end: Where the history ends, n.
        least_ratio: Least share of the history's slots.

    Returns:
        Shape (S,).
    """
    known = ~np.isnan(values) | ~has_interval
    return np.asarray(known[:, end:].all(axis=1) & (known[:, :end].mean(axis=1) >= least_ratio))


def _known(series: pd.Series, field: str) -> tuple[np.ndarray, Floats]:
    index = series.index
    if not isinstance(index, pd.DatetimeIndex) or str(index.tz) != "UTC" or not index.is_monotonic_increasing:
        raise InvalidInput(
            f"{field} has an index of {type(index).__name__}, expected ascending times in UTC",
            **{field: type(index).__name__},
        )
    values = series.to_numpy(dtype=np.float64)
    if np.isinf(values).any():
        raise InvalidInput(f"{field} is infinite in places, expected finite values and NaN", **{field: "inf"})
    is_known = ~np.isnan(values)
    return _nanoseconds(index)[is_known], values[is_known]


def _nanoseconds(index: pd.DatetimeIndex) -> np.ndarray:
    return index.as_unit("ns").asi8
