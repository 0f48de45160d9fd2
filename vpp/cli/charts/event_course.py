"""The course of an event: what was asked for, told, delivered and expected, and what was done when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
from matplotlib.ticker import FuncFormatter, MultipleLocator

from vpp.cli.charts.style import (
    BASELINE,
    CHARGE,
    FAINT,
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

_MW_FROM_KW = 1500.0
_SHORT_H = 6.0
_COLOURS = {"top up": TARGET, "restore": TARGET, "raise": TARGET, "trim": CHARGE, "hold": SPAN}


@dataclass(frozen=True, slots=True)
class Action:
    """What was done at one look.

    Attributes:
        at: When.
        kind: What, in words.
        site_count: To how many sites.
    """

    at: datetime
    kind: str
    site_count: int


@dataclass(frozen=True, slots=True, eq=False)
class EventCourse:
    """The course of an event.

    Attributes:
        name: The event.
        start: Start of delivery, UTC.
        step: Length of a delivery interval.
        target_kw: Asked for, kW. Shape (N,).
        instructed_kw: Told, kW. Shape (N,).
        delivered_kw: Delivered, kW; NaN where nothing is metered. Shape (N,).
        expected_kw: Expected by the newest look, kW. Shape (N,).
        expected_at_start_kw: Expected by the first look, kW. Shape (N,).
        band: Shares of the target between which delivery is as wanted.
        actions: What was done.
    """

    name: str
    start: datetime
    step: timedelta
    target_kw: npt.NDArray[np.float64]
    instructed_kw: npt.NDArray[np.float64]
    delivered_kw: npt.NDArray[np.float64]
    expected_kw: npt.NDArray[np.float64]
    expected_at_start_kw: npt.NDArray[np.float64]
    band: tuple[float, float]
    actions: Sequence[Action]


def course_chart(course: EventCourse) -> Chart:
    """Draw the course of an event."""
    figure, axes = new_figure(9.0, 4.0, Margins(top=0.8))
    peak_kw = float(np.nanmax(np.concatenate((course.target_kw, course.instructed_kw, course.expected_kw))))
    unit, scale = ("MW", 1000.0) if peak_kw >= _MW_FROM_KW else ("kW", 1.0)
    count = len(course.target_kw)
    midnight = course.start.replace(hour=0, minute=0, second=0, microsecond=0)
    edges = np.array([_hours(course.start + n * course.step - midnight) for n in range(count + 1)])
    low, high = course.band
    axes.fill_between(
        edges,
        np.append(course.target_kw, course.target_kw[-1]) * low / scale,
        np.append(course.target_kw, course.target_kw[-1]) * high / scale,
        step="post",
        color=TARGET,
        alpha=0.15,
        linewidth=0,
        label=f"{low:.0%} to {high:.0%} of the target",
    )
    for values, colour, label, style in (
        (course.target_kw, TARGET, "target", "-"),
        (course.instructed_kw, FAINT, "told to the sites", "-"),
        (course.expected_at_start_kw, BASELINE, "expected at the first look", (0, (1, 1.5))),
        (course.expected_kw, BASELINE, "expected at the last look", (0, (4, 1.5))),
        (course.delivered_kw, LOAD, "delivered", "-"),
    ):
        axes.stairs(
            values / scale,
            edges,
            baseline=None,
            color=colour,
            label=label,
            linestyle=style,
            linewidth=2.0 if label == "delivered" else 1.3,
        )
    axes.set_ylim(bottom=min(0.0, float(np.nanmin(course.expected_kw)) / scale))
    bottom, top = axes.get_ylim()
    axes.set_ylim(bottom, top + 0.12 * (top - bottom))
    for action in course.actions:
        axes.plot(
            _hours(action.at - midnight),
            top + 0.06 * (top - bottom),
            marker="v" if action.kind == "trim" else "^",
            color=_COLOURS.get(action.kind, INK),
            markersize=4.0 + min(6.0, action.site_count / 3),
            linestyle="none",
            clip_on=False,
        )
    axes.xaxis.set_major_locator(MultipleLocator(0.5 if edges[-1] - edges[0] <= _SHORT_H else 2.0))
    axes.xaxis.set_major_formatter(FuncFormatter(_clock))
    heading(axes, f"Event {course.name}", f"{unit}, UTC; triangles: sites told more (up) or less (down)")
    axes.legend(
        loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, frameon=False, fontsize=7, labelcolor=INK
    )
    return finish(figure, f"event_{course.name}", f"Event {course.name}: target, told, delivered, expected")


def _hours(span: timedelta) -> float:
    return span / timedelta(hours=1)


def _clock(hour: float, _: object) -> str:
    minutes = round(hour * 60)
    return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}"
