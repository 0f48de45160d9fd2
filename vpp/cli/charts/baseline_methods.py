"""Methods compared: every series a dot, the middle of each method a mark, figures beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from vpp.cli.charts.baseline_style import WIDTH_IN, Room, Texts, name_width_in, new_sheet, to_png
from vpp.cli.charts.style import CHARGE, FAINT, INK

_ROW_IN = 0.36
_MARGIN_IN = 0.25
_SCORE_IN = 0.65
_COLUMN_IN = 0.72
_NICE = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0)
_NICE_SHARES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True, slots=True, eq=False)
class MethodScores:
    """One method over all series.

    Attributes:
        label: The method.
        colour: Its colour.
        scores: One score per series, above 0; NaN where it gave none. Shape (S,).
        middle: The score of all of them together.
        cells: Further figures, in words, one per column.
        is_marked: Whether the label carries the mark of unverified values.
    """

    label: str
    colour: str
    scores: npt.NDArray[np.float64]
    middle: float
    cells: Sequence[str]
    is_marked: bool = False


@dataclass(frozen=True, slots=True)
class ScoreAxis:
    """What the axis of scores says.

    Attributes:
        text: Name of the score.
        reference: A value worth a line.
        reference_label: What it is.
        is_share: Whether scores are shares, written in percent.
    """

    text: str
    reference: float
    reference_label: str
    is_share: bool = False


def draw_methods(
    texts: Texts, methods: Sequence[MethodScores], axis: ScoreAxis, columns: Sequence[str]
) -> bytes:
    """Draw a row per method, in the order given; the axis is logarithmic.

    Args:
        texts: What stands around the panel.
        methods: The methods.
        axis: What the axis says.
        columns: Names of the further figures.

    Returns:
        A PNG; the same values give the same bytes.
    """
    return to_png(methods_figure(texts, methods, axis, columns))


def methods_figure(
    texts: Texts, methods: Sequence[MethodScores], axis: ScoreAxis, columns: Sequence[str]
) -> Figure:
    """Lay the drawing out.

    Args:
        texts: What stands around the panel.
        methods: The methods.
        axis: What the axis says.
        columns: Names of the further figures.

    Returns:
        The figure, not yet rendered.
    """
    names_in = _MARGIN_IN + name_width_in([method.label for method in methods]) + _SCORE_IN
    room = Room(
        left=names_in, right=0.2 + _COLUMN_IN * len(columns), above=0.5, between=0.95, texts=_MARGIN_IN
    )
    height_in = _ROW_IN * max(len(methods), 2)
    figure, (axes,) = new_sheet(texts, (height_in,), room=room)
    _frame(axes, methods, axis)
    for row, method in enumerate(methods):
        known = method.scores[np.isfinite(method.scores) & (method.scores > 0)]
        # Dots that would lie on each other are moved apart; the pattern is the same every time.
        offset = 0.3 * (np.arange(len(known)) * 0.618034 % 1.0 - 0.5) * 2
        axes.scatter(known, row + offset, s=13, color=method.colour, alpha=0.32, linewidths=0, zorder=3)
        if np.isfinite(method.middle) and method.middle > 0:
            axes.plot(
                [method.middle] * 2, [row - 0.36, row + 0.36], color=method.colour, linewidth=2.6, zorder=4
            )
        _write_row(axes, row, method, axis, room)
    width_in = WIDTH_IN - room.left - room.right
    for number, column in enumerate(columns):
        axes.annotate(
            column,
            (1.0, 1.0),
            xycoords="axes fraction",
            xytext=((0.16 + _COLUMN_IN * (number + 0.9)) / width_in + 1.0, 1.0 + 0.1 / height_in),
            textcoords="axes fraction",
            ha="right",
            va="bottom",
            fontsize=8,
            color=INK,
        )
    return figure


def _frame(axes: Axes, methods: Sequence[MethodScores], axis: ScoreAxis) -> None:
    everything = np.concatenate([method.scores for method in methods] + [[axis.reference]])
    everything = everything[np.isfinite(everything) & (everything > 0)]
    low, high = float(everything.min()), float(everything.max())
    axes.set_xscale("log")
    axes.set_xlim(low / 1.15, high * 1.15)
    nice = _NICE_SHARES if axis.is_share else _NICE
    axes.xaxis.set_major_locator(FixedLocator([tick for tick in nice if low / 1.15 <= tick <= high * 1.15]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{value * 100:g} %" if axis.is_share else f"{value:g}")
    )
    axes.set_ylim(len(methods) - 0.5, -0.5)
    axes.yaxis.set_major_locator(NullLocator())
    axes.spines["left"].set_visible(False)
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color=FAINT, alpha=0.25, linewidth=0.6)
    axes.set_xlabel(axis.text, fontsize=8.5, color=INK)
    axes.axvline(axis.reference, color=INK, linewidth=1.0, linestyle=(0, (4, 1.5)), zorder=2)
    axes.annotate(
        axis.reference_label,
        (axis.reference, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(0, 5),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=8,
        color=INK,
    )
    for row in range(0, len(methods), 2):
        axes.axhspan(row - 0.5, row + 0.5, color=FAINT, alpha=0.07, linewidth=0, zorder=0)


def _write_row(axes: Axes, row: int, method: MethodScores, axis: ScoreAxis, room: Room) -> None:
    """Write the method's name and middle at the left, further figures at the right."""
    width_in = WIDTH_IN - room.left - room.right
    middle = _score(method.middle, axis) if np.isfinite(method.middle) else "-"
    texts = [
        (-(room.left - _MARGIN_IN) / width_in, method.label, "left", method.colour, "bold"),
        (-0.1 / width_in, middle, "right", INK, "bold"),
    ]
    texts += [
        (1.0 + (0.16 + _COLUMN_IN * (number + 0.9)) / width_in, cell, "right", INK, "normal")
        for number, cell in enumerate(method.cells)
    ]
    for x, text, side, colour, weight in texts:
        axes.annotate(
            text,
            (x, row),
            xycoords=("axes fraction", "data"),
            ha=side,
            va="center",
            fontsize=8.5,
            color=colour,
            fontweight=weight,
            annotation_clip=False,
        )
    if method.is_marked:
        axes.annotate(
            "unverified",
            (-(room.left - _MARGIN_IN) / width_in, row + 0.36),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=6,
            color=CHARGE,
            annotation_clip=False,
        )


def _score(value: float, axis: ScoreAxis) -> str:
    return f"{value * 100:.1f} %" if axis.is_share else f"{value:.2f}"
