"""More columns that tell how a load will deviate from its class profile, for long histories."""

import numpy as np

from vpp.baseline.forecasting.calendar_columns import FRIDAY, MONDAY, harmonics
from vpp.baseline.forecasting.class_profile import CLASS_COUNT, class_profiles
from vpp.baseline.forecasting.deviation_columns import HARMONICS, DeviationColumns
from vpp.baseline.forecasting.panel import (
    SUNDAY,
    SUNDAY_CLASS,
    WEEK,
    WORKDAY_CLASS,
    Bools,
    Floats,
    Ints,
    LoadPanel,
)

SLOW_NEWEST_WEIGHT = 0.12
FRIDAYS_TO_TELL = 16  # with fewer, chance gives Fridays a shape of their own


class RobustColumns:
    """The columns of the day-ahead regression, and what needs months of history to be worth a column.

    Attributes:
        basic: The columns of the day-ahead regression.
    """

    def __init__(self, panel: LoadPanel, length: int) -> None:
        """Prepare the columns.

        Args:
            panel: Load without gaps.
            length: Slots, those to forecast among them.
        """
        self.basic = DeviationColumns(panel, length)
        self._panel = panel
        self._slow = class_profiles(panel, SLOW_NEWEST_WEIGHT)
        self._past_total = np.cumsum(np.pad(self.basic.past, ((0, 0), (1, 0))), axis=1)
        day_class, weekday = self.basic.day_class, self.basic.weekday
        # A weekday that is a holiday is like other holidays, not like its weekday.
        kind = np.where(day_class == SUNDAY_CLASS, SUNDAY, weekday)
        self._kind = kind
        self._last_like = _last_days(day_class, CLASS_COUNT)
        self._last_of_kind = _last_days(kind, WEEK)

    def shared(self, origins: Ints, ahead: Ints) -> Floats:
        """Return the columns that all sites share, the constant first; shape (C, O, A)."""
        m = self._panel.slots_per_day
        target = origins[:, None] + ahead
        day = target // m
        is_off = self.basic.day_class != WORKDAY_CLASS
        waves = harmonics(((target % m) / m).ravel(), min(HARMONICS, (m - 1) // 2))
        weekday = self.basic.weekday[day]
        flags = [weekday == MONDAY, is_off[day], is_off[day - 1]]
        columns = [*self.basic.shared(origins, ahead)]
        if self._panel.length >= FRIDAYS_TO_TELL * WEEK * m:
            is_friday = (weekday == FRIDAY) & ~is_off[day]
            flags.append(is_friday)
            columns.append(is_friday.astype(np.float64))
        return np.stack(columns + [flag * wave.reshape(target.shape) for flag in flags for wave in waves.T])

    def own(self, origins: Ints, ahead: Ints, profile: Floats) -> Floats:
        """Return the columns of the sites' own.

        Args:
            origins: Shape (O,).
            ahead: Slots of one day from the origin on. Shape (A,).
            profile: The class profile as known at the origin. Shape (S, O, A).

        Returns:
            Shape (S, K, O, A).
        """
        m, load = self._panel.slots_per_day, self._panel.load_kw
        target = origins[:, None] + ahead
        day, slot = target // m, target % m
        same_slot = target - (ahead // m + 1) * m
        fortnight_ago = target - 2 * WEEK * m
        known_day = same_slot // m + 1
        week_mean = (self._past_total[:, origins] - self._past_total[:, origins - WEEK * m]) / (WEEK * m)
        like_day = self._last_like[known_day, self.basic.day_class[day]]
        same_day = self._last_of_kind[known_day, self._kind[day]]
        columns = [
            self.basic.past[:, same_slot - m],
            *(
                self._where_known(past, is_known, profile)
                for past, is_known in (
                    (fortnight_ago, fortnight_ago >= 0),
                    (like_day * m + slot, like_day >= 0),
                    (same_day * m + slot, same_day >= 0),
                )
            ),
            self._slow[:, (origins // m)[:, None], self.basic.day_class[day], slot] - profile,
            np.broadcast_to(week_mean[:, :, None], (len(load), *target.shape)),
        ]
        return np.concatenate([self.basic.own(origins, ahead, profile), np.stack(columns, axis=1)], axis=1)

    def labels(self, origins: Ints, ahead: Ints) -> Floats:
        """Return share of the day gone, weekday, class of the day and of the day before; shape (4, O, A)."""
        m = self._panel.slots_per_day
        target = origins[:, None] + ahead
        day = target // m
        day_class = self.basic.day_class
        phase = (target % m) / m
        return np.stack([phase, self.basic.weekday[day], day_class[day], day_class[day - 1]])

    def _where_known(self, past: Ints, is_known: Bools, profile: Floats) -> Floats:
        """Return how earlier load lies above the profile, 0 where there is none; shape (S, O, A)."""
        return np.where(is_known, self._panel.load_kw[:, np.where(is_known, past, 0)] - profile, 0.0)


def _last_days(label: Ints, label_count: int) -> Ints:
    """Return the last day of each label before each day, -1 for none; shape (days + 1, labels).

    Example:
        >>> _last_days(np.array([0, 1, 0]), 2).tolist()
        [[-1, -1], [0, -1], [0, 1], [2, 1]]
    """
    last = np.full((len(label) + 1, label_count), -1, dtype=np.int64)
    for day, of_day in enumerate(label):
        last[day + 1] = last[day]
        last[day + 1, of_day] = day
    return last
