"""Awards stacked by kind of resource against the target, with what comes back below zero."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import StrMethodFormatter

from vpp.cli.charts.auction_kinds import ResourceKind
from vpp.cli.charts.auction_style import SHORT, kw_per
from vpp.cli.charts.auction_time import Horizon, show_time
from vpp.cli.charts.style import FAINT, INK, heading

Powers = npt.NDArray[np.float64]

_OUTLINED_COUNT = 60
_TRIFLE_KW = 1e-3
_AGAINST_ALPHA = 0.55
_HEADROOM_RATIO = 1.14


@dataclass(frozen=True, slots=True)
class AwardStack:
    """What the drawing shows; every power as it counts towards the target, kW.

    Attributes:
        horizon: Delivery and recovery.
        served_kw: What moves the buyer's way, by kind. Shape (T,) each.
        against_kw: What moves the other way, 0 or more, by kind: rebound, charging, load that a
            migration brings. Shape (T,) each.
        target_kw: Target. Shape (N,).
        margin_kw: Bought beyond it. Shape (N,).
        shortfall_kw: Target and margin that nobody served. Shape (N,).
        unit: `kW` or `MW`, as everywhere on the sheet.
        what: `reduction` or `increase`.
    """

    horizon: Horizon
    served_kw: Mapping[ResourceKind, Powers]
    against_kw: Mapping[ResourceKind, Powers]
    target_kw: Powers
    margin_kw: Powers
    shortfall_kw: Powers
    unit: str
    what: str


def draw_stack(axes: Axes, picture: AwardStack) -> None:
    """Draw the stack, the target as a line, and the shortfall hatched up to it and its margin."""
    scale, edges = kw_per(picture.unit), picture.horizon.edges()
    above, below = np.zeros(len(edges) - 1), np.zeros(len(edges) - 1)
    for kind in ResourceKind:
        served, against = picture.served_kw.get(kind), picture.against_kw.get(kind)
        if served is not None:
            _bars(axes, edges, served / scale, above, kind.colour)
            above = above + served / scale
        if against is not None:
            _bars(axes, edges, -against / scale, below, kind.colour, is_against=True)
            below = below - against / scale
    target = picture.target_kw / scale
    count = len(target)
    wanted = target + picture.margin_kw / scale
    shortfall = picture.shortfall_kw / scale
    for t in np.flatnonzero(picture.shortfall_kw > _TRIFLE_KW):
        axes.bar(
            edges[t],
            shortfall[t],
            edges[t + 1] - edges[t],
            bottom=wanted[t] - shortfall[t],
            align="edge",
            facecolor=(1.0, 1.0, 1.0, 0.35),
            edgecolor=SHORT,
            hatch="////",
            linewidth=0.0,
            zorder=3,
        )
    if np.any(below < -_TRIFLE_KW / scale) and count:
        axes.stairs(
            above + below, edges, baseline=None, color=INK, linewidth=1.1, linestyle=(0, (1, 1)), zorder=4
        )
    if np.any(picture.margin_kw > _TRIFLE_KW):
        axes.stairs(
            wanted,
            edges[: count + 1],
            baseline=None,
            color=INK,
            linewidth=1.0,
            linestyle=(0, (4, 1.5)),
            zorder=4,
        )
    axes.stairs(target, edges[: count + 1], baseline=None, color=INK, linewidth=1.9, zorder=5)
    axes.axhline(0, color=FAINT, linewidth=0.8, zorder=3)
    top, low = max(1e-9, *above, *wanted), min(0.0, *below)
    axes.set_ylim(low * 1.12, top * _HEADROOM_RATIO)
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    show_time(axes, picture.horizon)
    heading(
        axes,
        "What was bought against the target",
        f"{picture.what} as it counts, mean {picture.unit} per interval; below zero: what comes back",
    )


def _bars(  # noqa: PLR0913  what a bar looks like, beside where it stands
    axes: Axes, edges: Powers, heights: Powers, bottoms: Powers, colour: str, *, is_against: bool = False
) -> None:
    """Draw one kind's bars; what comes back is paler."""
    alpha = _AGAINST_ALPHA if is_against else 1.0
    if len(heights) > _OUTLINED_COUNT:  # outlines would be all one sees; a single shape is drawn far sooner
        axes.stairs(
            bottoms + heights,
            edges,
            baseline=bottoms,
            fill=True,
            facecolor=colour,
            alpha=alpha,
            linewidth=0.0,
            zorder=2,
        )
        return
    axes.bar(
        edges[:-1],
        heights,
        np.diff(edges),
        bottom=bottoms,
        align="edge",
        color=colour,
        alpha=alpha,
        edgecolor="white",
        linewidth=0.4,
        zorder=2,
    )
