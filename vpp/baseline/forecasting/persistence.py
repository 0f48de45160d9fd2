"""Load that stays where it is: held as it was, as far as that has lately been right."""

from dataclasses import dataclass

import numpy as np

from vpp.baseline.forecasting.class_profile import class_profiles
from vpp.baseline.forecasting.panel import WEEK, Floats, Ints, LoadPanel
from vpp.baseline.forecasting.windows import window

TRIED_DAYS = 7
EVEN_RATIO = 0.6  # of the class profile's error: here a held load and a regression are trusted alike
SHARPNESS = 6
CHOICE_SHARPNESS = 12  # nearly a choice of the best, and of two as good the mean
WINDOW_DAYS = 35  # two weeks to look back on, and weeks for the profile to form
LEAST_ERROR = 1e-9  # of scaled load: below it, errors are rounding


@dataclass(frozen=True, slots=True, eq=False)
class HeldLoad:
    """The forecast of a load that stays as it was.

    Attributes:
        kw: Shape (S, O, lead).
        trust: How far to follow it rather than a regression, 0..1. Shape (S, O).
    """

    kw: Floats
    trust: Floats

    def mixed_with(self, regression_kw: Floats) -> Floats:
        """Return the mean with a regression's forecast by trust; shape (S, O, lead)."""
        share = self.trust[:, :, None]
        return np.asarray(share * self.kw + (1.0 - share) * regression_kw)


def held_load(panel: LoadPanel, origins: Ints, lead: int) -> HeldLoad:
    """Hold the last slot, the last day or the last week, by how little each erred in the last seven days.

    Computing halls often run level for days and then at another level, or repeat a week to the letter;
    regressions on the calendar remember the level before. How far a held load is trusted follows from
    its error relative to that of the class profile, which both are known one day ahead without a
    fit: on buildings it is larger and the trust nearly 0.

    Args:
        panel: Load without gaps up to the latest origin, at least 14 days of it before the earliest.
        origins: Forecasts begin at these slots, all at the same slot of their day. Shape (O,).
        lead: How many slots to forecast from each origin, at most a week.

    Returns:
        The held load and its trust.
    """
    m = panel.slots_per_day
    cut = window(panel, origins, int(origins.min()), WINDOW_DAYS)
    days_back = np.arange(TRIED_DAYS, 0, -1) * m
    tried = (cut.origins[:, None] - days_back).ravel()
    actual = cut.panel.load_kw[:, tried[:, None] + np.arange(m)]
    shape = (panel.site_count, len(origins), -1)
    errors = [
        np.abs(paths - actual).reshape(shape).mean(axis=2)
        for paths in (*_held(cut.panel, tried, m), _profile(cut.panel, tried, m))
    ]
    held_errors, profile_error = np.stack(errors[:-1]), errors[-1]
    # Weights instead of a choice: of two that are as good, rounding must not decide.
    relative = np.maximum(held_errors, LEAST_ERROR) / np.maximum(held_errors.min(axis=0), LEAST_ERROR)
    weights = relative**-CHOICE_SHARPNESS
    weights /= weights.sum(axis=0)
    held = sum(
        weight[:, :, None] * path
        for weight, path in zip(weights, _held(cut.panel, cut.origins, lead), strict=True)
    )
    ratio = held_errors.min(axis=0) / np.maximum(profile_error, LEAST_ERROR)
    return HeldLoad(np.asarray(held), 1.0 / (1.0 + (ratio / EVEN_RATIO) ** SHARPNESS))


def _held(panel: LoadPanel, origins: Ints, lead: int) -> list[Floats]:
    """Return the last slot's, the last day's and the last week's load, held; each (S, O, lead)."""
    m, ahead = panel.slots_per_day, np.arange(lead)
    target = origins[:, None] + ahead
    last = panel.load_kw[:, origins - 1][:, :, None]
    return [
        np.broadcast_to(last, (len(last), *target.shape)),
        panel.load_kw[:, target - (ahead // m + 1) * m],
        panel.load_kw[:, target - WEEK * m],
    ]


def _profile(panel: LoadPanel, origins: Ints, lead: int) -> Floats:
    """Return the class profile as it was known at each origin; shape (S, O, lead)."""
    m = panel.slots_per_day
    target = origins[:, None] + np.arange(lead)
    day_class = panel.day_classes(int(target.max()) // m + 1)
    profiles = class_profiles(panel)
    return np.asarray(profiles[:, (origins // m)[:, None], day_class[target // m], target % m])
