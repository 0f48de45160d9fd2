"""From a computation to the drawing of its event."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import reduce

import numpy as np
import pandas as pd

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.rule_baseline import NoBaseline
from vpp.baseline.rules.adjusting import adjustment_windows
from vpp.baseline.rules.engine import load_model
from vpp.baseline.rules.event_view import EventView
from vpp.cli.auction.wording import counted
from vpp.cli.baseline.compute_tables import adjustment_result, reduction_words, said
from vpp.cli.baseline.rule_words import unverified_words
from vpp.cli.baseline.site_outcome import SiteOutcome
from vpp.cli.charts.baseline_event import EventPicture, draw_event
from vpp.cli.charts.baseline_style import Footnote, Texts
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular, starts
from vpp.portfolio.baseline_rule import BaselineRule

_MOST_NOTES = 4
_BESIDE = timedelta(hours=1)


def draw(
    rule: BaselineRule,
    event: Interval,
    notice_at: datetime | None,
    outcomes: Sequence[SiteOutcome],
    rows: Mapping[str, pd.DataFrame],
) -> bytes | None:
    """Draw one site's event, or that of all sites together.

    Returns:
        A PNG; None if no site has a baseline.

    Raises:
        InvalidInput: The sites' intervals differ in length.
    """
    found = [outcome for outcome in outcomes if outcome.found is not None]
    if not found:
        return None
    if len({outcome.edited.step for outcome in found}) > 1:
        raise InvalidInput("--plot of sites whose intervals differ in length; choose one with --site")
    parts = [_Part(rule, outcome, event, notice_at) for outcome in found]
    zones = {outcome.meter.calendar.time_zone for outcome in found}
    calendar = found[0].meter.calendar if len(zones) == 1 else SiteCalendar("UTC")
    windows = parts[0].windows if all(part.windows == parts[0].windows for part in parts) else ()
    span = _span(calendar, event, windows)
    everything = pd.concat([rows[outcome.site_id] for outcome in found])
    return draw_event(
        EventPicture(
            texts=_texts(rule, event, calendar, outcomes, everything),
            calendar=calendar,
            span=span,
            event=event,
            metered_kw=_sum([part.metered(span) for part in parts]),
            raw_kw=_sum([outcome.found.raw_kw for outcome in found if outcome.found is not None]),
            adjusted_kw=_sum([outcome.found.adjusted_kw for outcome in found if outcome.found is not None]),
            windows=windows,
            compared_kw=[_sum([part.model(window) for part in parts]) for window in windows],
            days_kw=parts[0].days(span) if len(parts) == 1 else (),
            notice_at=notice_at,
            other_events=[other for other in found[0].meter.events if _meets(other, span)],
        )
    )


class _Part:
    """One site's contribution to a drawing."""

    def __init__(
        self, rule: BaselineRule, outcome: SiteOutcome, event: Interval, notice_at: datetime | None
    ) -> None:
        self._outcome = outcome
        self._view = EventView.of(rule.baseline_id, outcome.meter, event, notice_at)
        # With a device split the rule judges the load behind the device, which is not what is drawn.
        is_plain = rule.device is None
        self._model = load_model(rule, self._view) if is_plain and rule.adjustment else None
        is_adjusted = outcome.found is not None and outcome.found.adjusted
        self.windows: tuple[Interval, ...] = (
            adjustment_windows(self._view, rule.adjustment) if rule.adjustment and is_adjusted else ()
        )

    def metered(self, span: Interval) -> pd.Series:
        """Return the load in a span, kW."""
        return _laid(self._outcome.edited.edited_kw, span, self._outcome.edited.step)

    def model(self, window: Interval) -> pd.Series:
        """Return what the rule says of a window, kW; NaN where it says nothing."""
        step = self._outcome.edited.step
        if self._model is None or isinstance(self._model, NoBaseline):
            return regular(np.full(window.duration // step, np.nan), window.start, step)
        return regular(self._model.load_kw(window), window.start, step)

    def days(self, span: Interval) -> list[pd.Series]:
        """Return the load of the days used at the span's wall times, kW."""
        found, step = self._outcome.found, self._outcome.edited.step
        calendar = self._outcome.meter.calendar
        if found is None:
            return []
        day = calendar.civil_date(self._view.event.start)
        return [self._day(span, step, (day - used).days) for used in found.days_used]

    def _day(self, span: Interval, step: timedelta, days_back: int) -> pd.Series:
        at = self._outcome.meter.calendar.same_window(span, step, days_back)
        values = self._outcome.edited.edited_kw.reindex(pd.DatetimeIndex(at))
        return regular(values.to_numpy(dtype=np.float64), span.start, step)


def _laid(series: pd.Series, span: Interval, step: timedelta) -> pd.Series:
    index = regular(np.zeros(len(starts(span, step))), span.start, step).index
    laid: pd.Series = series.reindex(index)
    return laid


def _sum(series: Sequence[pd.Series]) -> pd.Series:
    """Add series up; one without a value leaves the sum without one."""
    return reduce(lambda total, one: total + one, series)


def _span(calendar: SiteCalendar, event: Interval, windows: Sequence[Interval]) -> Interval:
    """Return the civil days that event and windows touch: an hour beyond them at least."""
    first = min([event, *windows], key=lambda span: span.start).start
    last = max([event, *windows], key=lambda span: span.end).end
    begin = calendar.day(calendar.civil_date(first)).start
    end = calendar.day(calendar.civil_date(last - timedelta(microseconds=1))).end
    if first - begin < _BESIDE:
        begin -= 3 * _BESIDE
    if end - last < _BESIDE:
        end += 3 * _BESIDE
    return Interval(begin, end)


def _meets(one: Interval, other: Interval) -> bool:
    return one.start < other.end and other.start < one.end


def _texts(
    rule: BaselineRule,
    event: Interval,
    calendar: SiteCalendar,
    outcomes: Sequence[SiteOutcome],
    rows: pd.DataFrame,
) -> Texts:
    found = [outcome for outcome in outcomes if outcome.found is not None]
    start = datetime.fromisoformat(calendar.local_iso(event.start))
    end = datetime.fromisoformat(calendar.local_iso(event.end))
    who = found[0].site_id if len(found) == 1 else f"{len(found)} sites together"
    until = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%d %b %H:%M}"
    one = found[0].found if len(found) == 1 else None
    lines = [f"{rule.display_name} ({rule.baseline_id} {rule.version})"]
    if one is not None:
        if one.method != rule.baseline_id:
            lines[0] += f", as {one.method}"
        lines[0] += f" \N{MIDDLE DOT} adjustment {adjustment_result(one)}"
    lines.append(f"reduction {reduction_words(rows)}")
    footnotes = [Footnote(_days_text(one.days_used))] if one is not None and one.days_used else []
    if one is not None:
        footnotes += [Footnote(f"Note: {note}") for note in said(found[0])[:_MOST_NOTES]]
        footnotes += [Footnote(f"Look at this: {flag.reason}", is_warning=True) for flag in found[0].flags]
    if len(found) < len(outcomes):
        without = counted(len(outcomes) - len(found), "site")
        footnotes.append(Footnote(f"{without} without a baseline not drawn", is_warning=True))
    warning = unverified_words(rule)
    if warning is not None:
        footnotes.append(Footnote(warning[0].upper() + warning[1:], is_warning=True))
    return Texts(f"{who}, {start:%A %d %B %Y}, {start:%H:%M}-{until}", lines, footnotes)


def _days_text(days: Sequence[date]) -> str:
    return "Days used: " + ", ".join(f"{day:%a} {day.isoformat()}" for day in days)
