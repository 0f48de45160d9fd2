"""`vpp product show`: one product in words, an example of what is paid, and a picture of it."""

from fractions import Fraction
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from vpp.cli.output import make_table, to_json
from vpp.cli.product.money_words import penalty_price, price_words
from vpp.cli.product.plain_number import share
from vpp.cli.product.product_library import product_named, rules_of
from vpp.cli.product.product_words import product_rows, unverified_of
from vpp.cli.product.worth import Worth, depends_on_delivery, example_shares, worth_at
from vpp.foundation.errors import InvalidInput
from vpp.portfolio.product import ProductProfile

_CURVE = ("money.response", "money.band_low_ratio", "money.band_cap_ratio")


def show_product(
    name: str, folder: Path | None, rules: Path | None, *, picture: Path | None, as_json: bool
) -> None:
    """Print one product.

    Args:
        name: The product's id, or a file.
        folder: The folder of products; None for those that come with the project.
        rules: The folder of baseline rules; None likewise.
        picture: Where to draw what delivery is worth; None for no drawing.
        as_json: Print the whole profile as JSON instead.

    Raises:
        NotFound: There is no such folder or product.
        InvalidInput: A file holds no product, or the picture cannot be written.
    """
    product = product_named(name, folder, rules_of(rules))
    console = Console(highlight=False)
    worths = worth_at(product.money, example_shares(product.money))
    if as_json:
        document = product.model_dump(mode="json")
        console.out(to_json(document | {"example": [_document(worth) for worth in worths]}), highlight=False)
    else:
        console.print(_words(product))
        if depends_on_delivery(product.money):
            console.print(_example(product, worths))
        else:
            console.print("What is delivered changes nothing: readiness alone is paid.", soft_wrap=True)
        _warn(console, product)
    if picture is not None:
        _draw(product, picture)
        if not as_json:
            console.print(f"Wrote {picture}.", markup=False, soft_wrap=True)


def _words(product: ProductProfile) -> Table:
    table = make_table(escape(product.display_name), "field", "value")
    for name, words, fields in product_rows(product):
        mark = " [red]*[/]" if unverified_of(product, fields) else ""
        table.add_row(f"{name}{mark}", escape(words))
    return table


def _example(product: ProductProfile, worths: list[Worth]) -> Table:
    money, terms = product.money, product.money.penalty_terms
    mark = " *" if unverified_of(product, _CURVE) else ""
    against = "asked for" if money.commitment == "target" else "awarded"
    title = f"What delivery is worth, in shares of what was {against}{mark}"
    columns = [">delivered"]
    columns += [">paid for"] if money.pays_energy else []
    columns += [">readiness paid"] if _is_cut(product) else []
    columns += [">charged for"] if terms is not None else []
    columns += [">of a price of 100"] if _has_net(product) else []
    table = make_table(title, *columns)
    for worth in worths:
        row = [share(worth.delivered)]
        row += [share(worth.paid)] if money.pays_energy else []
        row += [share(worth.ready or Fraction(0))] if _is_cut(product) else []
        row += [share(worth.penalised)] if terms is not None else []
        row += [_net(product, worth)] if _has_net(product) else []
        table.add_row(*row)
    paid = price_words(money) if money.pays_energy else "no energy"
    charged = "" if terms is None else f"; charged: {penalty_price(terms, money.currency)}"
    table.caption = f"paid: {paid}{charged}"
    table.caption_justify = "left"
    return table


def _is_cut(product: ProductProfile) -> bool:
    """Tell whether readiness is paid by what is delivered of it."""
    terms = product.money.availability_terms
    return terms is not None and terms.by_performance and terms.paid != "when_not_called"


def _has_net(product: ProductProfile) -> bool:
    """Tell whether payment and penalty are shares of one price, so that they can be taken together."""
    terms = product.money.penalty_terms
    return product.money.pays_energy and terms is not None and terms.price_ratio is not None


def _net(product: ProductProfile, worth: Worth) -> str:
    """Return what is paid less what is charged for each 100 that the award's price would pay."""
    terms = product.money.penalty_terms
    ratio = Fraction(0) if terms is None or terms.price_ratio is None else Fraction(terms.price_ratio)
    return f"{float(100 * worth.paid - 100 * worth.penalised * ratio):,.1f}"


def _warn(console: Console, product: ProductProfile) -> None:
    names = product.provenance.unverified_fields
    if names:
        console.print(
            f"[red]*[/] checked against no source: {escape(', '.join(names))}. The rules in force decide.",
            soft_wrap=True,
        )
    rules = product.baseline.unverified
    if rules:
        console.print(
            f"[red]*[/] baseline rules with values that nobody checked: {escape(', '.join(rules))}; see `vpp "
            "baseline show`.",
            soft_wrap=True,
        )


def _draw(product: ProductProfile, picture: Path) -> None:
    from vpp.cli.charts.product_response import draw_response  # noqa: PLC0415  the words need no matplotlib

    try:
        picture.write_bytes(draw_response(product))
    except OSError as error:
        raise InvalidInput(
            f"--picture {picture} cannot be written: {error.strerror}", file=str(picture)
        ) from error


def _document(worth: Worth) -> dict[str, object]:
    return {
        "delivered_ratio": float(worth.delivered),
        "paid_ratio": float(worth.paid),
        "penalised_ratio": float(worth.penalised),
        "readiness_ratio": None if worth.ready is None else float(worth.ready),
    }
