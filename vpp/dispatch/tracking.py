"""Live delivery against the target."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from vpp.foundation.series import hours


@dataclass(frozen=True, slots=True)
class Progress:
    """What a portfolio has delivered of what it owes so far.

    Attributes:
        present_target_kw: Target of the newest interval that every site has metered, kW.
        present_delivered_kw: Delivered in that interval, kW.
        target_energy_kwh: Target of all metered site intervals, kWh.
        delivered_energy_kwh: Delivered in them, kWh; may be negative.
        metered_interval_count: Site intervals that were metered.
    """

    present_target_kw: float
    present_delivered_kw: float
    target_energy_kwh: float
    delivered_energy_kwh: float
    metered_interval_count: int


def progress(
    target_kw: Sequence[Sequence[float]],
    baseline_kw: Sequence[Sequence[float]],
    metered_kw: Sequence[npt.NDArray[np.float64]],
    interval: timedelta,
) -> Progress:
    """Compare delivery with the target, site by site and interval by interval.

    Args:
        target_kw: Target reduction per site and interval, kW. Shape (S, N).
        baseline_kw: Baseline per site and interval, kW. Shape (S, N).
        metered_kw: Metered load, kW; NaN where there is no reading yet. Shape (S, N).
        interval: Length of one delivery interval.

    Returns:
        Sums over what has been metered; zeros when nothing has.

    Example:
        >>> done = progress([[10.0, 10.0]], [[100.0, 100.0]], [np.array([88.0, np.nan])], timedelta(hours=1))
        >>> done.delivered_energy_kwh, done.target_energy_kwh, done.present_delivered_kw
        (12.0, 10.0, 12.0)
    """
    if not target_kw:
        return Progress(0.0, 0.0, 0.0, 0.0, 0)
    target = np.asarray(target_kw, dtype=np.float64)
    metered = np.vstack(metered_kw)
    delivered = np.asarray(baseline_kw, dtype=np.float64) - metered
    is_metered = ~np.isnan(metered)
    complete = np.flatnonzero(is_metered.all(axis=0))
    newest = int(complete[-1]) if len(complete) else None
    dt_h = hours(interval)
    return Progress(
        present_target_kw=0.0 if newest is None else float(target[:, newest].sum()),
        present_delivered_kw=0.0 if newest is None else float(delivered[:, newest].sum()),
        target_energy_kwh=float(target[is_metered].sum()) * dt_h,
        delivered_energy_kwh=float(delivered[is_metered].sum()) * dt_h,
        metered_interval_count=int(is_metered.sum()),
    )
