"""The part of a panel that a member learns from."""

from dataclasses import dataclass, replace

import numpy as np

from vpp.baseline.forecasting.panel import Floats, Ints, LoadPanel

WINDOW_DAYS = 56


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A panel that begins with the window, and the same origins counted in it.

    Attributes:
        panel: Load, temperature and plan from the window's first civil midnight on.
        origins: Shape (O,).
        fit_end: Coefficients come from slots before this one.
    """

    panel: LoadPanel
    origins: Ints
    fit_end: int


def window(panel: LoadPanel, origins: Ints, fit_end: int, days: int = WINDOW_DAYS) -> Window:
    """Cut what lies more than some days before the end of the fit.

    Args:
        panel: Any length of history.
        origins: Shape (O,).
        fit_end: Coefficients come from slots before this one.
        days: Whole days to keep; the day on which the fit ends is kept beside them if begun.

    Returns:
        The window; views, no copies.
    """
    m = panel.slots_per_day
    first_day = max(fit_end // m - days, 0)
    first = first_day * m

    def since(values: Floats | None) -> Floats | None:
        return None if values is None else values[:, first:]

    cut = replace(
        panel,
        load_kw=panel.load_kw[:, first:],
        first_day=panel.first_day + first_day,
        temperature_c=since(panel.temperature_c),
        plan_kw=since(panel.plan_kw),
    )
    return Window(cut, origins - first, fit_end - first)


def recency_weights(age_slots: Ints, slots_per_day: int, half_life_days: float) -> Floats:
    """Return weights that halve every so many days; shape of `age_slots`."""
    return np.asarray(0.5 ** (age_slots / (slots_per_day * half_life_days)), dtype=np.float64)
