"""`vpp product check`: all that is wrong with product files, in one go."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from vpp.cli.output import to_json
from vpp.cli.product.product_library import rules_of
from vpp.hub.product_files import read_product_file


def check_products(files: Sequence[Path], rules: Path | None, *, as_json: bool) -> bool:
    """Check product files and print what is wrong with them.

    Args:
        files: The files.
        rules: The folder of baseline rules; None for those that come with the project.
        as_json: Print JSON instead of text.

    Returns:
        Whether all of them are sound.

    Raises:
        NotFound: There is no such folder of rules.
        InvalidInput: A file of that folder holds no rule.
    """
    known = rules_of(rules)
    console = Console(highlight=False)
    documents, is_sound = [], True
    for file in files:
        product, faults = read_product_file(file, known)
        is_sound &= not faults
        documents.append(
            {
                "file": str(file),
                "product_id": "" if product is None else product.product_id,
                "version": 0 if product is None else product.version,
                "faults": [{"field": fault.field, "message": fault.message} for fault in faults],
            }
        )
        if as_json:
            continue
        if not faults and product is not None:
            console.print(
                f"{escape(str(file))}: sound, {product.product_id} version {product.version}", soft_wrap=True
            )
            continue
        count = f"{len(faults)} fault{'s' if len(faults) > 1 else ''}"
        console.print(f"{escape(str(file))}: [red]{count}[/]", soft_wrap=True)
        for fault in faults:
            console.print(f"  {escape(fault.message)}", soft_wrap=True)
    if as_json:
        console.out(to_json({"files": documents}))
    return is_sound
