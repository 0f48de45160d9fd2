"""Offers in order of price, what was taken of them, and the price that followed."""

from collections.abc import Sequence
from dataclasses import dataclass

from vpp.cli.charts.style import (
    ACCEPTED,
    CHARGE,
    INK,
    LOAD,
    REJECTED,
    Chart,
    Margins,
    finish,
    heading,
    new_figure,
)

_MW_FROM_KW = 1500.0
_RIGHT_HALF_RATIO = 0.6


@dataclass(frozen=True, slots=True)
class Offer:
    """One price step of one bid.

    Attributes:
        label: Whose it is.
        price_per_mwh: Asked price.
        offered_kw: Offered reduction, kW, mean over delivery.
        accepted_kw: Accepted part, kW, mean over delivery.
    """

    label: str
    price_per_mwh: float
    offered_kw: float
    accepted_kw: float


def merit_order_chart(  # noqa: PLR0913  one argument per thing it shows
    name: str,
    title: str,
    offers: Sequence[Offer],
    *,
    target_kw: float,
    clearing_price_per_mwh: float,
    currency: str,
) -> Chart:
    """Draw offers side by side, cheapest first, accepted parts filled.

    Args:
        name: File name without its ending.
        title: What it shows.
        offers: The offers in any order; ties are drawn by label.
        target_kw: Reduction asked for, kW, mean over delivery.
        clearing_price_per_mwh: Price that cleared, mean over delivery.
        currency: ISO 4217 code.
    """
    ordered = sorted(offers, key=lambda offer: (offer.price_per_mwh, offer.label))
    total_kw = sum(offer.offered_kw for offer in ordered)
    unit, scale = ("MW", 1000.0) if max(total_kw, target_kw) >= _MW_FROM_KW else ("kW", 1.0)
    figure, axes = new_figure(9.0, 3.8, Margins(bottom=0.5))
    left = 0.0
    highest = max([clearing_price_per_mwh, *(offer.price_per_mwh for offer in ordered)], default=1.0) or 1.0
    for offer in ordered:
        accepted, offered = offer.accepted_kw / scale, offer.offered_kw / scale
        for start, width, colour in (
            (left, accepted, ACCEPTED),
            (left + accepted, offered - accepted, REJECTED),
        ):
            if width > 0:
                axes.bar(
                    start,
                    offer.price_per_mwh,
                    width,
                    align="edge",
                    color=colour,
                    edgecolor="white",
                    linewidth=0.4,
                )
        left += offered
    reach = max(left, target_kw / scale) * 1.02 or 1.0
    axes.set_xlim(0, reach)
    axes.set_ylim(0, highest * 1.25)
    axes.axhline(clearing_price_per_mwh, color=LOAD, linewidth=1.2, zorder=3)
    axes.annotate(
        f"clearing price {clearing_price_per_mwh:,.2f} {currency}/MWh",
        (0, clearing_price_per_mwh),
        xytext=(6, 4),
        textcoords="offset points",
        fontsize=8,
        color=LOAD,
        fontweight="bold",
    )
    target = target_kw / scale
    axes.axvline(target, color=CHARGE, linewidth=1.2, linestyle=(0, (4, 1.5)), zorder=3)
    at_right = target > _RIGHT_HALF_RATIO * reach
    axes.annotate(
        f"target {target:,.2f} {unit}" if unit == "MW" else f"target {target:,.0f} {unit}",
        (target, highest * 1.25),
        xytext=(-6 if at_right else 6, -4),
        textcoords="offset points",
        ha="right" if at_right else "left",
        va="top",
        fontsize=8,
        color=CHARGE,
        fontweight="bold",
    )
    axes.set_xlabel(
        f"offered reduction added up, {unit} (filled: accepted, grey: not)", fontsize=8, color=INK
    )
    heading(axes, title, f"asked price, {currency}/MWh")
    return finish(figure, name, title)
