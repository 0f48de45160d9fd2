"""Signs that a baseline was moved on purpose, each with its figures."""

import enum
from dataclasses import dataclass


class GamingKind(enum.Enum):
    """What looks odd. A flag is a reason to look, never a judgement.

    A site that is paid to use less gains by a baseline that is too high, one that is paid to use more by one
    that is too low: lowered load, a dip and exclusions that lower the baseline are the same signs there.
    """

    RAISED_LOAD = "raised_load"
    PRE_EVENT_RAMP = "pre_event_ramp"
    LOWERED_LOAD = "lowered_load"
    PRE_EVENT_DIP = "pre_event_dip"
    THINNED_DAYS = "thinned_days"
    OLD_DAYS = "old_days"
    EXCLUSION_NOT_LOW = "exclusion_not_low"
    EXCLUSION_RAISES_BASELINE = "exclusion_raises_baseline"
    EXCLUSION_LOWERS_BASELINE = "exclusion_lowers_baseline"


@dataclass(frozen=True, slots=True)
class GamingFlag:
    """One sign.

    Attributes:
        kind: What looks odd.
        value: The figure: a ratio, or days for `OLD_DAYS`.
        limit: What it was held against, in the same unit.
        reason: Both in a sentence, with what they were compared with.
    """

    kind: GamingKind
    value: float
    limit: float
    reason: str


@dataclass(frozen=True, slots=True)
class GamingLimits:
    """When a figure is flagged. Ours, not a market's.

    Attributes:
        load_ratio: Load over that of like days, in the adjustment window or after notice; where more
            consumption is asked for, theirs over it.
        placebo_quantile: It must also lie above this quantile of the same figure on earlier like days.
        fewest_placebos: Earlier days below which the quantile is not asked.
        thinned_ratio: Share of like days in the look-back that events and exclusions took away.
        age_days: Age of the oldest day used, where younger like days were taken away.
        exclusion_ratio: An excluded day's load over that of the like days kept, in the event's window.
        baseline_ratio: How much the exclusions may move the unadjusted baseline in the site's favour.
    """

    load_ratio: float = 1.2
    placebo_quantile: float = 0.95
    fewest_placebos: int = 10
    thinned_ratio: float = 0.5
    age_days: int = 45
    exclusion_ratio: float = 0.75
    baseline_ratio: float = 0.02
