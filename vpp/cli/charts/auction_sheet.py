"""One sheet of an auction: merit order, awards by kind, prices."""

import io

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from vpp.cli.charts.auction_kinds import ResourceKind
from vpp.cli.charts.auction_merit import MeritOrder, draw_merit_order
from vpp.cli.charts.auction_price import PriceTrace, draw_prices
from vpp.cli.charts.auction_stack import AwardStack, draw_stack
from vpp.cli.charts.auction_style import SHORT
from vpp.cli.charts.style import INK, REJECTED, plain

_DPI = 130
_WIDTH_IN, _HEIGHT_IN = 9.6, 10.95
_LEFT_IN, _RIGHT_IN = 0.72, 0.25
_PANELS_IN = ((6.95, 2.55), (3.32, 2.45), (0.42, 1.85))  # bottom and height of each, from the top down


def draw_auction(title: str, merit: MeritOrder, stack: AwardStack, prices: PriceTrace) -> bytes:
    """Draw the sheet.

    Args:
        title: Which auction it is, and how it ended.
        merit: Offers of one interval.
        stack: Awards against the target.
        prices: Prices.

    Returns:
        A PNG; the same values give the same bytes.
    """
    figure = Figure(figsize=(_WIDTH_IN, _HEIGHT_IN), facecolor="white")
    panels = [_panel(figure, bottom, height) for bottom, height in _PANELS_IN]
    draw_merit_order(panels[0], merit)
    draw_stack(panels[1], stack)
    draw_prices(panels[2], prices)
    left = _LEFT_IN / _WIDTH_IN
    figure.text(
        left,
        1 - 0.22 / _HEIGHT_IN,
        title,
        fontsize=12.5,
        fontweight="bold",
        color=INK,
        va="top",
        parse_math=False,
    )
    for handles, below_in in ((_kinds(merit, stack), 0.46), (_marks(merit, stack), 0.67)):
        figure.legend(
            handles=handles,
            loc="upper left",
            bbox_to_anchor=(left - 0.008, 1 - below_in / _HEIGHT_IN),
            ncols=max(1, len(handles)),
            frameon=False,
            fontsize=8.5,
            labelcolor=INK,
            handlelength=1.5,
            columnspacing=1.4,
        )
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=_DPI, metadata={"Software": None})
    return png.getvalue()


def _panel(figure: Figure, bottom_in: float, height_in: float) -> Axes:
    axes = figure.add_axes(
        (
            _LEFT_IN / _WIDTH_IN,
            bottom_in / _HEIGHT_IN,
            1 - (_LEFT_IN + _RIGHT_IN) / _WIDTH_IN,
            height_in / _HEIGHT_IN,
        )
    )
    plain(axes)
    return axes


def _kinds(merit: MeritOrder, stack: AwardStack) -> list[Patch]:
    """Name the kinds that were bought, in the order of the stack."""
    shown = {part.kind for part in merit.parts if part.is_taken}
    shown |= {kind for powers in (stack.served_kw, stack.against_kw) for kind in powers}
    handles = [Patch(facecolor=kind.colour, label=kind.label) for kind in ResourceKind if kind in shown]
    if any(not part.is_taken for part in merit.parts):
        handles.append(Patch(facecolor=REJECTED, label="not taken"))
    return handles


def _marks(merit: MeritOrder, stack: AwardStack) -> list[Patch | Line2D]:
    """Name lines and hatching, only what is there."""
    handles: list[Patch | Line2D] = [Line2D([], [], color=INK, linewidth=1.9, label="target")]
    if stack.margin_kw.any():
        dashes = (0, (4, 1.5))
        handles.append(Line2D([], [], color=INK, linewidth=1.0, linestyle=dashes, label="target with margin"))
    if stack.against_kw:
        dots = (0, (1, 1))
        handles.append(
            Line2D([], [], color=INK, linewidth=1.1, linestyle=dots, label="net of what comes back")
        )
    if stack.shortfall_kw.any() or merit.shortfall_kw:
        handles.append(
            Patch(facecolor="white", edgecolor=SHORT, hatch="////", linewidth=0.0, label="unserved")
        )
    return handles
