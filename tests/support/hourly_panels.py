"""Small panels of site load for tests of forecasts."""

from datetime import date

import numpy as np

from vpp.baseline.forecasting.panel import EPOCH, LoadPanel

M = 24
MONDAY = (date(2026, 3, 2) - EPOCH).days


def weekly_kw(day_count: int, slots_per_day: int = M) -> np.ndarray:
    """Load that repeats every week: a day shape, higher on workdays."""
    slot = np.arange(day_count * slots_per_day)
    hour = slot % slots_per_day / slots_per_day * 24
    is_workday = slot // slots_per_day % 7 < 5
    wave = np.sin(2 * np.pi * hour / 24), np.cos(2 * np.pi * hour / 24)
    return 100 + 20 * wave[0] + 30 * is_workday * (1 + wave[1])


def panel_of(load_kw: np.ndarray, **changes: object) -> LoadPanel:
    """Make a panel of hourly load from a Monday on, one row per site."""
    return LoadPanel(np.atleast_2d(load_kw), M, MONDAY, **changes)  # type: ignore[arg-type]  any field


def noisy_panel(day_count: int, site_count: int = 4, seed: int = 7, begun_slots: int = 0) -> LoadPanel:
    """Make sites whose weekly load wanders from day to day, each with noise of its own."""
    rng = np.random.default_rng(seed)
    length = day_count * M + begun_slots
    level = np.repeat(rng.normal(0, 4, (site_count, day_count + 1)).cumsum(axis=1), M, axis=1)[:, :length]
    noise = rng.normal(0, 3, (site_count, length))
    return panel_of(weekly_kw(day_count + 1)[:length] * rng.uniform(0.5, 2, (site_count, 1)) + level + noise)
