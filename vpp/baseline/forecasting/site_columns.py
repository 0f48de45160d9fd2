"""Regression columns of a site's own: outdoor temperature and the load it plans."""

import numpy as np

from vpp.baseline.forecasting.panel import WORKDAY_CLASS, Floats, Ints, LoadPanel

LOWEST_KNOT, HIGHEST_KNOT = 0.1, 0.9


def site_columns(panel: LoadPanel, slots: Ints, fit_end: int, knot_count: int, *, by_workday: bool) -> Floats:
    """Return columns that differ from site to site.

    Temperature with hinges at quantiles of what was measured, so that heating, neither and cooling each
    have a slope; again for workdays, when buildings react differently; and the plan.

    Args:
        panel: Temperature and plan, if any, over the slots asked for.
        slots: Shape (T,).
        fit_end: Knots come from slots before this one.
        knot_count: Hinges.
        by_workday: Whether temperature has a slope of its own on workdays.

    Returns:
        Shape (S, K, T); K is 0 without temperature and plan.
    """
    columns = [np.empty((panel.site_count, 0, len(slots)))]
    if panel.temperature_c is not None:
        weather = _hinged(panel.temperature_c, slots, fit_end, knot_count)
        columns.append(weather)
        if by_workday:
            day = slots // panel.slots_per_day
            is_workday = panel.day_classes(int(day.max()) + 1)[day] == WORKDAY_CLASS
            columns.append(weather * is_workday)
    if panel.plan_kw is not None:
        columns.append(panel.plan_kw[:, None, slots])
    return np.concatenate(columns, axis=1)


def _hinged(temperature_c: Floats, slots: Ints, fit_end: int, knot_count: int) -> Floats:
    learnt_c = temperature_c[:, :fit_end]
    levels = np.linspace(LOWEST_KNOT, HIGHEST_KNOT, knot_count)
    knots = np.quantile(learnt_c, levels, axis=1).T
    centre, spread = learnt_c.mean(axis=1), np.ptp(learnt_c, axis=1)
    unit = np.where(spread > 0, spread, 1.0)[:, None]
    line = (temperature_c[:, slots] - centre[:, None]) / unit
    hinges = np.maximum(temperature_c[:, None, slots] - knots[:, :, None], 0.0) / unit[:, :, None]
    return np.concatenate([line[:, None], hinges], axis=1)
