"""Sites with a load that a test can reckon with, and rules to measure them by."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.site_meter import SiteMeter
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular
from vpp.portfolio.baseline_rule import BaselineRule

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)  # midnight in London, twelve weeks before its clocks change


def at(day: int, hour: float = 0.0) -> datetime:
    """Return an instant so many days and hours after Monday, 5 January 2026, 00:00 UTC."""
    return MONDAY + day * DAY + hour * HOUR


def span(day: int, first_hour: float, last_hour: float) -> Interval:
    """Return the span between two hours of a day counted from that Monday."""
    return Interval(at(day, first_hour), at(day, last_hour))


def day_of(day: int) -> date:
    """Return the date of a day counted from that Monday."""
    return at(day).date()


def flat_site(days: int, level_kw: float = 100.0, **changes: Any) -> SiteMeter:  # noqa: ANN401  any field
    """Return a London site at one level, hourly from that Monday."""
    return site_of(np.full(24 * days, level_kw), **changes)


def site_of(
    values_kw: npt.ArrayLike,
    *,
    step: timedelta = HOUR,
    zone: str = "Europe/London",
    **changes: Any,  # noqa: ANN401  any field
) -> SiteMeter:
    """Return a site with a load from that Monday on; fields can be replaced."""
    fields = {"calendar": SiteCalendar(zone), **changes}
    return SiteMeter(net_power_kw=regular(values_kw, fields.pop("start", MONDAY), step), **fields)


def noisy_site(days: int, seed: int = 0, **changes: Any) -> SiteMeter:  # noqa: ANN401  any field
    """Return a site with days, weeks and noise of 3 %, hourly from that Monday."""
    index = pd.date_range(changes.get("start", MONDAY), periods=24 * days, freq="h")
    working = np.where(index.day_of_week < 5, 1.0, 0.6)
    shape = 300.0 + 150.0 * working * np.exp(-(((index.hour - 14.0) / 5.0) ** 2))
    noise = np.random.default_rng(seed).normal(1.0, 0.03, len(index))
    return site_of(shape * noise, **changes)


def x_of_y(baseline_id: str = "mean-of-5", **changes: Any) -> BaselineRule:  # noqa: ANN401  any field
    """Return a rule that averages the last five like days, without adjustment; fields can be replaced."""
    fields: dict[str, Any] = {
        "baseline_id": baseline_id,
        "version": 1,
        "display_name": baseline_id,
        "jurisdiction": "test",
        "summary": "Mean of the last five like days.",
        "method": {"kind": "x_of_y", "pick": "all"},
        "days": {
            "classes": [
                {"kinds": ["workday"], "average": 5, "candidates": 5},
                {"kinds": ["saturday", "sunday", "holiday"], "average": 2, "candidates": 2},
            ],
            "lookback_days": 45,
        },
        "source": {"tag": "D", "title": "test", "read_on": "2026-01-01"},
    }
    return BaselineRule.model_validate(fields | changes)


def additive(begin_hours: int = 4, end_hours: int = 1, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  any field
    """Return an additive adjustment from some hours before the start to some hours before it."""
    window = {"anchor": "start", "begin": -begin_hours * HOUR, "end": -end_hours * HOUR}
    return {"kind": "additive", "windows": [window], **changes}
