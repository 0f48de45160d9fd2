"""Like days taken away by events and exclusions."""

import numpy as np

from vpp.baseline.scoring.civil_days import number_of
from vpp.baseline.scoring.gaming_flag import GamingFlag, GamingKind
from vpp.baseline.scoring.gaming_view import GamingView


def thinned_days(view: GamingView) -> GamingFlag | None:
    """Flag a look-back in which events and exclusions took away most of the like days."""
    every, kept = len(view.all_days()), len(view.kept_days())
    if not every or (share := 1.0 - kept / every) <= view.limits.thinned_ratio:
        return None
    return GamingFlag(
        GamingKind.THINNED_DAYS,
        share,
        view.limits.thinned_ratio,
        f"{every - kept} of {every} like days in the look-back were event days or excluded, more than "
        f"{view.limits.thinned_ratio:.0%}",
    )


def old_days(view: GamingView) -> GamingFlag | None:
    """Flag a baseline made from old days while events or exclusions took younger ones away."""
    if not view.baseline.days_used:
        return None
    day, oldest = number_of(view.day), number_of(min(view.baseline.days_used))
    age = day - oldest
    every, kept = view.all_days(), view.kept_days()
    taken = int(np.count_nonzero(~np.isin(every[every > oldest], kept)))
    if age <= view.limits.age_days or not taken:
        return None
    return GamingFlag(
        GamingKind.OLD_DAYS,
        float(age),
        float(view.limits.age_days),
        f"the oldest day used lies {age} days back, more than {view.limits.age_days}; {taken} younger like "
        "days were event days or excluded",
    )
