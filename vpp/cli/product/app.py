"""`vpp product`: its commands and their options; the work is imported when it is asked for."""

from pathlib import Path
from typing import Annotated

import typer

from vpp.cli.exit_codes import EXIT_CODES_HELP, ExitCode
from vpp.cli.hub_options import remember_hub
from vpp.cli.output import AsJson
from vpp.cli.product import changes

product_app = typer.Typer(
    no_args_is_help=True,
    help="Product profiles: market rules as files, and how two people change them at a hub.",
    epilog=EXIT_CODES_HELP,
    callback=remember_hub,
)
product_app.command("propose")(changes.propose)
product_app.command("changes")(changes.list_changes)
product_app.command("change")(changes.show_change)
product_app.command("adopt")(changes.adopt)
product_app.command("approve")(changes.approve)
product_app.command("reject")(changes.reject)
product_app.command("withdraw")(changes.withdraw)

ProductsFolder = Annotated[
    Path | None,
    typer.Option("--products", help="Folder of products; those that come with vpp if absent.", metavar="DIR"),
]
RulesFolder = Annotated[
    Path | None,
    typer.Option("--rules", help="Folder of baseline rules; those of vpp if absent.", metavar="DIR"),
]
Named = Annotated[str, typer.Argument(help="The product's id, or a file.", metavar="PRODUCT")]


@product_app.command("list")
def list_(*, products: ProductsFolder = None, rules: RulesFolder = None, as_json: AsJson = False) -> None:
    """List the products: what they ask for, how they pay, and how much of them nobody checked."""
    from vpp.cli.product.list_products import list_products  # noqa: PLC0415  other commands start faster

    list_products(products, rules, as_json=as_json)


@product_app.command("show")
def show(
    product: Named,
    *,
    picture: Annotated[
        Path | None,
        typer.Option(help="File for a drawing of what delivery is worth, PNG.", metavar="FILE"),
    ] = None,
    products: ProductsFolder = None,
    rules: RulesFolder = None,
    as_json: AsJson = False,
) -> None:
    """Show one product in words, with an example of what is paid; unverified values are marked."""
    from vpp.cli.product.show_product import show_product  # noqa: PLC0415  other commands start faster

    show_product(product, products, rules, picture=picture, as_json=as_json)


@product_app.command("check")
def check(
    files: Annotated[list[Path], typer.Argument(help="Product files.", metavar="FILE...")],
    *,
    rules: RulesFolder = None,
    as_json: AsJson = False,
) -> None:
    """Check product files: every fault with field, value and what was expected; exit code 1 for any."""
    from vpp.cli.product.check_product import check_products  # noqa: PLC0415  other commands start faster

    if not check_products(files, rules, as_json=as_json):
        raise typer.Exit(ExitCode.NOT_SO)


@product_app.command("diff")
def diff(
    before: Annotated[str, typer.Argument(help="A product's id, or a file.", metavar="A")],
    after: Annotated[str, typer.Argument(help="The product or file to compare with.", metavar="B")],
    *,
    products: ProductsFolder = None,
    rules: RulesFolder = None,
    as_json: AsJson = False,
) -> None:
    """Compare two products or two versions of one, field by field."""
    from vpp.cli.product.diff_products import diff_products  # noqa: PLC0415  other commands start faster

    diff_products(before, after, products, rules, as_json=as_json)
