"""Forecasts against what came: the load, its forecast and the band around it, day after day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedFormatter, FixedLocator, StrMethodFormatter

from vpp.baseline.calendar import SiteCalendar
from vpp.cli.charts.auction_style import kw_per, unit_for
from vpp.cli.charts.baseline_style import NAIVE, Room, Texts, new_sheet, to_png
from vpp.cli.charts.style import FAINT, INK, LOAD, heading

_HOUR = timedelta(hours=1)
_BREAK_RATIO = 0.012
_FEW_DAYS = 4
_PANEL_IN = 2.1


@dataclass(frozen=True, slots=True, eq=False)
class FanDay:
    """One day: what was forecast, and what came. All kW, on the same intervals. Shape (N,) each.

    Attributes:
        actual_kw: Metered load; NaN is a gap. Its index is UTC.
        p10_kw: Lower edge of the band; None for a method without one.
        p50_kw: The forecast.
        p90_kw: Upper edge of the band; None as above.
        reference_kw: What it is held against, such as the load a week before.
    """

    actual_kw: pd.Series
    p10_kw: pd.Series | None
    p50_kw: pd.Series
    p90_kw: pd.Series | None
    reference_kw: pd.Series


@dataclass(frozen=True, slots=True, eq=False)
class FanPanel:
    """One series.

    Attributes:
        title: The series, and why it is shown.
        unit_note: What stands beside the unit.
        calendar: The site's civil time, for the axis.
        days: Its days, in order.
    """

    title: str
    unit_note: str
    calendar: SiteCalendar
    days: Sequence[FanDay]


@dataclass(frozen=True, slots=True)
class FanWords:
    """What the lines are called.

    Attributes:
        estimate: The forecast.
        reference: What it is held against.
    """

    estimate: str = "forecast"
    reference: str = "a week before"


def draw_fan(texts: Texts, panels: Sequence[FanPanel], words: FanWords | None = None) -> bytes:
    """Draw one panel per series.

    Args:
        texts: What stands around the panels.
        panels: The series.
        words: What the lines are called; None for a forecast and the load a week before.

    Returns:
        A PNG; the same values give the same bytes.
    """
    return to_png(fan_figure(texts, panels, words))


def fan_figure(texts: Texts, panels: Sequence[FanPanel], words: FanWords | None = None) -> Figure:
    """Lay the drawing out.

    Args:
        texts: What stands around the panels.
        panels: The series.
        words: What the lines are called; None for a forecast and the load a week before.

    Returns:
        The figure, not yet rendered.
    """
    figure, all_axes = new_sheet(texts, (_PANEL_IN,) * len(panels), room=Room(above=0.72, between=0.98))
    for axes, panel in zip(all_axes, panels, strict=True):
        _draw_panel(axes, panel)
    has_band = any(day.p10_kw is not None for panel in panels for day in panel.days)
    has_reference = any(not day.reference_kw.equals(day.p50_kw) for panel in panels for day in panel.days)
    all_axes[0].legend(
        handles=_legend(words or FanWords(), has_band=has_band, has_reference=has_reference),
        loc="lower right",
        bbox_to_anchor=(1.005, 1.1),
        ncols=4,
        frameon=False,
        fontsize=8,
        labelcolor=INK,
        handlelength=1.6,
        columnspacing=1.3,
    )
    return figure


def _draw_panel(axes: Axes, panel: FanPanel) -> None:
    scale, unit = _scale(panel)
    ticks: list[tuple[float, str]] = []
    at_h, previous_end = 0.0, None
    break_h = _BREAK_RATIO * sum(float(_edges(day.actual_kw)[-1]) for day in panel.days)
    for day in panel.days:
        edges = _edges(day.actual_kw)
        start = _first(day.actual_kw)
        if previous_end is not None and start != previous_end:
            axes.axvspan(at_h, at_h + break_h, color=FAINT, alpha=0.12, linewidth=0)
            at_h += break_h
        elif previous_end is not None:
            axes.axvline(at_h, color=FAINT, linewidth=0.6, alpha=0.6, zorder=0)
        _draw_day(axes, day, at_h + edges, scale)
        ticks.extend(_ticks(panel, start, at_h, edges[-1]))
        at_h += edges[-1]
        previous_end = start + timedelta(hours=float(edges[-1]))
    axes.set_xlim(0, at_h)
    axes.xaxis.set_major_locator(FixedLocator([at for at, _ in ticks]))
    axes.xaxis.set_major_formatter(FixedFormatter([label for _, label in ticks]))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    heading(axes, panel.title, f"{unit}; {panel.unit_note}")


def _draw_day(axes: Axes, day: FanDay, edges: npt.NDArray[np.float64], scale: float) -> None:
    if day.p10_kw is not None and day.p90_kw is not None:
        low, high = (np.append(edge, edge.iloc[-1]) / scale for edge in (day.p10_kw, day.p90_kw))
        axes.fill_between(edges, low, high, step="post", color=LOAD, alpha=0.22, linewidth=0)
    for series, colour, width, style in (
        (day.reference_kw, NAIVE, 0.8, (0, (1, 1.2))),
        (day.p50_kw, LOAD, 1.5, "-"),
        (day.actual_kw, INK, 1.1, "-"),
    ):
        values = series.to_numpy(dtype=np.float64) / scale
        axes.stairs(values, edges, baseline=None, color=colour, linewidth=width, linestyle=style)


def _ticks(panel: FanPanel, start: datetime, at_h: float, length_h: float) -> list[tuple[float, str]]:
    """Label a day: its date where it begins, times within it where there is room."""
    begins = datetime.fromisoformat(panel.calendar.local_iso(start))
    if begins.hour or begins.minute:
        return [(at_h, f"{begins:%H:%M}\n{begins:%a %d %b}")]
    ticks = [(at_h, f"{begins:%a %d %b}")]
    if len(panel.days) <= _FEW_DAYS:
        ticks.extend(
            (at_h + hour, f"{datetime.fromisoformat(panel.calendar.local_iso(start + hour * _HOUR)):%H:%M}")
            for hour in (6, 12, 18)
            if hour < length_h
        )
    return ticks


def _scale(panel: FanPanel) -> tuple[float, str]:
    largest = max(float(np.nanmax(day.p50_kw.to_numpy(dtype=np.float64), initial=0.0)) for day in panel.days)
    unit = unit_for(largest)
    return kw_per(unit), unit


def _first(series: pd.Series) -> datetime:
    return pd.DatetimeIndex(series.index)[0].to_pydatetime()


def _edges(series: pd.Series) -> npt.NDArray[np.float64]:
    """Return where intervals begin and the last one ends, hours after the first. Shape (N + 1,)."""
    index = pd.DatetimeIndex(series.index)
    step_h = float((index[1] - index[0]) / pd.Timedelta(hours=1)) if len(index) > 1 else 1.0
    return np.arange(len(index) + 1, dtype=np.float64) * step_h


def _legend(words: FanWords, *, has_band: bool, has_reference: bool) -> list[Line2D | Patch]:
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=INK, linewidth=1.1, label="metered load"),
        Line2D([], [], color=LOAD, linewidth=1.5, label=words.estimate),
    ]
    if has_band:
        handles.append(Patch(facecolor=LOAD, alpha=0.25, label="80 % band"))
    if has_reference:
        dots = (0, (1, 1.2))
        handles.append(Line2D([], [], color=NAIVE, linewidth=0.9, linestyle=dots, label=words.reference))
    return handles
