"""Calendar columns that all sites share, made once for fleets that are computed in chunks."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np

from vpp.baseline.forecasting.calendar_columns import calendar_columns, day_kinds, kinds_told
from vpp.baseline.forecasting.normal_equations import independent
from vpp.baseline.forecasting.panel import Bools, Floats, LoadPanel
from vpp.baseline.forecasting.windows import recency_weights

DESIGNS_KEPT = 32  # a chunk of a fleet and its replays; about a megabyte each for hourly slots


@dataclass(frozen=True, slots=True, eq=False)
class SharedDesign:
    """Columns of the calendar for slots from a panel's first on.

    Attributes:
        columns: The constant first; independent of each other where they are learnt. Shape (T, P).
        has_days_off: Whether days off have columns of their own.
        root: Square roots of the weights of the slots learnt from. Shape (L,).
        weighted: Those slots' columns times the roots. Shape (L, P).
        inverse: Pseudo-inverse of them. Shape (P, L).
    """

    columns: Floats
    has_days_off: bool
    root: Floats
    weighted: Floats
    inverse: Floats


@dataclass(frozen=True, slots=True)
class DesignTerms:
    """What a shared design depends on, but for the calendar.

    Attributes:
        length: How many slots, those to forecast among them.
        learnt_from: First slot to learn from.
        fit_end: The first slot not to learn from.
        harmonics: Harmonics of the day.
        half_life_days: Age at which a slot counts half; None weighs all alike.
        told: Kinds of day that have columns; None takes those that enough of the slots are of.
    """

    length: int
    learnt_from: int
    fit_end: int
    harmonics: int
    half_life_days: float | None
    told: tuple[bool, ...] | None = None


def shared_design(panel: LoadPanel, terms: DesignTerms) -> SharedDesign:
    """Return the columns of a panel's calendar; equal calendars and terms share one design."""
    return _design(panel.slots_per_day, panel.first_day, panel.holidays, terms)


@lru_cache(maxsize=DESIGNS_KEPT)
def _design(
    slots_per_day: int, first_day: int, holidays: frozenset[date], terms: DesignTerms
) -> SharedDesign:
    calendar = LoadPanel(np.empty((0, 0)), slots_per_day, first_day, holidays)
    slots, learnt = np.arange(terms.length), np.arange(terms.learnt_from, terms.fit_end)
    told: Bools = (
        kinds_told(day_kinds(calendar, learnt), np.ones(len(learnt), dtype=np.bool_), slots_per_day)
        if terms.told is None
        else np.array(terms.told)
    )
    columns = np.hstack(
        [np.ones((terms.length, 1)), calendar_columns(calendar, slots, terms.harmonics, told)]
    )
    root = (
        np.ones(len(learnt))
        if terms.half_life_days is None
        else np.sqrt(recency_weights(terms.fit_end - learnt, slots_per_day, terms.half_life_days))
    )
    columns = columns[:, independent(columns[learnt] * root[:, None])]
    weighted = columns[learnt] * root[:, None]
    design = SharedDesign(columns, bool(told[0]), root, weighted, np.linalg.pinv(weighted))
    for values in (design.columns, design.root, design.weighted, design.inverse):
        values.setflags(write=False)  # shared by all who ask
    return design
