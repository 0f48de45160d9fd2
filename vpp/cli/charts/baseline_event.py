"""One event: the load, what it would have been by a rule, and how the rule came to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import StrMethodFormatter

from vpp.baseline.calendar import SiteCalendar
from vpp.cli.charts.auction_style import kw_per, unit_for
from vpp.cli.charts.baseline_style import ADDED, SAVED, WINDOW, Room, Texts, new_sheet, to_png
from vpp.cli.charts.clock_axis import show_clock
from vpp.cli.charts.style import BASELINE, FAINT, INK, LOAD, SPAN, heading
from vpp.foundation.interval import Interval

_HOUR_S = 3600.0
_DASHES = (0, (4, 1.5))
_PANEL_IN = 3.9
_LEGEND_IN = 0.27


@dataclass(frozen=True, slots=True, eq=False)
class EventPicture:
    """What the drawing shows.

    Attributes:
        texts: Site and event, the result in a few words, notes.
        calendar: The site's civil time, for the axis.
        span: What is drawn, UTC.
        event: The event, UTC.
        metered_kw: Load in the span, kW; NaN is a gap. Shape (T,).
        raw_kw: Baseline before the adjustment, kW. Shape (N,).
        adjusted_kw: Baseline, kW. Shape (N,).
        windows: Where the adjustment compared load and baseline, UTC.
        compared_kw: The baseline in each of these windows, before the adjustment, kW.
        days_kw: Load of the days that were averaged, moved onto the span, kW.
        other_events: Other events in the span, UTC.
        notice_at: When the site was told, UTC; None if that is not known.
    """

    texts: Texts
    calendar: SiteCalendar
    span: Interval
    event: Interval
    metered_kw: pd.Series
    raw_kw: pd.Series
    adjusted_kw: pd.Series
    windows: Sequence[Interval] = ()
    compared_kw: Sequence[pd.Series] = ()
    days_kw: Sequence[pd.Series] = ()
    other_events: Sequence[Interval] = ()
    notice_at: datetime | None = None


def draw_event(picture: EventPicture) -> bytes:
    """Draw an event with its baseline.

    Returns:
        A PNG; the same values give the same bytes.
    """
    return to_png(event_figure(picture))


def event_figure(picture: EventPicture) -> Figure:
    """Lay the drawing out.

    Returns:
        The figure, not yet rendered.
    """
    figure, (axes,) = new_sheet(picture.texts, (_PANEL_IN,), room=Room(above=0.62))
    everything = [
        picture.metered_kw,
        picture.raw_kw,
        picture.adjusted_kw,
        *picture.compared_kw,
        *picture.days_kw,
    ]
    unit = unit_for(_largest(everything))
    scale = kw_per(unit)
    for day_kw in picture.days_kw:
        _steps(axes, day_kw / scale, FAINT, linewidth=0.7, alpha=0.45)
    for window in picture.windows:
        axes.axvspan(*_bounds(window), color=WINDOW, alpha=0.16, linewidth=0, zorder=0)
    for other in picture.other_events:
        axes.axvspan(*_bounds(other), facecolor="none", edgecolor=FAINT, hatch="///", linewidth=0, alpha=0.35)
    axes.axvspan(*_bounds(picture.event), color=SPAN, alpha=0.16, linewidth=0, zorder=0)
    _fill_reduction(axes, picture, scale)
    for compared_kw in picture.compared_kw:
        _steps(axes, compared_kw / scale, BASELINE, linewidth=1.0, linestyle=_DASHES, alpha=0.9)
    _steps(axes, picture.raw_kw / scale, BASELINE, linewidth=1.2, linestyle=_DASHES)
    _steps(axes, picture.metered_kw / scale, LOAD, linewidth=1.6)
    _steps(axes, picture.adjusted_kw / scale, BASELINE, linewidth=2.0)
    _make_room(axes, everything, scale)
    _name(axes, picture.event, "event")
    for other in picture.other_events:
        _name(axes, other, "other\nevent")
    for window in picture.windows:
        _name(axes, window, "adjustment\nwindow")
    if picture.notice_at is not None and picture.notice_at in picture.span:
        _mark_notice(axes, picture.notice_at)
    show_clock(axes, picture.span, picture.calendar)
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    heading(axes, "", f"{unit} at the point of connection; {picture.calendar.time_zone} time")
    axes.legend(
        handles=_legend(picture),
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0 + _LEGEND_IN / _PANEL_IN),
        borderaxespad=0.0,
        borderpad=0.0,
        ncols=6,
        frameon=False,
        fontsize=8,
        labelcolor=INK,
        handlelength=1.5,
        columnspacing=1.2,
    )
    return figure


def _fill_reduction(axes: Axes, picture: EventPicture, scale: float) -> None:
    """Colour what lies between baseline and load in the event: less in green, more in red."""
    adjusted = picture.adjusted_kw
    metered = picture.metered_kw.reindex(adjusted.index)
    edges = _edges(adjusted)
    baseline, load = (np.append(series, series.iloc[-1]) / scale for series in (adjusted, metered))
    for colour, where in ((SAVED, baseline > load), (ADDED, baseline < load)):
        axes.fill_between(
            edges, load, baseline, where=where, step="post", color=colour, alpha=0.22, linewidth=0, zorder=1
        )


def _steps(  # noqa: PLR0913  what a line looks like, beside what it shows
    axes: Axes,
    series: pd.Series,
    colour: str,
    *,
    linewidth: float,
    linestyle: str | tuple[int, tuple[float, ...]] = "-",
    alpha: float = 1.0,
) -> None:
    """Draw interval means as steps: a value holds from its interval's start to its end."""
    if len(series):
        axes.stairs(
            series.to_numpy(dtype=np.float64),
            _edges(series),
            baseline=None,
            color=colour,
            linewidth=linewidth,
            linestyle=linestyle,
            alpha=alpha,
        )


