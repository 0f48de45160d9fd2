"""Load against baseline and target over a day, events shaded."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MultipleLocator, StrMethodFormatter

from vpp.cli.charts.style import (
    BASELINE,
    INK,
    LOAD,
    SPAN,
    TARGET,
    Chart,
    Margins,
    finish,
    heading,
    new_figure,
)
from vpp.foundation.direction import Direction

_MW_FROM_KW = 1500.0


@dataclass(frozen=True, slots=True)
class EventTrace:
    """What one event asked of a site, or of all sites together.

    Attributes:
        label: Name of the event for people.
        baseline_kw: Load without the event, kW, labelled by interval starts. Shape (N,).
        target_reduction_kw: Reduction asked for, kW, or with LOAD_UP increase. Shape (N,), same index.
        direction: Which way consumption is moved.
    """

    label: str
    baseline_kw: pd.Series
    target_reduction_kw: pd.Series
    direction: Direction = Direction.LOAD_DOWN


def load_chart(
    name: str, title: str, metered_kw: pd.Series, events: Sequence[EventTrace], *, small: bool = False
) -> Chart:
    """Draw a day's load with each event's baseline and target level.

    Args:
        name: File name without its ending.
        title: What it shows.
        metered_kw: Metered load, kW, consumption positive, labelled by interval starts; NaN is
            a gap and drawn as one. Shape (T,).
        events: The events of the day, in order.
        small: Draw it for a grid of many.
    """
    peak_kw = float(np.nanmax(metered_kw.to_numpy(dtype=np.float64)))
    unit, scale = ("MW", 1000.0) if peak_kw >= _MW_FROM_KW else ("kW", 1.0)
    figure, axes = new_figure(*((4.2, 2.5) if small else (9.0, 3.8)), Margins())
    midnight = _index(metered_kw)[0].normalize()
    _stairs(axes, metered_kw / scale, midnight, LOAD, "metered load", linewidth=1.4)
    for number, event in enumerate(events):
        target_level = event.direction.level(event.baseline_kw, event.target_reduction_kw) / scale
        to_target = "less" if event.direction is Direction.LOAD_DOWN else "and"
        labels = ("baseline", f"baseline {to_target} target") if number == 0 else (None, None)
        _stairs(axes, event.baseline_kw / scale, midnight, BASELINE, labels[0], linestyle=(0, (4, 1.5)))
        _stairs(axes, target_level, midnight, TARGET, labels[1], linewidth=1.8)
        edges = _edges(event.baseline_kw, midnight)
        axes.axvspan(edges[0], edges[-1], color=SPAN, alpha=0.16, linewidth=0)
    lines = [event.baseline_kw / scale for event in events]
    lines += [
        event.direction.level(event.baseline_kw, event.target_reduction_kw) / scale
        for event in events
        if event.direction is Direction.LOAD_UP
    ]
    _make_room(axes, metered_kw / scale, lines)
    bottom, top = axes.get_ylim()
    for number, event in enumerate(events):
        edges = _edges(event.baseline_kw, midnight)
        # Names of neighbours in a small drawing would touch, so every other one stands lower.
        height = top - (number % 2) * 0.09 * (top - bottom) if small else top
        axes.text(
            (edges[0] + edges[-1]) / 2,
            height,
            event.label,
            ha="center",
            va="top",
            fontsize=7 if small else 8,
            color=INK,
        )
    edges = _edges(metered_kw, midnight)
    axes.set_xlim(edges[0], edges[-1])
    axes.xaxis.set_major_locator(MultipleLocator(6 if small else 3))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda hour, _: f"{hour % 24:02.0f}:00"))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    heading(axes, title, f"{unit} at the point of connection, UTC")
    if not small:
        axes.legend(
            loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, frameon=False, fontsize=8, labelcolor=INK
        )
    return finish(figure, name, title)


def _stairs(  # noqa: PLR0913  what a line looks like, beside what it shows
    axes: Axes,
    series: pd.Series,
    midnight: pd.Timestamp,
    colour: str,
    label: str | None,
    *,
    linewidth: float = 1.2,
    linestyle: str | tuple[int, tuple[float, ...]] = "-",
) -> None:
    """Draw interval means as steps: a value holds from its interval's start to its end."""
    axes.stairs(
        series.to_numpy(dtype=np.float64),
        _edges(series, midnight),
        baseline=None,
        color=colour,
        label=label,
        linewidth=linewidth,
        linestyle=linestyle,
    )


def _edges(series: pd.Series, midnight: pd.Timestamp) -> npt.NDArray[np.float64]:
    """Return where intervals begin and the last one ends, hours after midnight. Shape (N + 1,)."""
    index = _index(series)
    step = index[1] - index[0] if len(index) > 1 else pd.Timedelta(minutes=15)
    edges = pd.DatetimeIndex([*index, index[-1] + step])
    hours = (edges - midnight) / pd.Timedelta(hours=1)
    return np.asarray(hours, dtype=np.float64)


def _make_room(axes: Axes, metered: pd.Series, baselines: Sequence[pd.Series]) -> None:
    """Leave space above the highest line for the events' names."""
    levels = np.concatenate([series.to_numpy(dtype=np.float64) for series in (metered, *baselines)])
    low, high = float(np.nanmin(levels)), float(np.nanmax(levels))
    reach = max(high - low, abs(high) * 0.05, 1e-9)
    axes.set_ylim(max(0.0, low - 0.15 * reach) if low >= 0 else low - 0.15 * reach, high + 0.28 * reach)


def _index(series: pd.Series) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(series.index)
