"""Offers of one interval: what was taken, cheapest first, then what was not, and the price between."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.ticker import StrMethodFormatter

from vpp.cli.charts.auction_kinds import ResourceKind
from vpp.cli.charts.auction_style import PAPER, PRICE, kw_per, per_mwh, size
from vpp.cli.charts.style import INK, REJECTED, heading

_SHOWN_BEYOND_RATIO = 1.5  # how much of what was not taken is drawn, as a multiple of what matters
_OUTLINED_COUNT = 160  # more offers than this run into each other with outlines
_HEADROOM_RATIO = 1.22
_FAR_ABOVE_RATIO = 3.0
_RIGHT_RATIO = 0.62


@dataclass(frozen=True, slots=True)
class OfferPart:
    """A part of one offer, wholly taken or wholly not.

    Attributes:
        kind: What the offer is.
        price_per_mwh: Asked price of energy as it counts towards the target.
        counted_kw: Its size as it counts towards the target, kW, above 0.
        is_taken: Whether it was accepted.
    """

    kind: ResourceKind
    price_per_mwh: float
    counted_kw: float
    is_taken: bool


@dataclass(frozen=True, slots=True)
class MeritOrder:
    """What the drawing shows.

    Attributes:
        title: Which interval it is.
        parts: The offers in any order.
        target_kw: What is asked for in the interval, kW.
        target_label: What that is: the target, perhaps with its margin.
        shortfall_kw: Of it: served by nobody, kW.
        price_per_mwh: Price of the interval.
        price_label: What that price is.
        currency: ISO 4217 code; may be empty.
        unit: `kW` or `MW`, as everywhere on the sheet.
        what: `reduction` or `increase`.
    """

    title: str
    parts: Sequence[OfferPart]
    target_kw: float
    target_label: str
    shortfall_kw: float
    price_per_mwh: float
    price_label: str
    currency: str
    unit: str
    what: str


def draw_merit_order(axes: Axes, picture: MeritOrder) -> None:
    """Draw offers side by side: left what was taken, right what was not, each cheapest first.

    Above the price on the left stands what was made whole; below it on the right, what was
    rejected although cheaper, because it is indivisible or limited elsewhere.
    """
    scale = kw_per(picture.unit)
    ordered = sorted(picture.parts, key=lambda part: (not part.is_taken, part.price_per_mwh))
    prices = np.array([part.price_per_mwh for part in ordered], dtype=np.float64)
    widths = np.array([part.counted_kw / scale for part in ordered], dtype=np.float64)
    right = np.cumsum(widths)
    taken = np.array([part.is_taken for part in ordered], dtype=bool)
    target = picture.target_kw / scale
    total, taken_total = float(widths.sum()), float(widths[taken].sum())
    reach = min(max(total, target), max(target, taken_total) * _SHOWN_BEYOND_RATIO) or max(total, 1.0)
    axes.set_xlim(0, reach * 1.01)
    _set_prices(axes, picture, prices[taken], prices[~taken & (right - widths < reach)])
    outlined = len(ordered) <= _OUTLINED_COUNT
    groups: list[tuple[npt.NDArray[np.bool_], str]] = [(~taken, REJECTED)]
    kinds = np.array([part.kind.name for part in ordered], dtype=str)
    groups += [(taken & (kinds == kind.name), kind.colour) for kind in ResourceKind]
    for chosen, colour in groups:
        if chosen.any():
            axes.add_collection(
                _bars(right[chosen] - widths[chosen], right[chosen], prices[chosen], colour, outlined)
            )
    _mark_target(axes, picture, target, reach)
    _mark_price(axes, picture)
    if total > reach * 1.01:
        axes.annotate(
            f"{total - reach:,.1f} {picture.unit} more not taken \N{RIGHTWARDS ARROW}",
            (1.0, 0.0),
            xycoords="axes fraction",
            xytext=(-4, 5),
            textcoords="offset points",
            ha="right",
            fontsize=7.5,
            color=INK,
        )
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    axes.set_xlabel(
        f"{picture.what} offered, {picture.unit} as it counts: taken, cheapest first, then not taken (grey)",
        fontsize=8,
        color=INK,
    )
    heading(axes, picture.title, f"asked price, {per_mwh(picture.currency)}")


def _bars(
    left: npt.NDArray[np.float64],
    right: npt.NDArray[np.float64],
    prices: npt.NDArray[np.float64],
    colour: str,
    outlined: bool,  # noqa: FBT001  private
) -> PolyCollection:
    """Make all bars of one colour at once: thousands of single patches take seconds."""
    zeros = np.zeros_like(prices)
    corners = np.stack(
        [
            np.column_stack([left, zeros]),
            np.column_stack([left, prices]),
            np.column_stack([right, prices]),
            np.column_stack([right, zeros]),
        ],
        axis=1,
    )
    return PolyCollection(
        list(corners),
        facecolors=colour,
        edgecolors="white" if outlined else "none",
        linewidths=0.4 if outlined else 0.0,
        antialiaseds=outlined,  # else a pale seam shows between neighbours
        zorder=2,
    )


def _set_prices(
    axes: Axes, picture: MeritOrder, taken: npt.NDArray[np.float64], not_taken: npt.NDArray[np.float64]
) -> None:
    """Fit the axis to what was taken and to the price, not to the dearest offer nobody wanted."""
    dearest_taken = max([0.0, *taken])
    top = dearest_taken
    if picture.price_per_mwh <= _FAR_ABOVE_RATIO * dearest_taken or not dearest_taken:
        top = max(top, picture.price_per_mwh)
    if len(not_taken):
        top = max(top, min(float(not_taken.max()), 1.35 * top) if top else float(not_taken.max()))
    low = min([0.0, *taken, *not_taken])
    top = top or 1.0
    axes.set_ylim(low * 1.1, top * _HEADROOM_RATIO)


def _mark_target(axes: Axes, picture: MeritOrder, target: float, reach: float) -> None:
    at_right = target > _RIGHT_RATIO * reach
    short = f", {size(picture.shortfall_kw, picture.unit)} unserved" if picture.shortfall_kw > 0 else ""
    axes.axvline(target, color=INK, linewidth=1.4, linestyle=(0, (4, 1.5)), zorder=4)
    axes.annotate(
        f"{picture.target_label} {size(picture.target_kw, picture.unit)}{short}",
        (target, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(-6 if at_right else 6, -3),
        textcoords="offset points",
        ha="right" if at_right else "left",
        va="top",
        fontsize=8,
        color=INK,
        fontweight="bold",
        bbox=dict(PAPER),
        zorder=5,
    )


def _mark_price(axes: Axes, picture: MeritOrder) -> None:
    text = f"{picture.price_label} {picture.price_per_mwh:,.2f} {per_mwh(picture.currency)}"
    top = axes.get_ylim()[1]
    if picture.price_per_mwh > top:
        axes.annotate(
            f"{text} \N{UPWARDS ARROW} far above",
            (0.0, 1.0),
            xycoords="axes fraction",
            xytext=(6, -16),
            textcoords="offset points",
            va="top",
            fontsize=8,
            color=PRICE,
            fontweight="bold",
            bbox=dict(PAPER),
            zorder=5,
        )
        return
    axes.axhline(picture.price_per_mwh, color=PRICE, linewidth=1.4, zorder=4)
    axes.annotate(
        text,
        (0, picture.price_per_mwh),
        xytext=(6, 4),
        textcoords="offset points",
        fontsize=8,
        color=PRICE,
        fontweight="bold",
        bbox=dict(PAPER),
        zorder=5,
    )
