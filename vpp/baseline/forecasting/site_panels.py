"""From requests for forecasts to panels of sites that can be computed together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.civil_clock import ONE_DAY
from vpp.baseline.forecast_request import ForecastRequest
from vpp.baseline.forecasting.imputation import across_gaps
from vpp.baseline.forecasting.outside_series import is_usable, plan_over, temperature_at
from vpp.baseline.forecasting.panel import Bools, Floats, Ints, LoadPanel
from vpp.baseline.forecasting.slot_grid import SlotGrid, slot_length
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.telemetry.grid import metering_step

LEAST_COVERED_RATIO = 0.9
LONG_GAP_DAYS = 14
STALE = timedelta(days=2)  # a last reading older than this before the horizon is told
ENOUGH_DAYS = 56
TEMPERATURE_NOTE = "temperature not used: it does not cover the horizon, or too little of the history"
PLAN_NOTE = "plan not used as a regressor: it does not cover the horizon, or too little of the history"


@dataclass(frozen=True, slots=True, eq=False)
class SitePanel:
    """Sites that share everything but their values.

    Attributes:
        rows: Their numbers among the requests. Shape (S,).
        panel: Their load with its gaps, and what is known of temperature and plans.
        middles: Middles of the horizon's intervals, in slots from the panel's first. Shape (N,).
        horizon: The span to forecast.
        step: Length of its intervals.
        interval_kw: Load by metered interval instead of slot, from the same midnight on; the panel's
            own where both are the same. Shape (S, n x intervals per slot).
        notes: By site, what was not used and why.
    """

    rows: Ints
    panel: LoadPanel
    middles: Floats
    horizon: Interval
    step: timedelta
    interval_kw: Floats
    notes: tuple[tuple[str, ...], ...]

    @property
    def lead(self) -> int:
        """Slots from the history's end to the horizon's, at least 1."""
        return max(int(np.floor(self.middles.max())) + 1 - self.panel.length, 1)


@dataclass(frozen=True, slots=True)
class _Key:
    """What requests must share to be laid out together."""

    first: pd.Timestamp
    length: int
    step: timedelta
    horizon: Interval
    calendar: SiteCalendar


def site_panels(requests: Sequence[ForecastRequest], history_days: int) -> list[SitePanel]:
    """Lay out the histories of many sites.

    Args:
        requests: What is to be forecast.
        history_days: How many days before the last reading are kept.

    Returns:
        Panels that together hold every site of which anything is known before its horizon.

    Raises:
        InvalidInput: A series is empty, infinite in places or not regular in UTC, an interval does not
            divide a day, or a horizon is not a whole number of intervals.
    """
    groups: dict[_Key, list[int]] = {}
    for row, request in enumerate(requests):
        groups.setdefault(_key(request), []).append(row)
    panels: list[SitePanel] = []
    for key, rows in groups.items():
        panels.extend(_laid_out(requests, np.array(rows), key, history_days))
    return panels


def _key(request: ForecastRequest) -> _Key:
    step = metering_step(request.metered_kw)
    if request.horizon.duration % step:
        raise InvalidInput(
            f"horizon of {request.horizon.duration} is not a whole number of {step}",
            horizon=str(request.horizon.duration),
        )
    index = request.metered_kw.index
    return _Key(index[0], len(index), step, request.horizon, request.calendar)


def _laid_out(
    requests: Sequence[ForecastRequest], rows: Ints, key: _Key, history_days: int
) -> list[SitePanel]:
    slot = slot_length(key.step)
    first = key.first.to_pydatetime()
    count = min(max((key.horizon.start - first) // key.step, 0), key.length)
    values = np.stack([requests[row].metered_kw.to_numpy(dtype=np.float64) for row in rows])
    if np.isinf(values).any():
        raise InvalidInput(
            "metered_kw is infinite in places, expected finite values and NaN", metered_kw="inf"
        )
    values = values[:, :count]  # a copy is made where masks are applied
    values = _masked(values, [requests[row] for row in rows], key)
    known = ~np.isnan(values)
    has_any = known.any(axis=1)
    if not has_any.any():
        return []
    rows, values, known = rows[has_any], values[has_any], known[has_any]
    last_known = count - 1 - known[:, ::-1].argmax(axis=1)
    begin = max(int(last_known.min()) + 1 - (history_days + 2) * (ONE_DAY // key.step), 0)
    index = pd.date_range(
        key.first + begin * key.step,
        pd.Timestamp(key.horizon.end),
        freq=pd.Timedelta(key.step),
        inclusive="left",
    )
    layout = _Layout(
        grid=SlotGrid.of(index, key.step, key.calendar, slot),
        fine=SlotGrid.of(index, key.step, key.calendar, min(key.step, slot)),
        index=index,
        key=key,
    )
    return layout.panels([requests[row] for row in rows], rows, values[:, begin:], history_days)


def _masked(values: Floats, requests: Sequence[ForecastRequest], key: _Key) -> Floats:
    """Turn the values of masked spans into gaps; an interval that a span touches is hidden whole."""
    first, step = key.first.to_pydatetime(), key.step
    spans: dict[int, list[tuple[int, int]]] = {}  # sites of one programme often share one sequence
    copied = False
    for row, request in enumerate(requests):
        if not request.masked:
            continue
        if id(request.masked) not in spans:
            spans[id(request.masked)] = [
                (max((span.start - first) // step, 0), max(-((first - span.end) // step), 0))
                for span in request.masked
            ]
        if not copied:
            values, copied = values.copy(), True
        for begin, end in spans[id(request.masked)]:
            values[row, begin:end] = np.nan
    return values


@dataclass(frozen=True, slots=True, eq=False)
class _Layout:
    """A common index on slots, and by interval."""

    grid: SlotGrid
    fine: SlotGrid
    index: pd.DatetimeIndex
    key: _Key

    def panels(
        self, requests: Sequence[ForecastRequest], rows: Ints, values: Floats, history_days: int
    ) -> list[SitePanel]:
        m, grid = self.grid.slots_per_day, self.grid
        length = int(grid.slot[: values.shape[1]].max()) + 1
        last_known = values.shape[1] - 1 - (~np.isnan(values))[:, ::-1].argmax(axis=1)
        load_kw = grid.means(values, length)
        known = ~np.isnan(load_kw)
        end = length - known[:, ::-1].argmax(axis=1)
        first_day = np.maximum(_first_days(known, m), end // m - history_days)
        total = int(grid.slot.max()) + 1
        temperature_c, has_temperature = self._outside(requests, first_day, end, total, "temperature_c")
        plan_kw, has_plan = self._outside(requests, first_day, end, total, "plan_kw")
        per_slot = self.fine.slots_per_day // m
        interval_kw = load_kw if per_slot == 1 else self.fine.means(values, length * per_slot)
        keys = np.stack([first_day, end, has_temperature, has_plan], axis=1)
        found, group = np.unique(keys, axis=0, return_inverse=True)
        panels = []
        for number, (day, stop, with_temperature, with_plan) in enumerate(found.tolist()):
            mine = np.flatnonzero(group.ravel() == number)
            first = day * m
            panel = LoadPanel(
                load_kw=load_kw[mine, first:stop],
                slots_per_day=m,
                first_day=grid.first_day + day,
                holidays=self.key.calendar.holidays,
                temperature_c=temperature_c[mine, first:] if with_temperature else None,
                plan_kw=plan_kw[mine, first:] if with_plan else None,
            )
            panels.append(
                SitePanel(
                    rows=rows[mine],
                    panel=panel,
                    middles=grid.middle[-(self.key.horizon.duration // self.key.step) :] - first,
                    horizon=self.key.horizon,
                    step=self.key.step,
                    interval_kw=interval_kw[mine, first * per_slot : stop * per_slot],
                    notes=tuple(
                        (
                            *_notes(requests[site], bool(with_temperature), bool(with_plan)),
                            *_age_notes(self.key, self.index[last_known[site]]),
                        )
                        for site in mine.tolist()
                    ),
                )
            )
        return panels

    def _outside(
        self, requests: Sequence[ForecastRequest], first_day: Ints, end: Ints, total: int, field: str
    ) -> tuple[Floats, Bools]:
        """Return temperature or plans by slot without gaps, and which sites' can be used."""
        by_series: dict[int, Floats] = {}
        given = np.array([getattr(request, field) is not None for request in requests])
        if not given.any():
            return np.empty((len(requests), 0)), given
        by_slot = np.full((len(requests), total), np.nan)
        has_interval = np.zeros(total, dtype=np.bool_)
        has_interval[self.grid.slot] = True
        usable = np.zeros(len(requests), dtype=np.bool_)
        for site in np.flatnonzero(given).tolist():
            series = getattr(requests[site], field)
            if id(series) not in by_series:
                on_index = (
                    temperature_at(series, self.index)
                    if field == "temperature_c"
                    else plan_over(series, self.index, self.key.step)
                )
                by_series[id(series)] = self.grid.means(on_index[None], total)[0]
            by_slot[site] = by_series[id(series)]
            first = first_day[site] * self.grid.slots_per_day
            usable[site] = is_usable(
                by_slot[site : site + 1, first:], has_interval[first:], end[site] - first, LEAST_COVERED_RATIO
            )[0]
        known = ~np.isnan(by_slot)
        by_slot[usable] = across_gaps(np.where(known, by_slot, 0.0)[usable], known[usable])
        return by_slot, usable


