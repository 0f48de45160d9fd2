"""One event on a statement: what was expected, metered and asked for, and the part that is paid."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator, StrMethodFormatter

from vpp.cli.charts.style import (
    BASELINE,
    CHARGE,
    INK,
    LOAD,
    TARGET,
    Margins,
    heading,
    new_figure,
    svg_of,
)
from vpp.foundation.direction import Direction

_WIDTH_IN, _HEIGHT_IN = 7.4, 2.7
_MW_FROM_KW = 10_000.0
_MOST_TICKS, _MOST_LONG_TICKS = 9, 5
_SHORT_LABEL = "00:00"


@dataclass(frozen=True, slots=True, eq=False)
class StatementEvent:
    """What the drawing shows, summed over the event's sites on the statement.

    Attributes:
        name: Keeps the drawings of a page apart.
        title: What it is, for people.
        direction: Which way consumption was asked to move.
        starts: Interval starts, UTC. Shape (N,).
        labels: Civil time of the interval starts, and of the end. Shape (N + 1,).
        baseline_kw: Baseline, kW; NaN where there is none. Shape (N,).
        metered_kw: Load, kW; NaN is a gap. Shape (N,).
        target_kw: Asked for, kW, a magnitude. Shape (N,).
        payable_kw: Paid, kW, a magnitude. Shape (N,).
        known_sites: Sites that are in the sums of each interval. Shape (N,).
        site_count: Sites that were called.
    """

    name: str
    title: str
    direction: Direction
    starts: Sequence[datetime]
    labels: Sequence[str]
    baseline_kw: npt.NDArray[np.float64]
    metered_kw: npt.NDArray[np.float64]
    target_kw: npt.NDArray[np.float64]
    payable_kw: npt.NDArray[np.float64]
    known_sites: npt.NDArray[np.int64]
    site_count: int


def statement_event_svg(event: StatementEvent) -> str:
    """Draw an event as an `<svg>` element; the same values give the same text."""
    is_short = all(len(label) <= len(_SHORT_LABEL) for label in event.labels)  # else with offsets
    margins = Margins(left=0.72, right=0.25 if is_short else 0.5, top=0.45, bottom=0.3)
    figure, axes = new_figure(_WIDTH_IN, _HEIGHT_IN, margins)
    down = event.direction is Direction.LOAD_DOWN
    asked_kw = event.direction.level(event.baseline_kw, event.target_kw)
    paid_kw = event.direction.level(event.baseline_kw, event.payable_kw)
    largest_kw = _largest(event.baseline_kw, event.metered_kw, asked_kw)
    unit, scale = ("MW", 1000.0) if largest_kw >= _MW_FROM_KW else ("kW", 1.0)
    edges = np.arange(len(event.starts) + 1, dtype=np.float64)
    wrong_way = event.metered_kw > event.baseline_kw if down else event.metered_kw < event.baseline_kw
    for values_kw, where, colour, label in (
        (paid_kw, event.payable_kw > 0, TARGET, "paid"),
        (event.metered_kw, wrong_way, CHARGE, "moved the wrong way"),
    ):
        if np.any(where & ~np.isnan(values_kw) & ~np.isnan(event.baseline_kw)):
            # Both ends of each interval by themselves: of steps, the last one of a run would stay empty.
            axes.fill_between(
                np.repeat(edges, 2)[1:-1],
                np.repeat(values_kw, 2) / scale,
                np.repeat(event.baseline_kw, 2) / scale,
                where=np.repeat(where, 2),
                color=colour,
                alpha=0.25,
                linewidth=0,
                label=label,
            )
    lines = (
        (asked_kw, TARGET, "asked for", (0, (4, 1.5)), 1.3),
        (event.baseline_kw, BASELINE, "baseline", "-", 1.6),
        (event.metered_kw, LOAD, "metered", "-", 1.8),
    )
    for values_kw, colour, label, dashes, width in lines:
        axes.stairs(
            values_kw / scale,
            edges,
            baseline=None,
            color=colour,
            label=label,
            linestyle=dashes,
            linewidth=width,
        )
    _mark_gaps(axes, event)
    axes.set_xlim(edges[0], edges[-1])
    _room(axes, np.concatenate((event.baseline_kw, event.metered_kw, asked_kw)) / scale)
    every = max(1, -(-len(event.starts) // (_MOST_TICKS if is_short else _MOST_LONG_TICKS)))
    marks = [*range(0, len(event.starts), every), len(event.starts)]
    if len(marks) > 2 and marks[-1] - marks[-2] < every:  # noqa: PLR2004  first, one before the last, last
        del marks[-2]
    axes.xaxis.set_major_locator(FixedLocator([float(mark) for mark in marks]))
    axes.xaxis.set_major_formatter(FixedFormatter([event.labels[mark] for mark in marks]))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    heading(axes, "", f"{unit} at the meter")
    axes.legend(
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=5,
        frameon=False,
        fontsize=8,
        labelcolor=INK,
        handlelength=1.5,
        columnspacing=1.2,
    )
    # The name becomes part of the markup, and a file may say anything.
    return svg_of(figure, "event-" + re.sub("[^A-Za-z0-9-]", "-", event.name), event.title)


def _largest(*series_kw: npt.NDArray[np.float64]) -> float:
    return float(np.nanmax(np.abs(np.concatenate(series_kw)), initial=0.0))


def _room(axes: Axes, values: npt.NDArray[np.float64]) -> None:
    """Leave a margin above and below, and keep a zero that nobody is near out of the picture."""
    known = values[~np.isnan(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    reach = max(high - low, abs(high) * 0.05, 1e-9)
    bottom = low - 0.12 * reach
    axes.set_ylim(max(bottom, 0.0) if low >= 0 else bottom, high + 0.12 * reach)


def _mark_gaps(axes: Axes, event: StatementEvent) -> None:
    """Hatch the intervals in which sites are left out of the sums, and say how many are in."""
    is_left = event.known_sites < event.site_count
    for n in np.flatnonzero(is_left).tolist():
        axes.axvspan(n, n + 1, facecolor="none", edgecolor=INK, hatch="////", linewidth=0, alpha=0.22)
        if n and event.known_sites[n - 1] == event.known_sites[n]:
            continue  # said where it began
        known = int(event.known_sites[n])
        words = f"{known} of\n{event.site_count} sites" if known else "no data"
        axes.annotate(
            words,
            (n + 0.5, 0.97),
            xycoords=("data", "axes fraction"),
            ha="center",
            va="top",
            fontsize=7,
            color=INK,
        )
