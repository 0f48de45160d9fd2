"""`vpp settle bundle`: everything that a statement was reckoned from, in one file."""

from pathlib import Path
from typing import Annotated

import typer

from vpp.cli.arguments import full_name
from vpp.cli.connection import connection_of
from vpp.cli.output import AsJson, fields_table, show
from vpp.cli.settle.statement_source import bundle_of_hub
from vpp.foundation.errors import InvalidInput


def bundle(
    context: typer.Context,
    *,
    statement: Annotated[str, typer.Argument(help="Statement, as an id or statements/ID.")],
    out: Annotated[
        Path | None,
        typer.Option(help="File to write; in this folder under the hub's name if absent.", metavar="FILE"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch what proves a statement: evidence, products, terms, adjustments, what stood booked before.

    With it, `vpp settle verify` and `explain` need no hub and no database.
    """
    from vpp.settlement.bundle import read_bundle  # noqa: PLC0415  other commands start faster

    file_name, content = bundle_of_hub(connection_of(context), full_name("statements", statement))
    read = read_bundle(content)  # a transfer that lost something is not written as if it had not
    target = out or Path(file_name)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    except OSError as error:
        raise InvalidInput(f"--out {target} cannot be written: {error.strerror}", out=str(target)) from None
    facts: dict[str, str | int] = {
        "file": str(target),
        "statement": read.head.statement_id,
        "run": read.run.run_id,
        "evidence": len(read.documents),
        "products": len(read.products),
        "adjustments": len(read.adjustments),
        "booked_before": len(read.booked_before),
        "bytes": len(content),
    }
    rows = [
        (name.replace("_", " "), f"{value:,}" if isinstance(value, int) else value)
        for name, value in facts.items()
    ]
    show(as_json, facts, fields_table("Bundle", rows))
