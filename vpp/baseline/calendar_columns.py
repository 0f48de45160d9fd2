"""Regression columns that tell the time: daily harmonics by kind of day."""

import numpy as np
import numpy.typing as npt

from vpp.baseline.slot_history import SUNDAY_CLASS, WORKDAY_CLASS, Floats, Ints, SlotHistory

MONDAY, FRIDAY = 0, 4
EDGE_DAY_HARMONICS = 3
FEWEST_DAYS_OF_KIND = 1.5
ROUNDING = 1e-9  # a harmonic that vanishes on the grid leaves this much


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


def calendar_columns(history: SlotHistory, length: int, harmonic_count: int, learnt: Ints) -> Floats:
    """Return calendar columns for the slots 0..length.

    Daily harmonics for every day, again for days off and again for Sundays and holidays, each with a
    level of its own; and a level with 3 harmonics for Mondays and for Fridays that are worked. A kind
    of day that the slots to learn from hardly hold has no columns: the shape of a whole day cannot be
    told from its first hours.

    Args:
        history: Where slot 0 lies in the calendar.
        length: How many slots, those to forecast among them.
        harmonic_count: Harmonics of the day.
        learnt: Slots that coefficients will come from. Shape (L,).

    Returns:
        Shape (length, columns); no constant, and no column that is constant where it is learnt.
    """
    m = history.slots_per_day
    day = np.arange(length) // m
    day_count = length // m + 1
    weekday = history.weekdays(day_count)[day]
    day_class = history.day_classes(day_count)[day]
    every = harmonics((np.arange(length) % m) / m, harmonic_count)
    level = np.hstack([np.ones((length, 1)), every])
    slow = np.tile(np.arange(harmonic_count) < EDGE_DAY_HARMONICS, 2)
    edge_level = np.hstack([np.ones((length, 1)), every[:, slow]])
    is_workday = day_class == WORKDAY_CLASS
    kinds = [
        (level, ~is_workday),
        (level, day_class == SUNDAY_CLASS),
        (edge_level, is_workday & (weekday == MONDAY)),
        (edge_level, is_workday & (weekday == FRIDAY)),
    ]
    told = [(block, is_of) for block, is_of in kinds if is_of[learnt].sum() >= FEWEST_DAYS_OF_KIND * m]
    columns = np.hstack([every, *(block * is_of[:, None] for block, is_of in told)])
    return columns[:, varying(columns[learnt])]


def varying(columns: Floats) -> npt.NDArray[np.bool_]:
    """Tell which columns vary: a holiday column without a holiday would only add noise.

    Args:
        columns: Shape (T, K).

    Returns:
        Shape (K,).
    """
    is_varying: npt.NDArray[np.bool_] = np.ptp(columns, axis=0) > ROUNDING
    return is_varying
