"""The typical day of each day class, as it was known on each day."""

import numpy as np

from vpp.baseline.forecasting.panel import Floats, Ints, LoadPanel

NEWEST_WEIGHT = 0.3
CLASS_COUNT = 3


def class_profiles(panel: LoadPanel, newest_weight: float = NEWEST_WEIGHT) -> Floats:
    """Average past days of each class, the newest weighing most, exponentially.

    A class without a day so far has the profile of all days; a slot never seen has the mean of the
    profile, and before anything is known the mean of the whole history.

    Args:
        panel: Load; gaps change nothing.
        newest_weight: Weight of the newest day, 0..1.

    Returns:
        kW: `profiles[s, d, k]` is the profile of class k from the days before day d alone; the last row
        is from every complete day and the begun one. Shape (S, days + 1, 3, slots per day).
    """
    by_day_kw = panel.by_day()
    site_count, day_count, m = by_day_kw.shape
    day_class = panel.day_classes(day_count)
    known = ~np.isnan(panel.load_kw)
    total_kw, count = np.where(known, panel.load_kw, 0.0).sum(axis=1), known.sum(axis=1)
    mean_kw = total_kw / np.maximum(count, 1)
    profiles = np.empty((site_count, day_count + 1, CLASS_COUNT, m))
    state = np.full((site_count, CLASS_COUNT + 1, m), np.nan)  # the last row is of all days
    is_seen = [False] * (CLASS_COUNT + 1)
    for day in range(day_count + 1):
        profiles[:, day] = state[:, :-1] if all(is_seen) else _filled(state, mean_kw)
        if day == day_count:
            break
        newest = by_day_kw[:, day]
        is_whole = not np.isnan(newest).any()
        for row in (day_class[day], CLASS_COUNT):
            state[:, row] = (
                (1 - newest_weight) * state[:, row] + newest_weight * newest
                if is_whole and is_seen[row]
                else _updated(state[:, row], newest, newest_weight)
            )
            is_seen[row] = is_seen[row] or is_whole
    return profiles


def profile_forecast(panel: LoadPanel, origins: Ints, lead: int) -> Floats:
    """Forecast the class profile as known at each origin.

    Args:
        panel: Load; gaps change nothing.
        origins: Forecasts begin at these slots. Shape (O,).
        lead: How many slots to forecast from each origin.

    Returns:
        kW. Shape (S, O, lead).
    """
    m = panel.slots_per_day
    profiles = class_profiles(panel)
    target = origins[:, None] + np.arange(lead)
    day_class = panel.day_classes(int(target.max()) // m + 1)
    # The final origin may use the begun day, earlier ones only days complete before them.
    known_day = np.where(origins == panel.length, profiles.shape[1] - 1, origins // m)
    return np.asarray(profiles[:, known_day[:, None], day_class[target // m], target % m])


def _updated(state: Floats, newest: Floats, newest_weight: float) -> Floats:
    mixed = np.where(np.isnan(state), newest, (1 - newest_weight) * state + newest_weight * newest)
    return np.where(np.isnan(newest), state, mixed)


def _filled(state: Floats, mean_kw: Floats) -> Floats:
    """Fill unseen slots from the profile of all days, then its mean; shape (S, 3, slots per day)."""
    is_unseen = np.isnan(state)
    if not is_unseen.any():
        return state[:, :-1]
    all_days, is_gap = state[:, -1], is_unseen[:, -1]
    seen = (~is_gap).sum(axis=1)
    seen_mean = np.where(is_gap, 0.0, all_days).sum(axis=1) / np.maximum(seen, 1)
    all_days = np.where(is_gap, np.where(seen > 0, seen_mean, mean_kw)[:, None], all_days)
    return np.where(is_unseen[:, :-1], all_days[:, None, :], state[:, :-1])
