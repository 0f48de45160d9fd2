"""What a site gives within 30 seconds, 5 minutes, 30 minutes, 3 hours, and holds for as long."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import StrMethodFormatter

from vpp.cli.charts.flexible_kinds import in_order, kind_colour, kind_label
from vpp.cli.charts.style import FAINT, INK, Chart, finish, heading, plain

_WIDTH_IN, _HEIGHT_IN = 10.0, 5.0
_LEFT_IN, _RIGHT_IN, _TOP_IN, _BOTTOM_IN, _BETWEEN_IN = 0.65, 0.2, 1.25, 0.62, 0.75
_BAR = 0.62
_LEAST_LABELLED = 0.045
_CLEAR = 0.1
"""Share of the height that a figure over a bar needs."""
_MW_FROM_KW = 1500.0


@dataclass(frozen=True, slots=True)
class LadderPanel:
    """One direction.

    Attributes:
        title: Which way consumption is moved.
        rungs: Names of the rungs. Shape (R,).
        together_kw: What the resources of each kind give together, nothing counted twice, kW. Shape (R,).
        added_up_kw: What all would give if each were alone, kW. Shape (R,).
        firm_kw: What of all together comes nine times in ten, kW. Shape (R,).
        bound_kw: What load or connection leave, kW; None where that is not known.
        bound_label: What that is.
    """

    title: str
    rungs: Sequence[str]
    together_kw: Mapping[str, Sequence[float]]
    added_up_kw: Sequence[float]
    firm_kw: Sequence[float]
    bound_kw: float | None
    bound_label: str


def ladder_chart(name: str, panels: Sequence[LadderPanel]) -> Chart:
    """Draw the ladder of both directions, kinds of resource stacked.

    Args:
        name: File name without its ending.
        panels: One per direction, from the left.
    """
    figure = Figure(figsize=(_WIDTH_IN, _HEIGHT_IN))
    peak_kw = max(kw for panel in panels for kw in (*panel.added_up_kw, *panel.firm_kw))
    unit = "MW" if peak_kw >= _MW_FROM_KW else "kW"  # one for both, so that bars can be compared
    width_in = (_WIDTH_IN - _LEFT_IN - _RIGHT_IN - _BETWEEN_IN * (len(panels) - 1)) / len(panels)
    for n, panel in enumerate(panels):
        left_in = _LEFT_IN + n * (width_in + _BETWEEN_IN)
        axes = figure.add_axes(
            (
                left_in / _WIDTH_IN,
                _BOTTOM_IN / _HEIGHT_IN,
                width_in / _WIDTH_IN,
                1.0 - (_TOP_IN + _BOTTOM_IN) / _HEIGHT_IN,
            )
        )
        plain(axes)
        _draw(axes, panel, unit)
    _legend(figure, panels)
    title = "What the site gives, rung by rung"
    figure.text(
        0.12 / _WIDTH_IN,
        1.0 - 0.1 / _HEIGHT_IN,
        f"{title}: there within the time, and held for as long",
        fontsize=11.5,
        fontweight="bold",
        color=INK,
        va="top",
    )
    return finish(figure, name, title)


def _draw(axes: Axes, panel: LadderPanel, unit: str) -> None:
    places = list(range(len(panel.rungs)))
    scale, digits = (1000.0, 2) if unit == "MW" else (1.0, 0)
    firm = [kw / scale for kw in panel.firm_kw]
    added_up = [kw / scale for kw in panel.added_up_kw]
    top = max([*added_up, *firm, 1.0 / scale]) * 1.14
    axes.bar(
        places,
        added_up,
        width=_BAR + 0.12,
        facecolor="none",
        edgecolor=FAINT,
        linestyle=(0, (3, 2)),
        linewidth=1.0,
    )
    bottoms = [0.0] * len(places)
    for kind in in_order(panel.together_kw):
        values = [kw / scale for kw in panel.together_kw[kind]]
        axes.bar(places, values, width=_BAR, bottom=bottoms, color=kind_colour(kind))
        for place, value, bottom in zip(places, values, bottoms, strict=True):
            low, high = _clear_of(firm[place], bottom, bottom + value)
            if high - low > _LEAST_LABELLED * top:
                text = f"{value:,.{digits}f}"
                axes.text(place, (low + high) / 2, text, ha="center", va="center", fontsize=9, color="white")
        bottoms = [bottom + value for bottom, value in zip(bottoms, values, strict=True)]
    half = (_BAR + 0.06) / 2
    for place, stacked in zip(places, bottoms, strict=True):
        axes.plot([place - half, place + half], [firm[place]] * 2, color=INK, linewidth=2.2)
        # Over the bar, and inside the dashes where there is room between the two.
        over = stacked if added_up[place] - stacked > _CLEAR * top else max(stacked, added_up[place])
        axes.text(
            place,
            over + 0.02 * top,
            f"{firm[place]:,.{digits}f}",
            ha="center",
            va="bottom",
            fontsize=10,
            color=INK,
            fontweight="bold",
        )
    axes.set_ylim(0, top)
    axes.set_xlim(-0.55, len(places) - 0.45)
    axes.set_xticks(places, list(panel.rungs))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    axes.tick_params(axis="x", length=0, labelsize=10)
    axes.tick_params(axis="y", labelsize=9)
    heading(axes, panel.title, f"{unit} at the point of connection; in bold: firm, nine times in ten")
    if panel.bound_kw is not None:
        axes.annotate(
            f"{panel.bound_label}: {panel.bound_kw / scale:,.{digits}f} {unit}",
            (0, 0),
            (0, -32),
            "axes fraction",
            "offset points",
            fontsize=9,
            color=INK,
        )


def _clear_of(line: float, low: float, high: float) -> tuple[float, float]:
    """Return the larger part of a span that a line divides.

    Example:
        >>> _clear_of(3.0, 0.0, 4.0), _clear_of(9.0, 0.0, 4.0)
        ((0.0, 3.0), (0.0, 4.0))
    """
    if not low < line < high:
        return low, high
    return (low, line) if line - low >= high - line else (line, high)


def _legend(figure: Figure, panels: Sequence[LadderPanel]) -> None:
    shown = {
        kind: None for panel in panels for kind, values in panel.together_kw.items() if max(values) > 0.0
    }
    handles: list[Patch | Line2D] = [
        Patch(facecolor=kind_colour(kind), label=kind_label(kind)) for kind in in_order(shown)
    ]
    handles += [
        Line2D([], [], color=INK, linewidth=2.2, label="firm"),
        Patch(facecolor="none", edgecolor=FAINT, linestyle=(0, (3, 2)), label="each alone, added up"),
    ]
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0.04 / _WIDTH_IN, 1.0 - 0.3 / _HEIGHT_IN),
        ncols=len(handles),
        frameon=False,
        fontsize=9,
        labelcolor=INK,
        handlelength=1.4,
        columnspacing=1.2,
    )
