"""The same-day adjustment: shifting a baseline to the level the site shows before the event."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.day_matching import RawBaseline
from vpp.baseline.day_selection import load_on_day
from vpp.baseline.masking import mask_intervals
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.portfolio.product import BaselineRules
from vpp.telemetry.grid import metering_step


@dataclass(frozen=True, slots=True)
class SameDayAdjustment:
    """What to add to every interval of a raw baseline.

    Attributes:
        adjustment_kw: Added to every interval, kW; may be negative.
        applied: Whether it was computed; False where the rules have no window or its data are missing.
        capped: Whether the cap made it smaller than measured.
    """

    adjustment_kw: float
    applied: bool
    capped: bool


def adjustment_window(event: Interval, rules: BaselineRules) -> Interval | None:
    """Return when the same-day adjustment is measured, or None where the rules have none.

    Example:
        An event at 17:00 with a window from 5 h to 2 h before it:

        >>> from datetime import UTC, datetime, timedelta
        >>> rules = BaselineRules(
        ...     baseline_id="high-4-of-5", day_count=4, candidate_count=5, holiday_day_count=2,
        ...     holiday_candidate_count=3, lookback_days=45, low_use_ratio=0.25, latest_day_offset=1,
        ...     adjustment_begin=timedelta(hours=5), adjustment_end=timedelta(hours=2),
        ...     adjustment_cap_ratio=0.2)
        >>> five = datetime(2026, 3, 2, 17, tzinfo=UTC)
        >>> window = adjustment_window(Interval(five, five + timedelta(hours=2)), rules)
        >>> window.start.hour, window.end.hour
        (12, 15)
    """
    if rules.adjustment_begin == rules.adjustment_end:
        return None
    return Interval(event.start - rules.adjustment_begin, event.start - rules.adjustment_end)


def same_day_adjustment(  # noqa: PLR0913  series, event, frozen baseline and rules come from four places
    metered_kw: pd.Series,
    event: Interval,
    raw: RawBaseline,
    rules: BaselineRules,
    *,
    time_zone: str,
    masked: Sequence[Interval],
) -> SameDayAdjustment:
    """Compare the load before the event with the same hours of the days the baseline averages.

    Symmetric and additive: `mean(actual) - mean(base)` over the window, up or down, at most the cap
    ratio times the raw baseline's mean. It needs every reading of the window, and at least one of the
    days used at every interval of it; otherwise there is no adjustment, and it says so.

    Args:
        metered_kw: Net power on the settlement grid, kW, up to the window's end at least. Regular UTC
            index labelled by interval starts; NaN is a gap. Shape (T,).
        event: The event that `raw` was made for, UTC.
        raw: The baseline before adjustment.
        rules: The product's baseline rules.
        time_zone: IANA name of the site's civil time.
        masked: Spans whose readings are hidden: other events and their rebound.

    Returns:
        The adjustment; 0 kW and not applied where it cannot be measured.

    Raises:
        InvalidInput: The window is off the metering grid, or the series is not regular in UTC.

    Source:
        Symmetric additive adjustment (SAA) as in PJM's economic programme; the window and the cap
        are the profile's.
    """
    window = adjustment_window(event, rules)
    step = metering_step(metered_kw)
    if window is None:
        return SameDayAdjustment(0.0, applied=False, capped=False)
    if window.duration % step or (window.start - metered_kw.index[0].to_pydatetime()) % step:
        raise InvalidInput(
            f"adjustment window from {window.start.isoformat()} for {window.duration} is not on the "
            f"metering grid of {step}",
            adjustment_begin=str(rules.adjustment_begin),
        )
    calendar = SiteCalendar(time_zone)
    visible_kw = mask_intervals(metered_kw, masked)
    actual_kw = load_on_day(
        visible_kw, window, calendar, calendar.civil_date(window.start), before=event.start
    )
    base_by_day_kw = _window_by_day(visible_kw, window, event, calendar, raw.days_used)
    is_metered = ~np.isnan(base_by_day_kw)
    if np.isnan(actual_kw).any() or not is_metered.any(axis=0).all():
        return SameDayAdjustment(0.0, applied=False, capped=False)
    base_kw = np.where(is_metered, base_by_day_kw, 0.0).sum(axis=0) / is_metered.sum(axis=0)
    measured_kw = float(actual_kw.mean() - base_kw.mean())
    cap_kw = rules.adjustment_cap_ratio * abs(float(raw.raw_kw.mean()))
    adjustment_kw = min(max(measured_kw, -cap_kw), cap_kw)
    return SameDayAdjustment(adjustment_kw, applied=True, capped=abs(measured_kw) > cap_kw)


def _window_by_day(
    visible_kw: pd.Series, window: Interval, event: Interval, calendar: SiteCalendar, days: Sequence[date]
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Read the adjustment window on each day used; shape (days, intervals)."""
    event_day, window_day = calendar.civil_date(event.start), calendar.civil_date(window.start)
    reach = event_day - window_day  # one day where the window begins before midnight
    return np.stack(
        [load_on_day(visible_kw, window, calendar, day - reach, before=event.start) for day in days]
    )
