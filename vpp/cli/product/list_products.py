"""`vpp product list`: the products at hand, a line each."""

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from vpp.cli.output import make_table, to_json
from vpp.cli.product.money_words import pay_words, penalty_words
from vpp.cli.product.product_library import read_products, rules_of
from vpp.foundation.direction import Direction
from vpp.portfolio.product import ProductProfile


def list_products(folder: Path | None, rules: Path | None, *, as_json: bool) -> None:
    """Print every product of a folder.

    Args:
        folder: The folder of products; None for those that come with the project.
        rules: The folder of baseline rules; None likewise.
        as_json: Print JSON instead of a table.

    Raises:
        NotFound: There is no such folder, or it holds no product.
        InvalidInput: A file holds no product.
    """
    products = list(read_products(folder, rules_of(rules)).values())
    console = Console(highlight=False)
    if as_json:
        console.out(to_json({"products": [_document(product) for product in products]}))
        return
    console.print(_table(products))
    console.print(
        "[red]*[/] values checked against no source; `vpp product show PRODUCT` marks them. An example "
        "claims no compliance with any market.",
        soft_wrap=True,
    )


def _table(products: list[ProductProfile]) -> Table:
    table = make_table(
        f"{len(products)} products",
        "product",
        ">version",
        "where",
        "status",
        "asks for",
        "pays",
        "a shortfall costs",
    )
    table.columns[0].no_wrap = True
    for product in products:
        count = len(product.provenance.unverified_fields)
        table.add_row(
            escape(product.product_id) + (f" [red]*{count}[/]" if count else ""),
            str(product.version),
            escape(product.jurisdiction),
            product.status,
            "less" if product.call.direction is Direction.LOAD_DOWN else "more",
            pay_words(product.money),
            penalty_words(product.money),
        )
    return table


def _document(product: ProductProfile) -> dict[str, object]:
    return {
        "product_id": product.product_id,
        "version": product.version,
        "display_name": product.display_name,
        "jurisdiction": product.jurisdiction,
        "status": product.status,
        "direction": product.call.direction.value,
        "trigger": product.call.trigger.value,
        "activation": product.call.activation.value,
        "currency": product.money.currency,
        "pay_rule": product.money.pay_rule.value,
        "baseline_id": product.baseline.baseline_id,
        "unverified": list(product.provenance.unverified_fields),
    }
