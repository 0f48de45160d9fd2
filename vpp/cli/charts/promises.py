"""How much of what was commanded came, kind by kind, beside what was promised of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter

from vpp.cli.charts.flexible_kinds import kind_colour, kind_label
from vpp.cli.charts.style import CHARGE, FAINT, INK, Chart, Margins, finish, new_figure

_ROW_IN = 0.62
_LABEL_IN = 1.45
_COUNT_IN = 1.75
_SPREAD = 0.3


@dataclass(frozen=True, slots=True)
class KindPromise:
    """One kind of resource.

    Attributes:
        kind: The kind, as in the configuration.
        delivered_ratio: Delivered over commanded power of each response. Shape (n,).
        promised_ratio: What was promised of each. Shape (n,).
        low_ratio: Reached nine times in ten; None where there are too few responses.
        middle_ratio: Reached every other time; None where there are too few.
        high_ratio: Reached once in ten times.
        kept_count: How many responses came to at least the promise.
    """

    kind: str
    delivered_ratio: Sequence[float]
    promised_ratio: Sequence[float]
    low_ratio: float | None
    middle_ratio: float | None
    high_ratio: float | None
    kept_count: int


def promises_chart(name: str, kinds: Sequence[KindPromise]) -> Chart:
    """Draw every response as a dot, the middle eight in ten as a bar, the promise as a mark.

    Args:
        name: File name without its ending.
        kinds: In the order in which they stand from the top, at least one.
    """
    title = "Promised and delivered by kind of resource"
    height_in = 1.45 + _ROW_IN * max(len(kinds), 2)
    figure, axes = new_figure(
        10.0, height_in, Margins(left=_LABEL_IN, right=_COUNT_IN, top=0.95, bottom=0.45)
    )
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x", color=FAINT, alpha=0.25, linewidth=0.6)
    values = [ratio for kind in kinds for ratio in (*kind.delivered_ratio, *kind.promised_ratio)]
    low, high = min([0.0, *values]), max([1.1, *values])
    for row, kind in enumerate(kinds):
        _draw(axes, row, kind)
    axes.axvline(1.0, color=FAINT, linewidth=1.0)
    axes.set_xlim(low - 0.02, high + 0.03)
    axes.set_ylim(len(kinds) - 0.45, -0.55)
    axes.set_yticks(range(len(kinds)), [kind_label(kind.kind) for kind in kinds])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda ratio, _: f"{ratio * 100:.0f} %"))
    axes.tick_params(axis="y", length=0, labelsize=10)
    axes.tick_params(axis="x", labelsize=9)
    axes.spines["left"].set_visible(False)
    axes.legend(
        handles=[
            Line2D([], [], color=INK, marker="o", linestyle="none", alpha=0.45, label="one response"),
            Patch(facecolor=FAINT, alpha=0.5, label="p10 to p90"),
            Line2D(
                [],
                [],
                color=INK,
                marker="|",
                markersize=11,
                markeredgewidth=2.2,
                linestyle="none",
                label="p50",
            ),
            Line2D([], [], color=CHARGE, marker="D", markersize=7, linestyle="none", label="promise (mean)"),
        ],
        loc="lower left",
        bbox_to_anchor=(-0.012, 1.0),
        ncols=4,
        frameon=False,
        fontsize=9,
        labelcolor=INK,
        handletextpad=0.4,
    )
    axes.annotate(
        title, (0, 1), (0, 46), "axes fraction", "offset points", fontsize=11.5, color=INK, fontweight="bold"
    )
    axes.annotate(
        "share of all that the model said was available, which was commanded",
        (0, 1),
        (0, 30),
        "axes fraction",
        "offset points",
        fontsize=9,
        color=INK,
    )
    return finish(figure, name, title)


def _draw(axes: Axes, row: int, kind: KindPromise) -> None:
    count = len(kind.delivered_ratio)
    colour = kind_colour(kind.kind)
    if not count:
        axes.text(0.5, row, "not tried yet", ha="center", va="center", fontsize=10, color=FAINT)
        return
    if kind.low_ratio is not None and kind.high_ratio is not None:
        axes.barh(
            row, kind.high_ratio - kind.low_ratio, left=kind.low_ratio, height=0.42, color=colour, alpha=0.35
        )
    if kind.middle_ratio is not None:
        axes.plot(
            kind.middle_ratio,
            row,
            marker="|",
            markersize=18,
            markeredgewidth=2.4,
            color=INK,
            linestyle="none",
        )
    offsets = [(_SPREAD * (n / max(1, count - 1) - 0.5)) if count > 1 else 0.0 for n in range(count)]
    axes.plot(
        list(kind.delivered_ratio),
        [row + offset for offset in offsets],
        marker="o",
        markersize=5,
        color=colour,
        alpha=0.75,
        linestyle="none",
    )
    promised = sum(kind.promised_ratio) / count
    axes.plot(
        promised, row, marker="D", markersize=8, color=CHARGE, markeredgecolor="white", linestyle="none"
    )
    axes.annotate(
        f"kept {kind.kept_count} of {count}",
        (1, row),
        (10, 0),
        ("axes fraction", "data"),
        "offset points",
        va="center",
        fontsize=10,
        color=INK,
        annotation_clip=False,
    )
