"""How wrong each method is at each hour of the day, and to which side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from vpp.cli.charts.baseline_style import Room, Texts, name_width_in, new_sheet, to_png
from vpp.cli.charts.style import FAINT, INK, heading

_PANELS_IN = (2.5, 1.6)
_GAP_IN = 0.45
_LABEL_GAP = 0.075


@dataclass(frozen=True, slots=True, eq=False)
class HourErrors:
    """One method's errors by hour of the site's day, as shares of the mean load.

    Attributes:
        label: The method.
        colour: Its colour.
        absolute_ratio: Mean absolute error; NaN where nothing was forecast. Shape (24,).
        bias_ratio: Mean error, estimate minus actual. Shape (24,).
        is_reference: Drawn dotted, behind the others.
    """

    label: str
    colour: str
    absolute_ratio: npt.NDArray[np.float64]
    bias_ratio: npt.NDArray[np.float64]
    is_reference: bool = False


def draw_hours(texts: Texts, methods: Sequence[HourErrors]) -> bytes:
    """Draw absolute error and bias by local hour, one line per method.

    Args:
        texts: What stands around the panels.
        methods: The methods, most important first.

    Returns:
        A PNG; the same values give the same bytes.
    """
    return to_png(hours_figure(texts, methods))


def hours_figure(texts: Texts, methods: Sequence[HourErrors]) -> Figure:
    """Lay the drawing out.

    Args:
        texts: What stands around the panels.
        methods: The methods, most important first.

    Returns:
        The figure, not yet rendered.
    """
    room = Room(right=_GAP_IN + name_width_in([method.label for method in methods]), above=0.72, between=0.9)
    figure, (above, below) = new_sheet(texts, _PANELS_IN, room=room)
    known = _hours_known(methods)
    for axes in (above, below):
        axes.set_xlim(known[0], known[1])
        axes.xaxis.set_major_locator(MultipleLocator(3 if known[1] - known[0] > 12 else 1))  # noqa: PLR2004  half a day
        axes.xaxis.set_major_formatter(FuncFormatter(lambda hour, _: f"{hour:02.0f}:00"))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda ratio, _: f"{ratio * 100:.3g} %"))
    for method in reversed(methods):
        _step(above, method, method.absolute_ratio)
        _step(below, method, method.bias_ratio)
    above.set_ylim(bottom=0)
    below.axhline(0, color=INK, linewidth=0.8)
    heading(above, "Mean absolute error", "share of the mean load, by hour of the site's day")
    heading(below, "Bias", "above zero the estimate is too high")
    _label_ends(above, {method.label: method for method in methods}, known[1])
    return figure


def _step(axes: Axes, method: HourErrors, ratio: npt.NDArray[np.float64]) -> None:
    axes.stairs(
        ratio,
        np.arange(len(ratio) + 1),
        baseline=None,
        color=method.colour,
        linewidth=1.1 if method.is_reference else 1.6,
        linestyle=(0, (1, 1.2)) if method.is_reference else "-",
    )


def _hours_known(methods: Sequence[HourErrors]) -> tuple[int, int]:
    """Return the hours between which anything is known, so that short events fill the drawing."""
    known = np.any([np.isfinite(method.absolute_ratio) for method in methods], axis=0)
    hours = np.flatnonzero(known)
    return int(hours[0]), int(hours[-1]) + 1


def _label_ends(axes: Axes, methods: Mapping[str, HourErrors], end_h: int) -> None:
    """Name the lines at the right, in their order and clear of each other."""
    low, high = axes.get_ylim()
    wanted = sorted(
        (float(method.absolute_ratio[end_h - 1]) - low) / (high - low)
        if np.isfinite(method.absolute_ratio[end_h - 1])
        else 0.0
        for method in methods.values()
    )
    order = sorted(
        methods.values(), key=lambda method: float(np.nan_to_num(method.absolute_ratio[end_h - 1]))
    )
    placed = spread(wanted, _LABEL_GAP)
    for method, height, true_height in zip(order, placed, wanted, strict=True):
        axes.annotate(
            method.label,
            (1.0, true_height),
            xycoords="axes fraction",
            xytext=(1.035, height),
            textcoords="axes fraction",
            va="center",
            fontsize=8,
            color=INK if method.is_reference else method.colour,
            fontweight="normal" if method.is_reference else "bold",
            arrowprops={
                "arrowstyle": "-",
                "color": FAINT,
                "linewidth": 0.6,
                "shrinkA": 0,
                "shrinkB": 1,
                "relpos": (0, 0.5),
            },
        )


def spread(heights: Sequence[float], gap: float) -> list[float]:
    """Move heights apart until neighbours are at least a gap from each other, as little as possible.

    Args:
        heights: Wanted heights, ascending.
        gap: Least distance.

    Returns:
        Heights in the same order.

    Example:
        >>> [round(height, 3) for height in spread([0.5, 0.5, 0.9], 0.1)]
        [0.45, 0.55, 0.9]
    """
    groups: list[list[float]] = []  # each a run that touches: its wanted heights
    for height in heights:
        groups.append([height])
        while len(groups) > 1 and _bottom(groups[-1], gap) < _top(groups[-2], gap) + gap:
            groups[-2:] = [groups[-2] + groups[-1]]
    return [_bottom(group, gap) + number * gap for group in groups for number in range(len(group))]


def _bottom(group: Sequence[float], gap: float) -> float:
    return sum(group) / len(group) - gap * (len(group) - 1) / 2


def _top(group: Sequence[float], gap: float) -> float:
    return _bottom(group, gap) + gap * (len(group) - 1)
