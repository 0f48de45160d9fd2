"""What a site would have used during an event."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from vpp.baseline.adjustment import SameDayAdjustment, same_day_adjustment
from vpp.baseline.day_matching import RawBaseline, raw_baseline
from vpp.baseline.insufficient_history import InsufficientHistory
from vpp.foundation.interval import Interval
from vpp.portfolio.product import BaselineRules


@dataclass(frozen=True, slots=True, eq=False)
class SiteBaseline:
    """The baseline that an event is settled against.

    Attributes:
        raw_kw: Before the same-day adjustment, kW, consumption positive, on the event's intervals.
            Shape (N,).
        adjustment_kw: Added to every interval, kW; may be negative.
        adjusted_kw: After it, never below 0, kW. Shape (N,).
        days_used: Civil days that were averaged, most recent first.
        method: The rule's `baseline_id`, or the named fallback that history allowed.
        adjusted: Whether the same-day adjustment could be made; False means it is 0 kW.
        capped: Whether the cap made the adjustment smaller than measured.
    """

    raw_kw: pd.Series
    adjustment_kw: float
    adjusted_kw: pd.Series
    days_used: tuple[date, ...]
    method: str
    adjusted: bool
    capped: bool


def adjusted_baseline(raw: RawBaseline, adjustment: SameDayAdjustment) -> SiteBaseline:
    """Add a same-day adjustment to a raw baseline that was frozen earlier; the sum stops at 0."""
    adjusted_kw = (raw.raw_kw + adjustment.adjustment_kw).clip(lower=0.0).rename("adjusted_kw")
    return SiteBaseline(
        raw_kw=raw.raw_kw,
        adjustment_kw=adjustment.adjustment_kw,
        adjusted_kw=adjusted_kw,
        days_used=raw.days_used,
        method=raw.method,
        adjusted=adjustment.applied,
        capped=adjustment.capped,
    )


def site_baseline(  # noqa: PLR0913  series, event and rules come from three places, the site's calendar from a fourth
    metered_kw: pd.Series,
    event: Interval,
    rules: BaselineRules,
    *,
    time_zone: str,
    holidays: frozenset[date],
    excluded_dates: frozenset[date],
    masked: Sequence[Interval],
) -> SiteBaseline | InsufficientHistory:
    """Make the whole baseline at once, after the event: raw baseline plus same-day adjustment.

    Args:
        metered_kw: Net power on the settlement grid, kW, consumption positive. Regular UTC index
            labelled by interval starts; NaN is a gap. Shape (T,).
        event: The event, UTC, at most a day long.
        rules: The product's baseline rules.
        time_zone: IANA name of the site's civil time.
        holidays: Civil dates that count as Sundays.
        excluded_dates: Civil dates that are never candidates: event days, outages.
        masked: Spans whose readings are hidden: other events and their rebound.

    Returns:
        The baseline, or `InsufficientHistory` where no similar day has data.

    Raises:
        InvalidInput: As `raw_baseline` and `same_day_adjustment`.
    """
    raw = raw_baseline(
        metered_kw,
        event,
        rules,
        time_zone=time_zone,
        holidays=holidays,
        excluded_dates=excluded_dates,
        masked=masked,
    )
    if isinstance(raw, InsufficientHistory):
        return raw
    adjustment = same_day_adjustment(metered_kw, event, raw, rules, time_zone=time_zone, masked=masked)
    return adjusted_baseline(raw, adjustment)