def _first_days(known: Bools, slots_per_day: int) -> Ints:
    """Return the day from which a history is used: its first, or the one after its last long gap.

    What lies before a gap that nothing can fill is left out if enough lies after it.
    """
    day_count = -(-known.shape[1] // slots_per_day)
    begins = np.arange(day_count) * slots_per_day
    is_known = np.logical_or.reduceat(known, begins, axis=1)
    first = is_known.argmax(axis=1)
    if day_count <= LONG_GAP_DAYS + ENOUGH_DAYS:
        return np.asarray(first)
    total = np.cumsum(np.pad(is_known.astype(np.int64), ((0, 0), (1, 0))), axis=1)
    is_dark = total[:, LONG_GAP_DAYS:-ENOUGH_DAYS] == total[:, : -LONG_GAP_DAYS - ENOUGH_DAYS]
    after_gap = np.where(is_dark, np.arange(is_dark.shape[1]) + LONG_GAP_DAYS, 0).max(axis=1)
    return np.asarray(np.maximum(first, after_gap))


def _notes(request: ForecastRequest, with_temperature: bool, with_plan: bool) -> tuple[str, ...]:  # noqa: FBT001  one per series
    notes = []
    if request.temperature_c is not None and not with_temperature:
        notes.append(TEMPERATURE_NOTE)
    if request.plan_kw is not None and not with_plan:
        notes.append(PLAN_NOTE)
    return tuple(notes)


def _age_notes(key: _Key, last: pd.Timestamp) -> tuple[str, ...]:
    """Note how long before the horizon the last reading ends, where that is long."""
    age = key.horizon.start - (last.to_pydatetime() + key.step)
    if age <= STALE:
        return ()
    return (f"the last reading ends {age / ONE_DAY:.1f} days before the forecast begins",)
