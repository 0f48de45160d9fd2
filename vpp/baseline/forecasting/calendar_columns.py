"""Regression columns that tell the time: daily harmonics by kind of day."""

import numpy as np

from vpp.baseline.forecasting.panel import SUNDAY_CLASS, WORKDAY_CLASS, Bools, Floats, Ints, LoadPanel

MONDAY, FRIDAY = 0, 4
EDGE_DAY_HARMONICS = 3
FEWEST_DAYS_OF_KIND = 1.5


def harmonics(phase: Floats, count: int) -> Floats:
    """Return cosines and sines of the first harmonics of the day.

    Args:
        phase: Share of the day gone, 0..1. Shape (T,).
        count: How many harmonics.

    Returns:
        Shape (T, 2 x count).

    Example:
        >>> harmonics(np.array([0.0, 0.25]), 1).round(6).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    angle = 2.0 * np.pi * np.outer(phase, np.arange(1, count + 1))
    return np.hstack([np.cos(angle), np.sin(angle)])


def day_kinds(panel: LoadPanel, slots: Ints) -> Bools:
    """Tell which slots are on days off, on Sundays or holidays, on worked Mondays and Fridays.

    Args:
        panel: Where slot 0 lies in the calendar.
        slots: Shape (T,).

    Returns:
        Shape (4, T).
    """
    day = slots // panel.slots_per_day
    day_count = int(day.max()) + 1
    weekday, day_class = panel.weekdays(day_count)[day], panel.day_classes(day_count)[day]
    is_workday = day_class == WORKDAY_CLASS
    return np.stack(
        [
            ~is_workday,
            day_class == SUNDAY_CLASS,
            is_workday & (weekday == MONDAY),
            is_workday & (weekday == FRIDAY),
        ]
    )


def kinds_told(kinds: Bools, known: Bools, slots_per_day: int) -> Bools:
    """Tell which kinds of day are known well enough to have columns.

    The shape of a whole day cannot be told from its first hours.

    Args:
        kinds: As from `day_kinds`. Shape (4, T).
        known: Slots that coefficients come from, by site or for all. Shape (..., T).
        slots_per_day: Slots of a day.

    Returns:
        Shape (..., 4).
    """
    counted = known.astype(np.float64) @ kinds.T.astype(np.float64)
    return np.asarray(counted >= FEWEST_DAYS_OF_KIND * slots_per_day)


def calendar_columns(panel: LoadPanel, slots: Ints, harmonic_count: int, told: Bools) -> Floats:
    """Return calendar columns: daily harmonics for every day, and again by kind of day.

    Days off, and again Sundays and holidays, have a level and all harmonics of their own; Mondays and
    Fridays that are worked have a level and 3.

    Args:
        panel: Where slot 0 lies in the calendar.
        slots: Shape (T,).
        harmonic_count: Harmonics of the day; no more are used than its slots can tell apart.
        told: Kinds of day that have columns, as from `kinds_told`. Shape (4,).

    Returns:
        Shape (T, columns); no constant.
    """
    m = panel.slots_per_day
    count = min(harmonic_count, (m - 1) // 2)
    every = harmonics((slots % m) / m, count)
    level = np.hstack([np.ones((len(slots), 1)), every])
    slow = np.tile(np.arange(count) < EDGE_DAY_HARMONICS, 2)
    edge_level = np.hstack([np.ones((len(slots), 1)), every[:, slow]])
    kinds = day_kinds(panel, slots)
    blocks = [level, level, edge_level, edge_level]
    return np.hstack([every, *(blocks[k] * kinds[k][:, None] for k in np.flatnonzero(told))])
