"""A site's readings as the baseline of one event may see them."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp.baseline.civil_clock import ONE_DAY
from vpp.baseline.rule_baseline import NoBaseline, NoBaselineReason
from vpp.baseline.rules.wall_positions import Ints, WallPositions
from vpp.baseline.site_meter import SiteMeter
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.telemetry.grid import metering_step

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class EventView:
    """What one event's baseline may read, and nothing else.

    Attributes:
        baseline_id: The rule that looks.
        site: Where the readings come from.
        event: The event, UTC, on the metering grid.
        notice_at: When the site was told; None if that is not known.
        grid: Positions of wall times on the metering grid.
        visible_kw: Load with the event, other events and masked spans hidden. Shape (T,).
        past_kw: The same with everything from the event's start on hidden. Shape (T,).
        dispatched_kw: As `past_kw`, but other events shown: load as it was on event days. Shape (T,).
        event_day: The civil day on which the event starts; the whole event counts to it.
        event_days: Civil days that other events touch.
    """

    baseline_id: str
    site: SiteMeter
    event: Interval
    notice_at: datetime | None
    grid: WallPositions
    visible_kw: Floats
    past_kw: Floats
    dispatched_kw: Floats
    event_day: date
    event_days: frozenset[date]

    @classmethod
    def of(cls, baseline_id: str, site: SiteMeter, event: Interval, notice_at: datetime | None) -> Self:
        """Look at a site from one event.

        Raises:
            InvalidInput: The series is empty, no numbers, infinite in places or not regular in UTC; a level
                that the site told is not finite; the event is off the grid or longer than a day; notice
                is given after the event's start.
        """
        series = site.net_power_kw
        step = metering_step(series)
        if step <= timedelta(0):
            raise InvalidInput(
                f"net_power_kw runs in steps of {step}, expected ascending times", net_power_kw=str(step)
            )
        _check_levels(site)
        grid = WallPositions(site.calendar, series.index[0].to_pydatetime(), step)
        _check(event, notice_at, grid)
        try:
            values = series.to_numpy(dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise InvalidInput(
                f"net_power_kw holds {series.dtype}, expected numbers", net_power_kw=str(series.dtype)
            ) from error
        if np.isinf(values).any():
            raise InvalidInput(
                "net_power_kw is infinite in places, expected finite values and NaN", net_power_kw="inf"
            )
        dispatched_kw = _hidden(values, [event, *site.masked], grid)
        visible_kw = _hidden(dispatched_kw, site.events, grid)
        begin = max((event.start - grid.first) // step, 0)
        past_kw = visible_kw.copy()
        past_kw[begin:] = np.nan
        dispatched_kw[begin:] = np.nan
        return cls(
            baseline_id=baseline_id,
            site=site,
            event=event,
            notice_at=notice_at,
            grid=grid,
            visible_kw=visible_kw,
            past_kw=past_kw,
            dispatched_kw=dispatched_kw,
            event_day=site.calendar.civil_date(event.start),
            event_days=civil_days(site.events, site),
        )

    @property
    def index(self) -> pd.DatetimeIndex:
        """The event's interval starts, UTC; shape (N,)."""
        return _interval_starts(self.event, self.grid.step)

    def series(self, values_kw: Floats, name: str) -> pd.Series:
        """Lay values on the event's intervals."""
        return pd.Series(values_kw, index=self.index, name=name)

    def actual(self, window: Interval) -> Floats:
        """Return the visible load of a span; NaN where nothing is metered or it is hidden."""
        return taken(self.visible_kw, self.grid.of(window))

    def past(self, window: Interval, days_back: Sequence[int]) -> Floats:
        """Return the load at a span's wall times on earlier days; shape (days, intervals)."""
        return taken(self.past_kw, self.grid.on_earlier_days(window, days_back))

    def fits(self, window: Interval) -> bool:
        """Tell whether a span begins and ends on the metering grid."""
        step = self.grid.step
        return not (window.start - self.grid.first) % step and not window.duration % step

    def day(self, days_back: int) -> date:
        """Return the civil date some days before the event's."""
        return self.event_day - timedelta(days=days_back)

    def none(self, reason: NoBaselineReason, detail: str) -> NoBaseline:
        """Say that the rule gives no baseline, and why."""
        return NoBaseline(self.baseline_id, reason, detail)

    def off_grid(self, window: Interval) -> NoBaseline:
        """Say that the readings are too coarse for a span that the rule needs."""
        return self.none(
            NoBaselineReason.MISSING_INPUT,
            f"the rule reads {window.start.isoformat()} to {window.end.isoformat()}, which is off the "
            f"metering grid of {self.grid.step}",
        )


