"""`vpp settle export`: a copy of a statement that a spreadsheet opens as it is meant."""

from pathlib import Path
from typing import Annotated

import typer

from vpp.cli.connection import read_file
from vpp.cli.settle.spreadsheet_locale import CopyLocale
from vpp.cli.settle.statement_source import CSV, MANIFEST, SUMMARY
from vpp.cli.settle.written_file import keep_apart, write_file


def export(
    *,
    statement: Annotated[Path, typer.Argument(help="The statement's CSV file.", metavar="STATEMENT")],
    excel: Annotated[bool, typer.Option("--excel", help="A copy for Excel and the like.")] = False,
    locale: Annotated[CopyLocale, typer.Option(help="Whose spreadsheet it is for.")] = CopyLocale.EN,
    out: Annotated[
        Path | None,
        typer.Option(help="File to write; beside the statement if absent.", metavar="FILE"),
    ] = None,
) -> None:
    """Write a copy for a spreadsheet: byte-order mark, the locale's decimal sign and column names.

    The statement itself stays the evidence; the copy has no manifest and cannot be verified.
    """
    from vpp.cli.settle.spreadsheet_copy import spreadsheet_copy  # noqa: PLC0415  other commands start faster

    if not excel:
        raise typer.BadParameter("no format is chosen, expected --excel")
    content = spreadsheet_copy(read_file(statement, "STATEMENT"), locale)
    name = f"{statement.name.removesuffix('.csv')}.excel-{locale.value}.csv"
    target = statement.with_name(name) if out is None else out
    stem = statement.name.removesuffix(CSV)
    keep_apart(target, [statement, *(statement.with_name(stem + end) for end in (SUMMARY, MANIFEST))])
    write_file(target, content)
    typer.echo(f"{target}: a copy for reading; {statement.name} stays the evidence")
