"""Panels of made-up load for tests of the forecast's members."""

from datetime import date

import numpy as np

from vpp.baseline.forecasting.panel import EPOCH, Floats, LoadPanel

MONDAY = date(2026, 3, 2)
HOLIDAY = date(2026, 3, 17)  # a Tuesday


def weekly_load(site_count: int, length: int, m: int, *, noise: float = 0.1, seed: int = 1) -> Floats:
    """Return load of about 0 with a swing of about 1, higher on workdays, with noise; shape (S, length)."""
    draw = np.random.default_rng(seed)
    slot, day = np.arange(length) % m, np.arange(length) // m
    is_workday = day % 7 < 5
    swing = np.sin(2 * np.pi * slot / m)[None] * draw.uniform(0.5, 1.0, (site_count, 1))
    level = draw.uniform(0.5, 1.0, (site_count, 1)) * is_workday * (1.0 - np.cos(2 * np.pi * slot / m))
    drift = np.cumsum(draw.normal(0.0, 0.1 * noise, (site_count, length)), axis=1)
    return swing + level + drift + draw.normal(0.0, noise, (site_count, length))


def panel_of(load_kw: Floats, m: int, **others: Floats) -> LoadPanel:
    """Lay load on a panel that begins on a Monday and has one holiday."""
    return LoadPanel(load_kw, m, (MONDAY - EPOCH).days, frozenset({HOLIDAY}), **others)
