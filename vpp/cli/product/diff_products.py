"""`vpp product diff`: what two products, or two versions of one, say differently."""

from pathlib import Path

from rich.console import Console
from rich.markup import escape

from vpp.cli.output import make_table, to_json
from vpp.cli.product.product_library import product_named, rules_of
from vpp.portfolio.product_diff import changed_fields


def diff_products(before: str, after: str, folder: Path | None, rules: Path | None, *, as_json: bool) -> None:
    """Print every field in which two products differ.

    Args:
        before: A product's id, or a file.
        after: Another.
        folder: The folder of products; None for those that come with the project.
        rules: The folder of baseline rules; None likewise.
        as_json: Print JSON instead of a table.

    Raises:
        NotFound: There is no such folder or product.
        InvalidInput: A file holds no product.
    """
    known = rules_of(rules)
    old, new = product_named(before, folder, known), product_named(after, folder, known)
    changes = list(changed_fields(old, new))
    console = Console(highlight=False)
    if as_json:
        console.out(
            to_json({"changes": [{"field": field, "a": was, "b": now} for field, was, now in changes]})
        )
        return
    if not changes:
        console.print("They say the same.")
        return
    table = make_table(
        f"{len(changes)} fields differ",
        "field",
        escape(f"{old.product_id} v{old.version}"),
        escape(f"{new.product_id} v{new.version}"),
    )
    for field, was, now in changes:
        table.add_row(escape(field), escape(was), escape(now))
    console.print(table)
    if old.product_id == new.product_id and old.version == new.version:
        console.print(
            "[red]The same version says two things[/]: count `version` up, or a hub that knows one refuses "
            "the other.",
            soft_wrap=True,
        )
