"""How a load deviates from its class profile, and the columns that tell how it will."""

import numpy as np

from vpp.baseline.forecasting.calendar_columns import MONDAY, harmonics
from vpp.baseline.forecasting.class_profile import class_profiles
from vpp.baseline.forecasting.panel import WEEK, WORKDAY_CLASS, Floats, Ints, LoadPanel

HARMONICS = 3
LAST_HOURS_PER_DAY = 12  # the last two hours are a twelfth of a day
FADE_PER_DAY = 6  # the last hours' influence fades over a sixth of a day
FAST_FADE_PER_DAY, SLOW_FADE_PER_DAY = 12, 4  # and so does the very last slot's, in two ways
COOLING_FROM_C = 18.0
PLAN_COLUMNS = 2  # the last ones, where there is a plan
FIRST_TRAINING_DAY = 8  # a week to look back on, and a day for the profile to form


class DeviationColumns:
    """Load against the class profile of the day before, and the columns made of it."""

    def __init__(self, panel: LoadPanel, length: int) -> None:
        """Take profiles and deviations.

        Args:
            panel: Load without gaps up to the latest origin.
            length: How many slots are asked about, those to forecast among them.
        """
        m = self.m = panel.slots_per_day
        self.panel = panel
        day_count = length // m + 1
        self.day_class = panel.day_classes(day_count)
        self.weekday = panel.weekdays(day_count)
        self.profiles = class_profiles(panel)
        self.past = self._deviation(panel.load_kw, self.profiles)

    def _deviation(self, values: Floats, profiles: Floats) -> Floats:
        """Return values minus the profile of their class on their own day; shape of values."""
        slot = np.arange(values.shape[1])
        day = slot // self.m
        known_day = np.minimum(day, profiles.shape[1] - 1)
        return np.asarray(values - profiles[:, known_day, self.day_class[day], slot % self.m])

    def profile(self, origins: Ints, ahead: Ints) -> Floats:
        """Return the profile of each slot ahead as known at the origin; shape (S, O, A)."""
        target = origins[:, None] + ahead
        return np.asarray(
            self.profiles[:, (origins // self.m)[:, None], self.day_class[target // self.m], target % self.m]
        )

    def shared(self, origins: Ints, ahead: Ints) -> Floats:
        """Return the columns that all sites share, the constant first; shape (C, O, A)."""
        target = origins[:, None] + ahead
        day = target // self.m
        is_off = self.day_class != WORKDAY_CLASS
        columns = [np.ones(target.shape), self.weekday[day] == MONDAY, is_off[day], is_off[day - 1]]
        waves = harmonics(((target % self.m) / self.m).ravel(), min(HARMONICS, (self.m - 1) // 2))
        return np.stack([*columns, *(wave.reshape(target.shape) for wave in waves.T)])

    def own(self, origins: Ints, ahead: Ints, profile: Floats) -> Floats:
        """Return the columns of the sites' own; shape (S, K, O, A)."""
        m, target = self.m, origins[:, None] + ahead
        day, week_ago = target // m, target - WEEK * m
        last_day = self.past[:, origins[:, None] - m + np.arange(m)]
        mean = last_day.mean(axis=2)[:, :, None]
        last_hours = last_day[:, :, -max(m // LAST_HOURS_PER_DAY, 1) :].mean(axis=2)[:, :, None]
        changes = self.day_class[day] != self.day_class[(origins - 1) // m][:, None]
        same_slot = target - (ahead // m + 1) * m
        last_slot = last_day[:, :, -1:]
        columns = np.empty((self.panel.site_count, 10, *target.shape))
        columns[:, 0] = mean
        columns[:, 1] = self.past[:, same_slot]
        columns[:, 2] = self.past[:, week_ago]
        columns[:, 3] = self.panel.load_kw[:, week_ago] - profile
        columns[:, 4] = last_hours
        columns[:, 5] = last_hours * np.exp(-ahead / (m / FADE_PER_DAY))
        columns[:, 6] = mean * changes
        columns[:, 7] = self.panel.load_kw[:, same_slot] - profile
        columns[:, 8] = last_slot * np.exp(-ahead / (m / FAST_FADE_PER_DAY))
        columns[:, 9] = last_slot * np.exp(-ahead / (m / SLOW_FADE_PER_DAY))
        extra = [*self._weather(target), *self._plan(origins, ahead, same_slot)]
        return np.concatenate([columns, *(column[:, None] for column in extra)], axis=1) if extra else columns

    def _weather(self, target: Ints) -> list[Floats]:
        """Return how much warmer it is than it was: in the week, and since the day before."""
        if self.panel.temperature_c is None:
            return []
        temperature_c, m = self.panel.temperature_c, self.m
        same_slots = target[None] - m * np.arange(1, WEEK + 1)[:, None, None]
        columns = [
            values[:, target] - values[:, same_slots].mean(axis=1)
            for values in (temperature_c, np.maximum(temperature_c - COOLING_FROM_C, 0.0))
        ]
        day_count = temperature_c.shape[1] // m
        daily_c = temperature_c[:, : day_count * m].reshape(len(temperature_c), day_count, m).mean(axis=2)
        day = np.minimum(target // m, day_count - 1)  # a begun last day counts as the one before it
        columns.append(daily_c[:, day] - daily_c[:, day - 1])
        return columns

    def _plan(self, origins: Ints, ahead: Ints, same_slot: Ints) -> list[Floats]:
        """Return how the plan deviates from its own class profile, and did at the same slot before."""
        if self.panel.plan_kw is None:
            return []
        known = LoadPanel(
            self.panel.plan_kw[:, : self.panel.length],
            self.m,
            self.panel.first_day,
            self.panel.holidays,
        )
        profiles = class_profiles(known)
        target = origins[:, None] + ahead
        expected = profiles[
            :, (origins // self.m)[:, None], self.day_class[target // self.m], target % self.m
        ]
        past = self._deviation(known.load_kw, profiles)
        return [self.panel.plan_kw[:, target] - expected, past[:, same_slot]]
