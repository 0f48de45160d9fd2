"""Storage and generation behind the meter: the load judged without them, they by their own meter."""

from dataclasses import replace

import numpy as np
import pandas as pd

from vpp.baseline.rule_baseline import NoBaseline, NoBaselineReason
from vpp.baseline.rules.candidates import eligible_days_back, known_mean
from vpp.baseline.rules.event_view import EventView, Floats
from vpp.baseline.site_meter import SiteMeter
from vpp.foundation.errors import InvalidInput
from vpp.portfolio.baseline_rule import DayClass, DayPool, DeviceSplit
from vpp.portfolio.day_kind import DayKind

# Like hours where a rule has no days of its own.
PLAIN_DAYS = DayPool(
    classes=(
        DayClass(kinds=(DayKind.WORKDAY,), average=1, candidates=366),
        DayClass(kinds=(DayKind.SATURDAY, DayKind.SUNDAY, DayKind.HOLIDAY), average=1, candidates=366),
    ),
    lookback_days=366,
)


def load_behind(site: SiteMeter) -> SiteMeter:
    """Return the site as its load alone: net power plus what storage and generation gave.

    Raises:
        InvalidInput: The device's readings are not on the grid of the site's.
    """
    device_kw = site.device_kw
    if device_kw is None:
        return site
    if not device_kw.index.equals(site.net_power_kw.index):
        raise InvalidInput(
            "device_kw has an index of its own, expected that of net_power_kw", device_kw="index"
        )
    # Index and frequency stay those of the meter.
    load_kw = site.net_power_kw.copy()
    load_kw[:] = site.net_power_kw.to_numpy() + device_kw.to_numpy()
    return replace(site, net_power_kw=load_kw)


def typical_output(
    split: DeviceSplit, device_kw: pd.Series, pool: DayPool | None, view: EventView
) -> Floats | NoBaseline:
    """Return what a device gives in the event's hours without an event, kW, at least 0; shape (N,).

    It is the mean of the most recent like hours, each hour for itself, so that a gap in one hour of a
    day costs only that hour.

    Args:
        split: The rule's.
        device_kw: The device's output, kW, discharge positive, on the grid of the site's meter.
        pool: The rule's days; None takes workdays and other days of a year.
        view: The event's view of the site's load.
    """
    pool = pool or PLAIN_DAYS
    kind = view.site.calendar.day_kind(view.event_day)
    day_class = pool.class_of(kind)
    if day_class is None:
        return view.none(
            NoBaselineReason.DAY_NOT_COVERED,
            f"{view.event_day} is a {kind.value}, and the rule covers none of those",
        )
    device_site = replace(view.site, net_power_kw=device_kw)
    device = EventView.of(view.baseline_id, device_site, view.event, view.notice_at)
    reach = pool.extended_lookback_days or pool.lookback_days
    by_day_kw = device.past(view.event, eligible_days_back(device, pool, day_class, reach))
    known = ~np.isnan(by_day_kw)
    is_recent = known & (np.cumsum(known, axis=0) <= split.like_hours)
    typical_kw, _ = known_mean(np.where(is_recent, by_day_kw, np.nan).T)
    unknown = int(np.isnan(typical_kw).sum())
    if unknown:
        return view.none(
            NoBaselineReason.INSUFFICIENT_HISTORY,
            f"the device was metered in no like hour for {unknown} of {len(typical_kw)} intervals",
        )
    return np.maximum(typical_kw, 0.0)
