"""`vpp audit export`: the record as a file that needs no hub to be checked."""

from pathlib import Path
from typing import Annotated

import typer

from vpp.cli.audit.chain_option import Party, chain_argument
from vpp.cli.connection import connection_of
from vpp.cli.output import AsJson, fields_table, show
from vpp.foundation.errors import InvalidInput
from vpp.v1 import audit_pb2 as wire


def export(
    context: typer.Context,
    *,
    out: Annotated[
        Path, typer.Option(help="File to write; one that is there is left alone.", metavar="FILE")
    ],
    party: Party = None,
    every: Annotated[
        bool,
        typer.Option("--all", help="Every chain, with the clearings and their books: for auditors."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Fetch a chain from its first entry on, with its signed heads.

    Keep the file apart from the hub: what somebody else holds is what a rewritten chain is found out by.
    """
    if every and party is not None:
        raise typer.BadParameter("--all and --party exclude each other")
    hub = connection_of(context)
    name = "auditChains/-" if every else chain_argument(party)
    count = 0
    part = out.with_name(f"{out.name}.part")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if out.exists():
            raise InvalidInput(f"--out {out} is there already, expected a new file", out=str(out))
        with part.open("wb") as written:
            for answer in hub.stream(hub.audit.ExportAuditChain, wire.ExportAuditChainRequest(name=name)):
                written.write(answer.content)
                count += answer.content.count(b"\n")
        part.rename(out)  # a transfer that broke off leaves nothing of that name
    except OSError as error:
        raise InvalidInput(f"--out {out} cannot be written: {error.strerror}", out=str(out)) from None
    finally:
        part.unlink(missing_ok=True)
    facts: dict[str, str | int] = {"file": str(out), "lines": count, "bytes": out.stat().st_size}
    rows = [(key, f"{value:,}" if isinstance(value, int) else value) for key, value in facts.items()]
    show(as_json, facts, fields_table("Audit export", rows))
