"""The mean of the forecast members, and what it would have said on recent days."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from statsmodels.tools.sm_exceptions import MissingDataError

from vpp.baseline.autoreg_member import autoreg_forecast
from vpp.baseline.day_arx_member import day_arx_forecast
from vpp.baseline.fourier_member import fourier_forecast
from vpp.baseline.slot_history import Floats, Ints, SlotHistory

Member = Callable[[SlotHistory, Ints, int, int], Floats]

# Errors of recent days come from coefficients fitted on the days before them, refitted once per block.
REFIT_BLOCKS, DAYS_PER_BLOCK = 7, 2
FEWEST_DAYS_TO_FIT = 14
RANGE_MARGIN_RATIO = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class MixForecast:
    """Point forecast and past errors of a mix.

    Attributes:
        ahead_kw: Mean of the members from the end of history on, kW; NaN without members. Shape (lead,).
        errors_kw: Actual minus forecast of recent origins, a day apart; NaN where nothing was
            metered or the time had not come. Shape (days, lead).
        members: Names of the members that worked.
        notes: What the library warned of, and which members failed.
    """

    ahead_kw: Floats
    errors_kw: Floats
    members: tuple[str, ...]
    notes: tuple[str, ...]


def mix_members(history: SlotHistory, metered: SlotHistory, lead: int) -> MixForecast:
    """Forecast by every member, and take the mean of those that worked.

    Args:
        history: Load without gaps, at least three weeks of it.
        metered: The same with its gaps: imputed load is no evidence of errors.
        lead: How many slots to forecast, at most a week.

    Returns:
        The mix, of no members if none gave a finite forecast.
    """
    batches = _batches(history, lead)
    worked: dict[str, Floats] = {}
    notes: list[str] = []
    for name, member in _members().items():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                paths_kw = np.vstack(
                    [member(history, origins, lead, fit_end) for origins, fit_end in batches]
                )
            except (np.linalg.LinAlgError, ValueError, MissingDataError) as error:
                notes.append(f"{name} failed: {error}")
                continue
        notes.extend(f"{name}: {warning.message}" for warning in caught)
        if np.isfinite(paths_kw).all():
            worked[name] = np.clip(paths_kw, *_bounds(history, lead))
        else:
            notes.append(f"{name} failed: not finite")
    actual_kw = metered.after(np.concatenate([origins for origins, _ in batches]), lead)
    mean_kw = np.mean(list(worked.values()), axis=0) if worked else np.full_like(actual_kw, np.nan)
    return MixForecast(
        ahead_kw=mean_kw[-1],
        errors_kw=(actual_kw - mean_kw)[:-1],
        members=tuple(worked),
        notes=tuple(dict.fromkeys(notes)),
    )


def _members() -> Mapping[str, Member]:
    return {"fourier": fourier_forecast, "autoreg": autoreg_forecast, "day-arx": day_arx_forecast}


def _bounds(history: SlotHistory, lead: int) -> tuple[Floats, Floats]:
    """Return the range of each slot ahead, half of it added on either side; each of shape (lead,)."""
    m, end = history.slots_per_day, history.length
    whole = history.load_kw[end % m :].reshape(-1, m)  # days that end with the history
    lowest, highest = whole.min(axis=0), whole.max(axis=0)
    margin = RANGE_MARGIN_RATIO * (highest - lowest)
    slot = np.arange(lead) % m
    return (lowest - margin)[slot], (highest + margin)[slot]


def _batches(history: SlotHistory, lead: int) -> list[tuple[Ints, int]]:
    """Return forecast origins with the end of what each is fitted on, the real forecast last."""
    m, end = history.slots_per_day, history.length
    batches: list[tuple[Ints, int]] = []
    for block in range(REFIT_BLOCKS, 0, -1):
        oldest = block * DAYS_PER_BLOCK
        days_back = np.arange(oldest, oldest - DAYS_PER_BLOCK, -1)
        fit_end = end - oldest * m
        if fit_end >= FEWEST_DAYS_TO_FIT * m + lead:
            batches.append((end - days_back * m, fit_end))
    return [*batches, (np.array([end]), end)]
