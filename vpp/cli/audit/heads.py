"""`vpp audit heads`: signed heads, to be kept by somebody else than the hub."""

import json
from pathlib import Path
from typing import Annotated

import typer

from vpp.cli.audit.chain_option import Party, chain_argument
from vpp.cli.connection import connection_of
from vpp.cli.output import AsJson, make_table, show
from vpp.foundation.errors import InvalidInput
from vpp.v1 import audit_pb2 as wire


def heads(
    context: typer.Context,
    *,
    party: Party = None,
    newest: Annotated[bool, typer.Option("--newest", help="Only the newest one.")] = False,
    keep: Annotated[
        Path | None,
        typer.Option(
            help="File to add them to, a line each, for `vpp audit verify --heads`.", metavar="FILE"
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List where a chain ended when it was signed, the newest first.

    A head that the hub cannot reach shows later that nothing before it was changed, taken out or cut off.
    """
    hub = connection_of(context)
    chain = chain_argument(party)
    if newest:
        request = wire.GetAuditHeadRequest(name=f"{chain}/heads/newest")
        found = [hub.call(hub.audit.GetAuditHead, request)]
    else:
        listing = wire.ListAuditHeadsRequest(parent=chain)
        found = hub.every(hub.audit.ListAuditHeads, listing, "audit_heads")
    if keep is not None:
        _keep(keep, found)
    table = make_table("Signed heads", "chain", "entries", "signed", "key", "hash")
    for head in found:
        table.add_row(
            head.chain, f"{head.entry_count:,}", head.sign_time, head.key_id or "none", head.entry_hash[:16]
        )
    show(as_json, found, table)


def _keep(file: Path, found: list[wire.AuditHead]) -> None:
    """Add heads to a file that do not stand in it yet."""
    lines = [
        json.dumps(
            {
                "at": head.sign_time,
                "chain": head.chain,
                "entry_hash": head.entry_hash,
                "key_id": head.key_id,
                "sequence": head.entry_count,
                "signature": head.signature,
            },
            sort_keys=True,
        )
        for head in reversed(found)
    ]
    try:
        known = set(file.read_text("utf-8").splitlines()) if file.exists() else set()
        new = [line for line in lines if line not in known]
        with file.open("a", encoding="utf-8") as kept:
            kept.writelines(f"{line}\n" for line in new)
    except OSError as error:
        raise InvalidInput(f"--keep {file} cannot be written: {error.strerror}", keep=str(file)) from None
