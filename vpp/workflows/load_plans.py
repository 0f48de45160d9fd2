"""Load that sites plan themselves, on the grid of whoever reads it."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pandas as pd

from vpp.foundation.interval import Interval
from vpp.foundation.series import hours, regular
from vpp.workflows.forecast_records import SitePlanRecord

_TICK = timedelta(microseconds=1)


def plan_on_grid(plans: Sequence[SitePlanRecord], span: Interval, step: timedelta) -> pd.Series | None:
    """Lay a site's plans on a grid; where they overlap, the later one holds.

    A plan says nothing of intervals that had ended when it was told: whoever writes down afterwards what
    he used has planned nothing, but would be believed the next time.

    Args:
        plans: Plans in the order in which they came.
        span: The span, a whole number of steps long.
        step: Length of an interval.

    Returns:
        Planned load, kW, NaN where nothing was planned in time or only part of the interval; None
        without any.
    """
    if not plans:
        return None
    count = span.duration // step
    edges = np.arange(count + 1) * (step // _TICK)
    planned_kw = np.full(count, np.nan)
    for plan in plans:
        own_edges = (plan.start_at - span.start) // _TICK + np.arange(len(plan.plan_kw) + 1) * (
            plan.step // _TICK
        )
        energy_kwh = np.concatenate([[0.0], np.cumsum(plan.plan_kw) * hours(plan.step)])
        # Mean power is the slope of energy, whichever of the two steps is longer.
        mean_kw = np.diff(np.interp(edges, own_edges, energy_kwh)) / hours(step)
        is_inside = (edges[:-1] >= own_edges[0]) & (edges[1:] <= own_edges[-1])
        is_inside &= edges[1:] > (plan.received_at - span.start) // _TICK
        planned_kw[is_inside] = mean_kw[is_inside]
    return None if np.isnan(planned_kw).all() else regular(planned_kw, span.start, step)
