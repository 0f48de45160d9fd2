"""What a computation found for one site, interval by interval."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from vpp.baseline.rule_baseline import NoBaseline, RuleBaseline
from vpp.baseline.rules.delivery import delivered_reduction_kw
from vpp.baseline.scoring.gaming_flag import GamingFlag
from vpp.baseline.site_meter import SiteMeter
from vpp.foundation.interval import Interval
from vpp.foundation.series import hours, regular, starts
from vpp.portfolio.baseline_rule import BaselineRule
from vpp.telemetry.edited_series import EditedSeries
from vpp.telemetry.quality import MeterQuality

MEASURED = MeterQuality.OK.name.lower()
ESTIMATED = MeterQuality.ESTIMATED.name.lower()
NOT_METERED = MeterQuality.MISSING.name.lower()


@dataclass(frozen=True, slots=True, eq=False)
class SiteOutcome:
    """One site's baseline, or why there is none.

    Attributes:
        site_id: Whose.
        meter: What the baseline was made from.
        edited: The meter's readings, raw and edited.
        baseline: The baseline, or why there is none.
        flags: Signs that it was moved on purpose.
    """

    site_id: str
    meter: SiteMeter
    edited: EditedSeries
    baseline: RuleBaseline | NoBaseline
    flags: tuple[GamingFlag, ...] = ()

    @property
    def found(self) -> RuleBaseline | None:
        """The baseline; None if there is none."""
        return self.baseline if isinstance(self.baseline, RuleBaseline) else None

    @property
    def quality(self) -> list[str]:
        """Name of the quality of each reading. Length T."""
        return [str(name) for name in self.edited.to_frame()["quality"]]

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know."""
        if isinstance(self.baseline, NoBaseline):
            return (f"no baseline: {self.baseline.detail}",)
        return self.baseline.notes


def interval_rows(outcome: SiteOutcome, rule: BaselineRule, event: Interval) -> pd.DataFrame:
    """List an event's intervals with baseline, load and reduction.

    A reading that was estimated proves no reduction: it counts as none. Where nothing was metered, and
    nothing could be estimated, the reduction is empty and counts as none too. With a device split, what
    storage and generation exported is no reduction.

    Args:
        outcome: The site's outcome.
        rule: The rule that was applied.
        event: The event, UTC, on the metering grid.

    Returns:
        One row per interval: site, start_time, end_time, baseline_raw_kw, adjustment_kw, baseline_kw,
        metered_kw, reduction_kw, reduction_kwh, quality, flag, reason, method, unverified, notes.
    """
    step = outcome.edited.step
    index = pd.DatetimeIndex(regular(np.zeros(len(starts(event, step))), event.start, step).index)
    readings = outcome.edited.to_frame().reindex(index)
    metered_kw = readings["edited_kw"].astype(float)
    quality = readings["quality"].fillna(NOT_METERED)
    found = outcome.found
    gap = pd.Series(np.nan, index=index)
    raw_kw, baseline_kw = (gap, gap) if found is None else (found.raw_kw, found.adjusted_kw)
    difference_kw = gap if found is None else delivered_reduction_kw(rule, found, outcome.meter)
    is_measured = quality == MEASURED
    reduction_kw = difference_kw.where(is_measured | difference_kw.isna(), 0.0)
    return pd.DataFrame(
        {
            "site": outcome.site_id,
            "start_time": index,
            "end_time": index + pd.Timedelta(step),
            "baseline_raw_kw": raw_kw.to_numpy(),
            "adjustment_kw": (baseline_kw - raw_kw).to_numpy(),
            "baseline_kw": baseline_kw.to_numpy(),
            "metered_kw": metered_kw.to_numpy(),
            "reduction_kw": reduction_kw.to_numpy(),
            "reduction_kwh": (reduction_kw * hours(step)).to_numpy(),
            "quality": quality.to_numpy(),
            "flag": readings["flag"].fillna("").to_numpy(),
            "reason": readings["reason"].fillna("not in the meter file").to_numpy(),
            "method": rule.baseline_id if found is None else found.method,
            "unverified": "no" if rule.is_verified else "yes",
            "notes": "; ".join(outcome.notes),
        }
    )
