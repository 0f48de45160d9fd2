"""What each site is paid and charged."""

from collections.abc import Sequence
from dataclasses import dataclass

from vpp.cli.charts.style import ACCEPTED, CHARGE, FAINT, INK, Chart, Margins, finish, heading, new_figure

_ROW_IN = 0.24
_LABEL_IN = 0.95


@dataclass(frozen=True, slots=True)
class SiteMoney:
    """What the statements say of one site.

    Attributes:
        label: The site.
        paid: Payments, zero or above.
        charged: Fees and penalties, zero or below.
    """

    label: str
    paid: float
    charged: float


def money_chart(name: str, title: str, sites: Sequence[SiteMoney], *, currency: str) -> Chart:
    """Draw payments to the right, charges to the left, the balance in figures.

    Args:
        name: File name without its ending.
        title: What it shows.
        sites: The sites in any order; the largest balance comes first.
        currency: ISO 4217 code.
    """
    ordered = sorted(sites, key=lambda site: (-(site.paid + site.charged), site.label))
    rows = range(len(ordered))
    figure, axes = new_figure(9.0, 1.0 + _ROW_IN * max(len(ordered), 3), Margins(left=_LABEL_IN))
    axes.grid(visible=False)
    axes.barh(rows, [site.paid for site in ordered], color=ACCEPTED, height=0.62, label="paid")
    axes.barh(rows, [site.charged for site in ordered], color=CHARGE, height=0.62, label="fees and penalties")
    reach = max([site.paid for site in ordered] + [-site.charged for site in ordered] + [1.0])
    lowest = min([site.charged for site in ordered] + [0.0])
    for row, site in zip(rows, ordered, strict=True):
        axes.text(
            max(site.paid, 0.0) + 0.012 * reach,
            row,
            f"{site.paid + site.charged:,.2f}",
            va="center",
            fontsize=8,
            color=INK,
        )
    axes.axvline(0, color=FAINT, linewidth=0.8)
    axes.set_yticks(list(rows), [site.label for site in ordered])
    axes.set_xlim(lowest * 1.05, reach * 1.14)
    axes.set_ylim(len(ordered) - 0.4, -0.6)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.legend(loc="lower right", frameon=False, fontsize=8, labelcolor=INK)
    heading(axes, title, f"{currency}; the figure is the balance")
    return finish(figure, name, title)
