"""What each kind of resource promised and delivered."""

from collections.abc import Sequence
from dataclasses import dataclass

from vpp.cli.charts.style import ACCEPTED, FAINT, INK, REJECTED, Chart, Margins, finish, heading, new_figure

_ROW_IN = 0.42
_LABEL_IN = 1.15
_BAR = 0.36


@dataclass(frozen=True, slots=True)
class KindEnergy:
    """One kind of resource.

    Attributes:
        label: The kind.
        promised_kwh: Energy awarded, 0 or more.
        delivered_kwh: Energy delivered; below zero where it recovered more than it reduced.
    """

    label: str
    promised_kwh: float
    delivered_kwh: float


def kinds_chart(name: str, title: str, kinds: Sequence[KindEnergy]) -> Chart:
    """Draw two bars per kind, promised above delivered, with their ratio in figures.

    Args:
        name: File name without its ending.
        title: What it shows.
        kinds: In the order in which they stand from the top.
    """
    rows = range(len(kinds))
    figure, axes = new_figure(9.0, 1.0 + _ROW_IN * max(len(kinds), 3), Margins(left=_LABEL_IN))
    axes.grid(visible=False)
    promised = [kind.promised_kwh for kind in kinds]
    delivered = [kind.delivered_kwh for kind in kinds]
    upper, lower = ([row + shift for row in rows] for shift in (-_BAR / 2.0, _BAR / 2.0))
    axes.barh(upper, promised, color=REJECTED, height=_BAR, label="promised")
    axes.barh(lower, delivered, color=ACCEPTED, height=_BAR, label="delivered")
    reach = max([*promised, *delivered, 1.0])
    for row, kind in zip(rows, kinds, strict=True):
        is_sold = kind.promised_kwh > 0.0
        text = f"{kind.delivered_kwh / kind.promised_kwh:.2f}" if is_sold else "not sold"
        right = max(kind.promised_kwh, kind.delivered_kwh, 0.0)
        axes.text(right + 0.012 * reach, row, text, va="center", fontsize=8, color=INK)
    axes.axvline(0, color=FAINT, linewidth=0.8)
    axes.set_yticks(list(rows), [kind.label for kind in kinds])
    axes.set_xlim(min([*delivered, 0.0]) * 1.05, reach * 1.14)
    axes.set_ylim(len(kinds) - 0.4, -0.6)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.legend(loc="lower right", frameon=False, fontsize=8, labelcolor=INK)
    heading(axes, title, "kWh in all events; the figure is delivered over promised")
    return finish(figure, name, title)
