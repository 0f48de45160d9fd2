"""Member of the forecast: how the days ahead deviate from the class profile."""

import numpy as np
from statsmodels.regression.linear_model import WLS

from vpp.baseline.calendar_columns import harmonics, varying
from vpp.baseline.class_profile import class_profiles
from vpp.baseline.slot_history import WORKDAY_CLASS, Floats, Ints, SlotHistory

HALF_LIFE_DAYS = 21.0
HARMONICS = 3
WEEK = 7
LAST_HOURS_PER_DAY = 12  # the last two hours are a twelfth of a day
FADE_PER_DAY = 6  # the last hours' influence fades over a sixth of a day
SHRINKAGE = 1.0  # the evidence for no deviation weighs as much as the history
FIRST_TRAINING_DAY = 8  # a week to look back on, and a day for the profile to form


def day_arx_forecast(history: SlotHistory, origins: Ints, lead: int, fit_end: int) -> Floats:
    """Forecast deviations from the class profile, directly for every slot ahead.

    One weighted regression per day ahead, pooled over its slots, on the deviations of the day before
    the origin and of a week before the slot.

    Args:
        history: Load without gaps up to the latest origin, more than 9 days before the earliest.
        origins: Forecasts begin at these slots, all at the same slot of their day. Shape (O,).
        lead: How many slots to forecast from each origin, at most a week.
        fit_end: Coefficients come from slots before this one; at most the earliest origin.

    Returns:
        kW. Shape (O, lead).
    """
    m = history.slots_per_day
    state = _Deviations(history, max(int(origins.max()) + lead, history.length))
    first = FIRST_TRAINING_DAY * m + int(origins[0]) % m
    forecast_kw = np.empty((len(origins), lead))
    for begin in range(0, lead, m):
        ahead = np.arange(begin, min(begin + m, lead))
        past = np.arange(first, fit_end - int(ahead[-1]), m)
        trained, deviation = state.features(past, ahead), state.deviation(past, ahead).ravel()
        kept = varying(trained)
        kept[0] = True  # the constant
        age_days = (fit_end - np.repeat(past, len(ahead))) / m
        fit = _shrunk(trained[:, kept], deviation, 0.5 ** (age_days / HALF_LIFE_DAYS))
        wanted = state.features(origins, ahead)[:, kept] @ fit
        forecast_kw[:, ahead] = state.profile(origins, ahead) + wanted.reshape(len(origins), len(ahead))
    return forecast_kw


def _shrunk(columns: Floats, deviation_kw: Floats, weights: Floats) -> Floats:
    """Fit by weighted least squares, towards no deviation from the profile.

    One row per column says that its coefficient is 0. Without them, columns that hardly vary within
    a day explain the few days there are, and nothing of the next.
    """
    weight = SHRINKAGE * float(weights.sum())
    pseudo = np.diag(np.sqrt(np.average(columns**2, axis=0, weights=weights)))
    fit = WLS(
        np.concatenate([deviation_kw, np.zeros(len(pseudo))]),
        np.vstack([columns, pseudo]),
        weights=np.concatenate([weights, np.full(len(pseudo), weight)]),
    ).fit()
    params: Floats = np.asarray(fit.params, dtype=np.float64)
    return params


class _Deviations:
    """Load against the class profile of the day before, and the features made of it."""

    def __init__(self, history: SlotHistory, length: int) -> None:
        m = self.m = history.slots_per_day
        self.load_kw = history.load_kw
        day_count = length // m + 1
        self.day_class = history.day_classes(day_count)
        self.weekday = history.weekdays(day_count)
        self.profiles = class_profiles(history)
        known = np.arange(history.length)
        self.past = self.load_kw - self.profiles[known // m, self.day_class[known // m], known % m]

    def profile(self, origins: Ints, ahead: Ints) -> Floats:
        """Return the profile of each slot ahead as known at the origin; shape (O, A)."""
        target = origins[:, None] + ahead
        profile_kw: Floats = self.profiles[
            (origins // self.m)[:, None], self.day_class[target // self.m], target % self.m
        ]
        return profile_kw

    def deviation(self, origins: Ints, ahead: Ints) -> Floats:
        """Return what the slots ahead turned out to deviate by; shape (O, A)."""
        deviation_kw: Floats = self.load_kw[origins[:, None] + ahead] - self.profile(origins, ahead)
        return deviation_kw

    def features(self, origins: Ints, ahead: Ints) -> Floats:
        """Return the regressors of each slot ahead; shape (O x A, columns)."""
        m = self.m
        target = origins[:, None] + ahead
        day = target // m
        week_ago = target - WEEK * m
        last_day = self.past[origins[:, None] - m + np.arange(m)]
        mean = np.broadcast_to(last_day.mean(axis=1)[:, None], target.shape)
        last_hours = np.broadcast_to(
            last_day[:, -(m // LAST_HOURS_PER_DAY) :].mean(axis=1)[:, None], target.shape
        )
        is_off = self.day_class != WORKDAY_CLASS
        class_changes = self.day_class[day] != self.day_class[(origins - 1) // m][:, None]
        columns = [
            np.ones(target.shape),
            mean,
            self.past[target - (ahead // m + 1) * m],
            self.past[week_ago],
            self.load_kw[week_ago] - self.profile(origins, ahead),
            last_hours,
            last_hours * np.exp(-ahead / (m / FADE_PER_DAY)),
            self.weekday[day] == 0,
            is_off[day],
            is_off[day - 1],
            mean * class_changes,
        ]
        flat = np.stack([column.ravel() for column in columns], axis=1).astype(np.float64)
        return np.hstack([flat, harmonics(((target % m) / m).ravel(), HARMONICS)])
