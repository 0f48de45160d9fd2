"""`vpp operator statements` and `dispute`: fetch, check and contest what is paid."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from vpp.cli.arguments import full_name
from vpp.cli.connection import connection_of
from vpp.cli.exit_codes import ExitCode
from vpp.cli.output import AsJson, last_part, make_table, money, show, state_name, to_json
from vpp.cli.settle.dispute import raise_dispute
from vpp.cli.statement_files import download_statement, verify_statement
from vpp.v1 import settlement_pb2 as wire

statements_app = typer.Typer(no_args_is_help=True, help="Fetch and check statements.")
dispute_app = typer.Typer(no_args_is_help=True, help="Object to statements.")

Party = Annotated[str, typer.Option(help="Only this party's, as an id or parties/ID.")]


@statements_app.command("list")
def list_statements(context: typer.Context, *, party: Party = "", as_json: AsJson = False) -> None:
    """List the statements you may see."""
    hub = connection_of(context)
    request = wire.ListStatementsRequest(party=full_name("parties", party) if party else "")
    statements = hub.every(hub.settlement.ListStatements, request, "statements")
    table = make_table("Statements", "statement", "party", "period", ">version", "run", ">lines", ">total")
    for statement in statements:
        table.add_row(
            last_part(statement.name),
            last_part(statement.party),
            statement.settlement_period,
            str(statement.version_number),
            state_name(wire.Statement.RunType, statement.run_type),
            str(statement.line_count),
            money(statement.total_amount),
        )
    show(as_json, statements, table)


@statements_app.command("download")
def download_statements(
    context: typer.Context,
    *,
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Statements; all you may see if none is named.", metavar="[STATEMENT]..."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder to write to; made if it is missing.")],
    party: Party = "",
    as_json: AsJson = False,
) -> None:
    """Write statements' files (CSV, summary, manifest) byte for byte as the hub keeps them."""
    hub = connection_of(context)
    wanted = [full_name("statements", name) for name in names or ()]
    if not wanted:
        request = wire.ListStatementsRequest(party=full_name("parties", party) if party else "")
        wanted = [item.name for item in hub.every(hub.settlement.ListStatements, request, "statements")]
    written = [path for name in wanted for path in download_statement(hub, name, out)]
    table = make_table(f"Written to {out}", "file", ">bytes")
    for path in written:
        table.add_row(path.name, f"{path.stat().st_size:,}")
    show(as_json, {"files": [str(path) for path in written]}, table)


@statements_app.command("verify")
def verify_statements(
    *,
    files: Annotated[
        list[Path], typer.Argument(help="Statement CSV files; each manifest lies beside its file.")
    ],
    as_json: AsJson = False,
) -> None:
    """Check statements against their manifests: hashes, rows and totals. Needs no hub."""
    faults = {str(path): verify_statement(path) for path in files}
    if as_json:
        typer.echo(
            to_json({path: {"verified": not found, "faults": found} for path, found in faults.items()})
        )
    else:
        table = make_table("Verified", "file", "result")
        for path, found in faults.items():
            table.add_row(path, "[green]holds[/]" if not found else "[red]" + "; ".join(found) + "[/]")
        Console().print(table)
    if any(faults.values()):
        raise typer.Exit(ExitCode.NOT_SO)


dispute_app.command("create")(raise_dispute)  # the same as `vpp settle dispute raise`