def _edges(series: pd.Series) -> npt.NDArray[np.float64]:
    """Return where intervals begin and the last one ends, hours since 1970. Shape (N + 1,)."""
    index = pd.DatetimeIndex(series.index)
    step = index.freq if index.freq is not None else index[1] - index[0]
    stamps = index.union([index[-1] + step])
    return np.asarray((stamps - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(hours=1), dtype=np.float64)


def _bounds(span: Interval) -> tuple[float, float]:
    start, end = (bound.timestamp() / _HOUR_S for bound in (span.start, span.end))
    return start, end


def _largest(series: Sequence[pd.Series]) -> float:
    values = np.concatenate([one.to_numpy(dtype=np.float64) for one in series])
    return float(np.nanmax(np.abs(values), initial=0.0))


def _make_room(axes: Axes, series: Sequence[pd.Series], scale: float) -> None:
    """Leave space above the highest line for the names of spans, none below for a zero nobody is near."""
    values = np.concatenate([one.to_numpy(dtype=np.float64) for one in series]) / scale
    low, high = np.nanmin(values), np.nanmax(values)
    reach = max(high - low, abs(high) * 0.02, 1e-9)
    bottom = low - 0.08 * reach
    axes.set_ylim(max(bottom, 0.0) if low >= 0 else bottom, high + 0.2 * reach)


def _name(axes: Axes, span: Interval, text: str) -> None:
    start, end = _bounds(span)
    axes.annotate(
        text,
        ((start + end) / 2, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(0, -4),
        textcoords="offset points",
        ha="center",
        va="top",
        fontsize=8,
        color=INK,
        annotation_clip=True,
    )


def _mark_notice(axes: Axes, notice_at: datetime) -> None:
    at_h = notice_at.timestamp() / _HOUR_S
    axes.axvline(at_h, color=INK, linewidth=0.9, linestyle=(0, (1, 1.5)))
    axes.annotate(
        "notice",
        (at_h, 0.0),
        xycoords=("data", "axes fraction"),
        xytext=(4, 5),
        textcoords="offset points",
        fontsize=8,
        color=INK,
    )


def _legend(picture: EventPicture) -> list[Line2D | Patch]:
    """Name what is drawn, and only that."""
    handles: list[Line2D | Patch] = [Line2D([], [], color=LOAD, linewidth=1.6, label="metered load")]
    handles.append(Line2D([], [], color=BASELINE, linewidth=2.0, label="baseline"))
    if not np.allclose(picture.raw_kw, picture.adjusted_kw, equal_nan=True):
        before = "before adjustment"
        handles.append(Line2D([], [], color=BASELINE, linewidth=1.2, linestyle=_DASHES, label=before))
    if picture.days_kw:
        count = len(picture.days_kw)
        label = "the day used" if count == 1 else f"the {count} days used"
        handles.append(Line2D([], [], color=FAINT, linewidth=0.9, label=label))
    reduction_kw = picture.adjusted_kw - picture.metered_kw.reindex(picture.adjusted_kw.index)
    if (reduction_kw > 0).any():
        handles.append(Patch(facecolor=SAVED, alpha=0.3, label="reduction"))
    if (reduction_kw < 0).any():
        handles.append(Patch(facecolor=ADDED, alpha=0.3, label="increase"))
    return handles
