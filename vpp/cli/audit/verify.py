"""`vpp audit verify`: whether a record is what it was, in a file or where the hub keeps it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from vpp.cli.connection import read_file
from vpp.cli.exit_codes import ExitCode
from vpp.cli.output import AsJson, make_table, show
from vpp.foundation.errors import InvalidInput

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from vpp.foundation.audit_verification import AuditVerdict
    from vpp.foundation.signed_head import SignedHead
    from vpp.storage.audit_check import DatabaseVerdict

SHOWN_FAULTS = 40
UNSIGNED = "nothing is covered by a signature that was checked: whoever wrote the file could write all of it"
TAIL = "entries after the last head that was checked are held by their hashes alone"
TRUTH = "that an entry is true, and that everything that was done has one, no hash can tell"


def verify(
    *,
    file: Annotated[
        Path | None, typer.Argument(help="What `vpp audit export` wrote.", metavar="[FILE]")
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(
            envvar="VPP_AUDIT_DATABASE",
            help="The hub's database instead, for its owner: every covered row is held against the record.",
            metavar="URL",
        ),
    ] = None,
    heads: Annotated[
        Path | None,
        typer.Option(
            help="Heads kept elsewhere, as `vpp audit heads --keep` writes them, or a statement's manifest.",
            metavar="FILE",
        ),
    ] = None,
    public_key: Annotated[
        Path | None,
        typer.Option(help="The hub's public keys, PEM; every head has to be signed by one.", metavar="FILE"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check a record, and say what does not hold, with its place, and what the check cannot prove.

    Exit code 1 if anything does not hold.
    """
    from vpp.foundation.command_keys import read_verify_keys  # noqa: PLC0415  other commands start faster

    if (file is None) == (database is None):
        raise typer.BadParameter("expected a file, or --database and its URL")
    keys: dict[str, Ed25519PublicKey] = {}
    if public_key is not None:
        keys = read_verify_keys(read_file(public_key, "--public-key"), str(public_key))
    kept = [] if heads is None else _kept(heads)
    verdict: AuditVerdict | DatabaseVerdict
    verdict = _of_file(file, keys, kept) if file is not None else _of_database(str(database), keys, kept)
    _tell(verdict, as_json=as_json)
    if verdict.faults:
        raise typer.Exit(ExitCode.NOT_SO)


def _of_file(file: Path, keys: "dict[str, Ed25519PublicKey]", kept: "list[SignedHead]") -> "AuditVerdict":
    from vpp.foundation.audit_verification import verify_export  # noqa: PLC0415  other commands start faster

    try:
        with file.open("rb") as lines:
            return verify_export(lines, keys=keys, kept=kept, is_strict=bool(keys))
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}", file=str(file)) from None


def _of_database(
    url: str, keys: "dict[str, Ed25519PublicKey]", kept: "list[SignedHead]"
) -> "DatabaseVerdict":
    from vpp.storage.audit_check import check_audit  # noqa: PLC0415  a database driver
    from vpp.storage.engine import make_engine  # noqa: PLC0415  as above

    engine = make_engine(url)
    try:
        return check_audit(engine, keys, tuple(kept))
    finally:
        engine.dispose()


def _kept(file: Path) -> "list[SignedHead]":
    from vpp.foundation.signed_head import head_of  # noqa: PLC0415  other commands start faster

    found = []
    content = read_file(file, "--heads").decode("utf-8", "replace")
    for number, line in enumerate(_head_in_manifest(content) or content.splitlines(), start=1):
        try:
            found.append(head_of(json.loads(line)))
        except (ValueError, RecursionError) as error:
            raise InvalidInput(f"--heads {file}, line {number}: no JSON", file=str(file)) from error
        except InvalidInput as error:
            raise InvalidInput(f"--heads {file}, line {number}: {error}", file=str(file)) from error
    return found


def _head_in_manifest(content: str) -> list[str]:
    """Return the head in a statement's manifest, as a line of its own; nothing if it is no manifest."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return []
    is_manifest = isinstance(document, dict) and "statement_id" in document
    return [json.dumps(document.get("audit_head"))] if is_manifest else []


def _tell(verdict: "AuditVerdict | DatabaseVerdict", *, as_json: bool) -> None:
    document = _document(verdict)
    table = make_table("Audit record", "chain", "entries", "covered by a checked head")
    for chain, head in sorted(verdict.heads.items()):
        table.add_row(chain, f"{head.sequence:,}", f"{verdict.signed.get(chain, 0):,}")
    show(as_json, document, table)
    if as_json:
        return
    console = Console(highlight=False)
    if verdict.faults:
        console.print(f"[bold red]Does not hold: {len(verdict.faults):,}, the first one first.[/]")
        for fault in verdict.faults[:SHOWN_FAULTS]:
            console.print(f"  - {fault}", markup=False, soft_wrap=True)
    else:
        rows = document.get("row_count")
        of_rows = "" if rows is None else f", {rows:,} rows are what their entries say"
        console.print(f"[bold green]Holds:[/] {verdict.entry_count:,} entries{of_rows}.")
    for what in document["not_proved"]:
        console.print(f"Not proved: {what}.", markup=False, soft_wrap=True)


def _document(verdict: "AuditVerdict | DatabaseVerdict") -> dict[str, Any]:
    document: dict[str, Any] = {
        "holds": not verdict.faults,
        "entry_count": verdict.entry_count,
        "faults": [str(fault) for fault in verdict.faults],
        "chains": {
            chain: {
                "entries": head.sequence,
                "hash": head.entry_hash,
                "covered": verdict.signed.get(chain, 0),
            }
            for chain, head in sorted(verdict.heads.items())
        },
        "not_proved": [TAIL if verdict.signed else UNSIGNED, TRUTH],
    }
    if unused := getattr(verdict, "unused", 0):
        document["not_proved"].append(f"{unused:,} kept heads are of chains that are not in the file")
    row_count = getattr(verdict, "row_count", None)
    return document if row_count is None else {**document, "row_count": row_count}
