"""What a mix would have said on recent days, from coefficients fitted before them."""

from dataclasses import dataclass

import numpy as np

from vpp.baseline.forecasting.member import ComputedBy
from vpp.baseline.forecasting.mix import ForecastMix, mix_forecast
from vpp.baseline.forecasting.panel import Floats, Ints, LoadPanel

REPLAY_DAYS = 42
FEWEST_DAYS_TO_FIT = 14
MOST_REFITS = 7
FEWEST_DAYS_FOR_MIX = 28  # with less, an autoregression over a week costs accuracy


def mix_at(mix: ForecastMix, day_count: int) -> ForecastMix:
    """Return the mix that so many days of history allow: that asked for, or its two frugal members.

    Example:
        >>> mix_at("robust", 28), mix_at("robust", 27)
        ('robust', 'fast')
    """
    return mix if day_count >= FEWEST_DAYS_FOR_MIX else "fast"


@dataclass(frozen=True, slots=True, eq=False)
class Replay:
    """Paths of recent days.

    Attributes:
        days_back: How many days before the end of history each begins, oldest first. Shape (K,).
        paths: NaN where no member worked. Shape (S, K, lead).
    """

    days_back: Ints
    paths: Floats


def replay(panel: LoadPanel, lead: int, mix: ForecastMix, by: ComputedBy) -> Replay:
    """Forecast recent days, refitting once per block of days.

    Args:
        panel: Load without gaps.
        lead: Slots to forecast, as for the forecast itself.
        mix: Which members, as far as the history before each day allows them.
        by: Which computation.

    Returns:
        The paths; of no days where history is too short to fit on what came before.
    """
    m, end = panel.slots_per_day, panel.length
    days = [np.empty(0, dtype=np.int64)]
    paths = [np.empty((panel.site_count, 0, lead))]
    spare = (end - FEWEST_DAYS_TO_FIT * m - lead) // m  # days that leave enough before them
    replayed = min(REPLAY_DAYS, spare)
    refit_days = max(-(-replayed // MOST_REFITS), 1)
    for oldest in range(replayed, 0, -refit_days):
        days_back = np.arange(oldest, max(oldest - refit_days, 0), -1)
        origins = end - days_back * m
        fit_end = int(origins[0])
        found = mix_forecast(panel, origins, lead, fit_end, mix=mix_at(mix, fit_end // m), by=by)
        days.append(days_back)
        paths.append(found.kw)
    return Replay(np.concatenate(days), np.concatenate(paths, axis=1))
