"""The typical day of each day class, as it was known on each day."""

import numpy as np

from vpp.baseline.slot_history import Floats, Ints, SlotHistory

NEWEST_WEIGHT = 0.3
CLASS_COUNT = 3


def class_profiles(history: SlotHistory) -> Floats:
    """Average past days of each class, the newest with weight 0.3, exponentially.

    A class without a day so far has the profile of all days; a slot never seen has the mean of the
    profile, and before anything is known the mean of the whole history.

    Args:
        history: Load; gaps change nothing.

    Returns:
        kW: `profiles[d, k]` is the profile of class k from the days before day d alone; the last row
        is from every complete day and the begun one. Shape (days + 1, 3, slots per day).
    """
    m = history.slots_per_day
    day_count = -(-history.length // m)
    by_day_kw = np.full((day_count, m), np.nan)
    by_day_kw.flat[: history.length] = history.load_kw
    day_class = history.day_classes(day_count)
    state = np.full((CLASS_COUNT + 1, m), np.nan)  # the last row is of all days
    profiles = np.empty((day_count + 1, CLASS_COUNT, m))
    for day in range(day_count + 1):
        profiles[day] = _filled(state, float(np.nanmean(history.load_kw)))
        if day < day_count:
            for row in (day_class[day], CLASS_COUNT):
                state[row] = _updated(state[row], by_day_kw[day])
    return profiles


def profile_forecast(history: SlotHistory, origins: Ints, lead: int) -> Floats:
    """Forecast the class profile as known at each origin.

    Args:
        history: Load; gaps change nothing.
        origins: Forecasts begin at these slots. Shape (O,).
        lead: How many slots to forecast from each origin.

    Returns:
        kW. Shape (O, lead).
    """
    m = history.slots_per_day
    profiles = class_profiles(history)
    target = origins[:, None] + np.arange(lead)
    day_class = history.day_classes(int(target.max()) // m + 1)
    # The final origin may use the begun day, earlier ones only days complete before them.
    known_day = np.where(origins == history.length, len(profiles) - 1, origins // m)
    forecast_kw: Floats = profiles[known_day[:, None], day_class[target // m], target % m]
    return forecast_kw


def _updated(state: Floats, newest: Floats) -> Floats:
    mixed = np.where(np.isnan(state), newest, (1 - NEWEST_WEIGHT) * state + NEWEST_WEIGHT * newest)
    return np.where(np.isnan(newest), state, mixed)


def _filled(state: Floats, mean_kw: float) -> Floats:
    """Fill unseen slots from the profile of all days, then its mean; shape (3, slots per day)."""
    all_days = state[-1]
    seen = all_days[~np.isnan(all_days)]
    all_days = np.where(np.isnan(all_days), seen.mean() if len(seen) else mean_kw, all_days)
    return np.where(np.isnan(state[:-1]), all_days, state[:-1])
