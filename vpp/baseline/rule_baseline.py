"""The outcome of applying a rule to a site's event."""

import enum
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd


@dataclass(frozen=True, slots=True, eq=False)
class RuleBaseline:
    """What a site would have used in an event, by one rule.

    Attributes:
        raw_kw: Before the same-day adjustment, kW, consumption positive, on the event's intervals, UTC.
            Shape (N,).
        adjusted_kw: After it, within the rule's limits, kW. Shape (N,).
        adjustment_kw: What an additive adjustment adds to every interval, kW; with a ratio, the mean
            change it makes.
        adjustment_ratio: What a ratio adjustment multiplies by; 1 for additive ones and none.
        adjusted: Whether the adjustment could be made; False means it is 0 kW, and a note says why.
        capped: Whether a cap made it smaller than measured.
        days_used: Civil days that were averaged, most recent first.
        method: The rule's id, or `{rule}/{step}` with the named fallback that history allowed.
        notes: What a reader must know: fallbacks, estimates used, unverified values, in plain words.
        device_typical_kw: With a device split, its typical output; its own baseline, kW. Shape (N,).
        beside_kw: What it would have used in the windows beside the event that were asked for, kW, NaN where
            the rule cannot say; for reports. One array per window.
    """

    raw_kw: pd.Series
    adjusted_kw: pd.Series
    adjustment_kw: float
    adjustment_ratio: float
    adjusted: bool
    capped: bool
    days_used: tuple[date, ...]
    method: str
    notes: tuple[str, ...]
    device_typical_kw: pd.Series | None = None
    beside_kw: tuple[npt.NDArray[np.float64], ...] = ()


class NoBaselineReason(enum.Enum):
    """Why a rule gives no baseline; a normal outcome, and the reason goes on statements."""

    INSUFFICIENT_HISTORY = "insufficient_history"
    DAY_NOT_COVERED = "day_not_covered"
    MISSING_INPUT = "missing_input"
    WINDOW_NOT_METERED = "window_not_metered"


@dataclass(frozen=True, slots=True)
class NoBaseline:
    """A rule that could not be applied.

    Attributes:
        baseline_id: The rule.
        reason: Why.
        detail: The figures, and what would help, in a sentence.
    """

    baseline_id: str
    reason: NoBaselineReason
    detail: str