@lru_cache(maxsize=16)  # many sites share an event, and making an index costs more than a baseline
def _interval_starts(event: Interval, step: timedelta) -> pd.DatetimeIndex:
    return pd.date_range(pd.Timestamp(event.start), periods=event.duration // step, freq=pd.Timedelta(step))


def taken(values: Floats, positions: Ints) -> Floats:
    """Return values at positions, NaN where a position lies outside; shape of the positions."""
    inside = (positions >= 0) & (positions < len(values))
    return np.where(inside, values[np.where(inside, positions, 0)], np.nan)


def civil_days(spans: Iterable[Interval], site: SiteMeter) -> frozenset[date]:
    """Return every civil day that spans touch."""
    days = set()
    for span in spans:
        day = site.calendar.civil_date(span.start)
        while site.calendar.day(day).start < span.end:
            days.add(day)
            day += ONE_DAY
    return frozenset(days)


def _hidden(values: Floats, spans: Iterable[Interval], grid: WallPositions) -> Floats:
    """Return a copy with NaN in every interval that a span touches."""
    hidden = values.copy()
    for span in spans:
        begin = max((span.start - grid.first) // grid.step, 0)
        end = max(-((grid.first - span.end) // grid.step), 0)
        hidden[begin:end] = np.nan
    return hidden


def _check_levels(site: SiteMeter) -> None:
    """Refuse levels that would come out as a baseline without being one."""
    for name in ("contract_kw", "export_limit_kw", "nominated_kw"):
        level_kw = getattr(site, name)
        if level_kw is not None and not math.isfinite(level_kw):
            raise InvalidInput(f"{name} is {level_kw}, expected a finite number", **{name: str(level_kw)})
    if site.export_limit_kw is not None and site.export_limit_kw < 0:
        raise InvalidInput(
            f"export_limit_kw is {site.export_limit_kw}, expected at least 0",
            export_limit_kw=str(site.export_limit_kw),
        )


def _check(event: Interval, notice_at: datetime | None, grid: WallPositions) -> None:
    step = grid.step
    if event.duration % step or (event.start - grid.first) % step:
        raise InvalidInput(
            f"event from {event.start.isoformat()} for {event.duration} is off the metering grid of {step}",
            event=event.start.isoformat(),
        )
    first_interval = Interval(event.start, event.start + step)
    next_day = grid.calendar.same_window(first_interval, step, days_back=-1)[0]
    # A whole civil day has 25 hours once a year, and is still one day.
    if event.duration > max(ONE_DAY, next_day - event.start):
        raise InvalidInput(
            f"event lasts {event.duration}, expected at most one day; split it by civil day",
            event=str(event.duration),
        )
    if notice_at is None:
        return
    if notice_at.utcoffset() != timedelta(0):
        raise InvalidInput(
            f"notice_at is {notice_at.isoformat()}, expected UTC", notice_at=notice_at.isoformat()
        )
    if notice_at > event.start:
        raise InvalidInput(
            f"notice_at is {notice_at.isoformat()}, expected at most the event's start "
            f"{event.start.isoformat()}",
            notice_at=notice_at.isoformat(),
        )
