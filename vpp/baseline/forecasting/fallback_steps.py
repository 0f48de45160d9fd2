"""What can be said of a site whose history is too short, too flat or too old for the members."""

import numpy as np

from vpp.baseline.forecasting.bands import HIGH_LEVEL, LOW_LEVEL
from vpp.baseline.forecasting.class_profile import profile_forecast
from vpp.baseline.forecasting.horizon import HorizonMap
from vpp.baseline.forecasting.ladder_step import LadderStep, with_replayed_errors
from vpp.baseline.forecasting.panel import Floats, Ints
from vpp.baseline.forecasting.site_panels import SitePanel

NOMINATED_PLAN = "nominated-plan"
CLASS_PROFILE = "class-profile"
MEAN_LOAD = "mean-load"
CONSTANT = "constant"

PROFILE_ERROR_DAYS = 14


def constant_step(sites: SitePanel, rows: Ints, level_kw: Floats) -> list[LadderStep]:
    """Take a load that never changed as it is, without a band.

    Args:
        sites: The panel.
        rows: Sites of it. Shape (S,).
        level_kw: The load of every site of the panel.

    Returns:
        One step, or none where there is no site.
    """
    if len(rows) == 0:
        return []
    shape = (len(rows), len(sites.middles))
    none = np.zeros(shape)
    point_kw = np.broadcast_to(level_kw[rows, None], shape)
    return [LadderStep(rows, CONSTANT, (CONSTANT,), point_kw, none, none, none)]


def mean_load_step(sites: SitePanel, rows: Ints) -> list[LadderStep]:
    """Take the mean load with the quantiles of the load itself; arguments as for `profile_step`."""
    if len(rows) == 0:
        return []
    load_kw = sites.panel.load_kw[rows]
    mean_kw = np.nanmean(load_kw, axis=1)
    low_kw, high_kw = np.nanquantile(load_kw, [LOW_LEVEL, HIGH_LEVEL], axis=1)
    shape = (len(rows), len(sites.middles))

    def wide(values: Floats) -> Floats:
        return np.broadcast_to(values[:, None], shape)

    below, above = np.minimum(low_kw - mean_kw, 0.0), np.maximum(high_kw - mean_kw, 0.0)
    step = LadderStep(rows, MEAN_LOAD, (MEAN_LOAD,), wide(mean_kw), wide(below), np.zeros(shape), wide(above))
    return [step]


def plan_step(sites: SitePanel, rows: Ints) -> list[LadderStep]:
    """Take the plan as the site nominates it, with the spread that the load has had around it.

    Arguments and result as for `profile_step`.
    """
    if len(rows) == 0 or sites.panel.plan_kw is None:
        return []
    panel, plan_kw = sites.panel, sites.panel.plan_kw[rows]
    end = panel.length
    path_kw = plan_kw[:, None, end:]
    point_kw = HorizonMap.of(sites).values(plan_kw[:, None, end - 1], path_kw)[:, 0]
    away_kw = panel.load_kw[rows] - plan_kw[:, :end]
    low_kw, high_kw = np.nanquantile(away_kw, [LOW_LEVEL, HIGH_LEVEL], axis=1)
    low_kw, high_kw = np.minimum(low_kw, 0.0)[:, None], np.maximum(high_kw, 0.0)[:, None]
    none = np.zeros_like(point_kw)
    return [
        LadderStep(rows, NOMINATED_PLAN, (NOMINATED_PLAN,), point_kw, none + low_kw, none, none + high_kw)
    ]


def profile_step(sites: SitePanel, rows: Ints) -> list[LadderStep]:
    """Take the class profile, with its errors on recent days.

    Args:
        sites: The panel.
        rows: Sites of it. Shape (S,).

    Returns:
        One step, or none where there is no site, or none with a known error.
    """
    if len(rows) == 0:
        return []
    panel = sites.panel.take(rows)
    m, end = panel.slots_per_day, panel.length
    days_back = np.arange(min((end - 1) // m, PROFILE_ERROR_DAYS), -1, -1)
    paths_kw = profile_forecast(panel, end - days_back * m, sites.lead)
    return with_replayed_errors(sites, rows, CLASS_PROFILE, (CLASS_PROFILE,), paths_kw, days_back[:-1])
