"""Which forecast method a site's history allows."""

from dataclasses import dataclass

import numpy as np

from vpp.baseline.class_profile import profile_forecast
from vpp.baseline.conformal import HIGH_LEVEL, LOW_LEVEL, Spread, spread
from vpp.baseline.imputation import imputed
from vpp.baseline.member_mix import mix_members
from vpp.baseline.slot_history import Floats, Ints, SlotHistory

# The steps, from the best down.
MEAN_OF_MEMBERS = "mean-of-members"
CLASS_PROFILE = "class-profile"
MEAN_LOAD = "mean-load"
CONSTANT = "constant"

FEWEST_DAYS_FOR_MEMBERS = 21
FEWEST_DAYS_FOR_PROFILE = 2
LONGEST_LEAD_DAYS = 7
LEAST_KNOWN_RATIO = 0.5
PROFILE_ERROR_DAYS = 14


@dataclass(frozen=True, slots=True, eq=False)
class LadderStep:
    """What one step of the ladder says.

    Attributes:
        method: Name of the step.
        ahead_kw: Point forecast from the end of history on, kW. Shape (lead,).
        spread: Quantiles around it.
        members: The models behind it.
        notes: What the models' library warned of, and members that failed.
    """

    method: str
    ahead_kw: Floats
    spread: Spread
    members: tuple[str, ...]
    notes: tuple[str, ...] = ()


def best_step(history: SlotHistory, positions: Floats) -> LadderStep:
    """Take the best method that the history allows.

    A load that never changed stays as it is. Three weeks with at least half the slots known, and
    a horizon within a week, allow the mean of the members; two days allow the class profile; less
    than that, the mean load with the quantiles of the load itself.

    Args:
        history: Load with gaps, at least one slot known.
        positions: Middles of the intervals wanted, in slots from the history's first. Shape (N,).

    Returns:
        The step taken; finite throughout.
    """
    load_kw, m = history.load_kw, history.slots_per_day
    ahead = np.floor(positions).astype(np.int64) - history.length
    lead = max(int(ahead.max()) + 1, 1)
    wanted = np.unique(np.maximum(ahead, 0))
    if np.nanmin(load_kw) == np.nanmax(load_kw):
        return LadderStep(CONSTANT, np.full(lead, load_kw[-1]), Spread(0.0, 0.0, 0.0), (CONSTANT,))
    known = np.flatnonzero(~np.isnan(load_kw))
    notes: tuple[str, ...] = ()
    is_enough = history.length >= FEWEST_DAYS_FOR_MEMBERS * m and len(known) >= LEAST_KNOWN_RATIO * len(
        load_kw
    )
    if is_enough and lead <= LONGEST_LEAD_DAYS * m:
        mix = mix_members(imputed(history), history, lead)
        notes = mix.notes
        errors_kw = mix.errors_kw[:, wanted]
        if mix.members and _any_known(errors_kw):
            return LadderStep(MEAN_OF_MEMBERS, mix.ahead_kw, spread(errors_kw), mix.members, notes)
    if len(np.unique(known // m)) >= FEWEST_DAYS_FOR_PROFILE:
        ahead_kw, all_errors_kw = _profile(history, lead)
        if _any_known(all_errors_kw[:, wanted]):
            around = spread(all_errors_kw[:, wanted])
            return LadderStep(CLASS_PROFILE, ahead_kw, around, (CLASS_PROFILE,), notes)
    return _mean_load(load_kw, lead, notes)


def _any_known(errors_kw: Floats) -> bool:
    return not np.isnan(errors_kw).all()


def _profile(history: SlotHistory, lead: int) -> tuple[Floats, Floats]:
    """Return the class profile ahead, and its errors on recent days."""
    m, end = history.slots_per_day, history.length
    days_back: Ints = np.arange(min((end - 1) // m, PROFILE_ERROR_DAYS), -1, -1)
    origins = end - days_back * m
    paths_kw = profile_forecast(history, origins, lead)
    return paths_kw[-1], (history.after(origins, lead) - paths_kw)[:-1]


def _mean_load(load_kw: Floats, lead: int, notes: tuple[str, ...]) -> LadderStep:
    mean_kw = float(np.nanmean(load_kw))
    low_kw, high_kw = (float(np.nanquantile(load_kw, level)) for level in (LOW_LEVEL, HIGH_LEVEL))
    around = Spread(min(low_kw - mean_kw, 0.0), 0.0, max(high_kw - mean_kw, 0.0))
    return LadderStep(MEAN_LOAD, np.full(lead, mean_kw), around, (MEAN_LOAD,), notes)
