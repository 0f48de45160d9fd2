"""What delivery is worth under a product: the paid share, and the share that is charged for."""

from fractions import Fraction

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from vpp.cli.charts.style import CHARGE, FAINT, INK, SPAN, TARGET, Margins, finish, heading, new_figure
from vpp.cli.product.money_words import penalty_price, price_words
from vpp.cli.product.plain_number import plain
from vpp.cli.product.worth import worth_at
from vpp.portfolio.product import ProductProfile

_WIDTH_IN, _HEIGHT_IN = 7.2, 4.2
_LEAST_REACH = Fraction(3, 2)
_MOST_REACH = Fraction(2)
_ROOM = Fraction(3, 10)
_JUST_BELOW = Fraction(1, 1_000_000)


def draw_response(product: ProductProfile) -> bytes:
    """Draw what delivery is worth, in shares of the commitment.

    Returns:
        A PNG; the same product gives the same bytes.
    """
    figure = response_figure(product)
    return finish(figure, product.product_id, f"What delivery is worth: {product.display_name}").png


def response_figure(product: ProductProfile) -> Figure:
    """Lay the drawing out.

    Returns:
        The figure, not yet rendered.
    """
    figure, axes = new_figure(_WIDTH_IN, _HEIGHT_IN, Margins(left=0.75, right=1.7, top=0.75, bottom=0.6))
    reach = _reach(product)
    money, terms = product.money, product.money.penalty_terms
    worths = worth_at(money, _places(product, reach))
    delivered = [float(worth.delivered) for worth in worths]
    if money.pays_energy:
        _line(
            axes, delivered, [float(each.paid) for each in worths], TARGET, f"paid for\n{price_words(money)}"
        )
    readiness = money.availability_terms
    if readiness is not None and (readiness.by_performance or not money.pays_energy):
        ready = [float(each.ready or 0) for each in worths]
        _line(axes, delivered, ready, SPAN, f"readiness paid\n{_readiness_price(product)}")
    if terms is not None:
        charged = [float(worth.penalised) for worth in worths]
        label = f"charged for\n{penalty_price(terms, money.currency)}"
        _line(axes, delivered, charged, CHARGE, label, is_dashed=True)
    axes.axvline(1.0, color=FAINT, linewidth=0.8, linestyle=(0, (1, 1.5)), zorder=0)
    axes.set_xlim(0, float(reach))
    axes.set_ylim(bottom=0)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda ratio, _: f"{ratio * 100:.4g} %"))
    against = "asked for" if money.commitment == "target" else "awarded"
    axes.set_xlabel(f"delivered, share of what was {against}", fontsize=8, color=INK)
    mark = ", some values checked against no source" if product.provenance.unverified_fields else ""
    heading(
        axes,
        product.display_name,
        f"version {product.version}, {product.status}{mark}; shares of what was {against}",
    )
    return figure


def _readiness_price(product: ProductProfile) -> str:
    terms = product.money.availability_terms
    if terms is None or terms.price_per_kw_h is None:
        return price_words(product.money)
    return f"{plain(terms.price_per_kw_h)} {product.money.currency} per kW and hour"


def _reach(product: ProductProfile) -> Fraction:
    """Return how far the drawing reaches: past every corner that lies within twice the commitment."""
    corners = [Fraction(point.delivered_ratio) for point in product.money.response_table.points]
    within = [corner for corner in corners if corner < _MOST_REACH]
    return min(_MOST_REACH, max(_LEAST_REACH, max(within, default=Fraction(0)) + _ROOM))


def _places(product: ProductProfile, reach: Fraction) -> list[Fraction]:
    """Choose where lines may bend or jump, and a point just before each."""
    places = {Fraction(n, 20) for n in range(int(reach * 20) + 1)} | {reach}
    places |= {Fraction(point.delivered_ratio) for point in product.money.response_table.points}
    terms = product.money.penalty_terms
    if terms is not None:
        places.add(Fraction(terms.threshold_ratio))
        if terms.excess_above_ratio is not None:
            places.add(Fraction(terms.excess_above_ratio))
    places |= {place - _JUST_BELOW for place in places if place > 0}
    return sorted(place for place in places if place <= reach)


def _line(  # noqa: PLR0913  what is drawn, and how
    axes: Axes, x: list[float], y: list[float], colour: str, label: str, *, is_dashed: bool = False
) -> None:
    axes.plot(x, y, color=colour, linewidth=1.8, linestyle=(0, (4, 1.5)) if is_dashed else "-")
    axes.annotate(
        label,
        (x[-1], y[-1]),
        (6, -4 if is_dashed and y[-1] == 0 else 0),
        textcoords="offset points",
        fontsize=8,
        color=colour,
        va="center",
        fontweight="bold",
        annotation_clip=False,
    )
