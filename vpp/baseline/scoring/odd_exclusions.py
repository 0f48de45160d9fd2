"""Days that a site excluded although its load was not low."""

from dataclasses import replace
from datetime import date

import numpy as np

from vpp.baseline.rule_baseline import RuleBaseline
from vpp.baseline.rules.engine import compute_baseline
from vpp.baseline.scoring.civil_days import civil_day_of
from vpp.baseline.scoring.gaming_flag import GamingFlag, GamingKind
from vpp.baseline.scoring.gaming_view import GamingView
from vpp.foundation.direction import Direction


def odd_exclusions(view: GamingView) -> tuple[GamingFlag, ...]:
    """Flag exclusions that look chosen: days at a usual level, and such days that move the baseline.

    An outage or shutdown has a low load. A day with the load of any other says that something else was
    the reason; where leaving such days out raises the baseline, the site gained by it. Where the event asks
    for more consumption it gained where they lower it.
    """
    ratios = _not_low(view)
    if not ratios:
        return ()
    listed = ", ".join(f"{day.isoformat()} at {ratio:.0%}" for day, ratio in sorted(ratios.items()))
    flags = [
        GamingFlag(
            GamingKind.EXCLUSION_NOT_LOW,
            max(ratios.values()),
            view.limits.exclusion_ratio,
            f"excluded days with at least {view.limits.exclusion_ratio:.0%} of the load of like days in the "
            f"event's window: {listed}",
        )
    ]
    raised = _raised_by(view, frozenset(ratios))
    raises = view.direction is Direction.LOAD_DOWN
    gained = raised if raised is None or raises else -raised
    if gained is not None and gained > view.limits.baseline_ratio:
        flags.append(
            GamingFlag(
                GamingKind.EXCLUSION_RAISES_BASELINE if raises else GamingKind.EXCLUSION_LOWERS_BASELINE,
                gained,
                view.limits.baseline_ratio,
                f"without these exclusions the unadjusted baseline would be "
                f"{'lower: they raise' if raises else 'higher: they lower'} it by {gained:.1%}, more than "
                f"{view.limits.baseline_ratio:.1%}",
            )
        )
    return tuple(flags)


def _not_low(view: GamingView) -> dict[date, float]:
    """Return the excluded like days in the look-back whose load was not low, each with its ratio."""
    excluded = np.array(
        [number for number in view.all_days() if civil_day_of(int(number)) in view.site.excluded_dates],
        dtype=np.int64,
    )
    kept_kw = view.table.mean_kw(view.event, view.day, view.kept_days())
    kept_kw = kept_kw[~np.isnan(kept_kw)]
    if not excluded.size or not kept_kw.size or kept_kw.mean() <= 0:
        return {}
    ratios = view.table.mean_kw(view.event, view.day, excluded) / kept_kw.mean()
    return {
        civil_day_of(int(number)): float(ratio)
        for number, ratio in zip(excluded, ratios, strict=True)
        if ratio >= view.limits.exclusion_ratio
    }


def _raised_by(view: GamingView, days: frozenset[date]) -> float | None:
    """Return by which share leaving the days out raises the unadjusted baseline; None if it cannot tell."""
    again = compute_baseline(
        view.rule,
        replace(view.site, excluded_dates=view.site.excluded_dates - days),
        view.event,
        notice_at=view.notice_at,
        library=view.library,
    )
    if not isinstance(again, RuleBaseline) or not again.raw_kw.mean() > 0:
        return None
    return float(view.baseline.raw_kw.mean() / again.raw_kw.mean()) - 1.0
