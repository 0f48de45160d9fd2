"""Prices interval by interval: over all zones, the span of the zones, and where the cap was reached."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import StrMethodFormatter

from vpp.cli.charts.auction_style import PRICE, SHORT, per_mwh
from vpp.cli.charts.auction_time import Horizon, show_time
from vpp.cli.charts.style import FAINT, INK, heading

Prices = npt.NDArray[np.float64]

_FAR_ABOVE_RATIO = 3.0
_HEADROOM_RATIO = 1.18
_TRIFLE = 1e-6
_BAND = "#E8A0B8"


@dataclass(frozen=True, slots=True)
class PriceTrace:
    """What the drawing shows.

    Attributes:
        horizon: Delivery and recovery.
        price_per_mwh: Price over all zones. Shape (N,).
        lowest_per_mwh: Lowest price of any zone. Shape (T,), empty without prices of zones.
        highest_per_mwh: Highest price of any zone. Shape (T,), empty without prices of zones.
        is_unserved: Where part of the target is unserved. Shape (N,).
        cap_per_mwh: The price cap.
        currency: ISO 4217 code; may be empty.
    """

    horizon: Horizon
    price_per_mwh: Prices
    lowest_per_mwh: Prices
    highest_per_mwh: Prices
    is_unserved: npt.NDArray[np.bool_]
    cap_per_mwh: float
    currency: str


def draw_prices(axes: Axes, picture: PriceTrace) -> None:
    """Draw the price as steps over the zones' span; the cap stands at the edge if it is far above."""
    edges, count = picture.horizon.edges(), len(picture.price_per_mwh)
    has_band = bool(np.any(picture.highest_per_mwh - picture.lowest_per_mwh > _TRIFLE))
    top, low = _reach(picture)
    axes.set_ylim(low * 1.12, top * _HEADROOM_RATIO)
    handles: list[Line2D | Patch] = [Line2D([], [], color=PRICE, linewidth=1.7, label="all zones")]
    if has_band:
        axes.stairs(
            picture.highest_per_mwh,
            edges,
            baseline=picture.lowest_per_mwh,
            fill=True,
            color=_BAND,
            alpha=0.6,
            linewidth=0.0,
            zorder=1.5,
        )
        handles.append(Patch(facecolor=_BAND, alpha=0.6, label="lowest to highest zone"))
    axes.stairs(
        picture.price_per_mwh, edges[: count + 1], baseline=None, color=PRICE, linewidth=1.7, zorder=3
    )
    if picture.is_unserved.any():
        middles = (edges[:count] + edges[1 : count + 1]) / 2
        heights = np.minimum(picture.price_per_mwh, top * (_HEADROOM_RATIO - 0.07))
        axes.plot(
            middles[picture.is_unserved],
            heights[picture.is_unserved],
            linestyle="none",
            marker="^",
            markersize=6,
            color=SHORT,
            zorder=5,
        )
        handles.append(
            Line2D(
                [],
                [],
                linestyle="none",
                marker="^",
                color=SHORT,
                label=f"unserved: cap {picture.cap_per_mwh:,g}",
            )
        )
    axes.axhline(0, color=FAINT, linewidth=0.8, zorder=2)
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    show_time(axes, picture.horizon)
    heading(
        axes,
        "What counted energy is worth",
        f"{per_mwh(picture.currency)}; {picture.horizon.dates()}, UTC",
    )
    axes.legend(
        handles=handles,
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=len(handles),
        frameon=False,
        fontsize=8,
        labelcolor=INK,
    )


def _reach(picture: PriceTrace) -> tuple[float, float]:
    """Find the prices to show; one at the cap is left out if it would press all others flat."""
    count = len(picture.price_per_mwh)
    all_prices = [*picture.price_per_mwh, *picture.highest_per_mwh, *picture.lowest_per_mwh]
    below_cap = [price for price in all_prices if price < picture.cap_per_mwh * (1 - _TRIFLE)]
    top = max([0.0, *all_prices])
    usual = max([0.0, *below_cap])
    if usual and top > _FAR_ABOVE_RATIO * usual:
        top = usual
    return (top or 1.0) if count else 1.0, min([0.0, *all_prices])
