"""`vpp settle verify`: whether a statement holds, down to every line reckoned again from its evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from vpp.cli.connection import read_file
from vpp.cli.exit_codes import ExitCode
from vpp.cli.output import AsJson, make_table, to_json
from vpp.cli.settle.statement_source import StatementFiles, bundle_for, files_beside
from vpp.foundation.errors import InvalidInput
from vpp.foundation.free_text import harmless

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from vpp.settlement.bundle import Bundle
    from vpp.settlement.manifest_signature import SignatureState

SHOWN_FAULTS = 40


@dataclass
class Verdict:
    """What was checked of a statement, and what does not hold.

    Attributes:
        statement: Name of its file.
        signature: What is known of the signature, in words.
        line_count: How many lines were reckoned again; None where none were.
        faults: What does not hold, in words, by check.
        not_proved: What was not, or cannot be, checked, in words.
        is_signed: Whether one of the public keys given signed the manifest.
    """

    statement: str
    signature: str = ""
    line_count: int | None = None
    faults: dict[str, list[str]] = field(default_factory=dict)
    not_proved: list[str] = field(default_factory=list)
    is_signed: bool = False

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not any(self.faults.values())


def verify(  # noqa: PLR0913  one argument per option
    context: typer.Context,
    *,
    statement: Annotated[
        Path,
        typer.Argument(help="The statement's CSV file; its manifest lies beside it.", metavar="STATEMENT"),
    ],
    bundle: Annotated[
        Path | None,
        typer.Option(help="Its bundle; with it neither hub nor database is needed.", metavar="FILE"),
    ] = None,
    public_key: Annotated[
        Path | None,
        typer.Option(
            help="The hub's public keys, PEM; the manifest has to be signed by one.", metavar="FILE"
        ),
    ] = None,
    manifest_only: Annotated[
        bool, typer.Option("--manifest-only", help="Check file, manifest and signature alone.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check a statement: hash, totals, signature, then every line reckoned again and compared.

    The bundle is fetched from the hub where none is given. Exit code 1 if anything does not hold; it
    says which line and which cell, and what the check cannot prove.
    """
    from vpp.foundation.command_keys import read_verify_keys  # noqa: PLC0415  other commands start faster

    files = files_beside(statement)
    keys: Mapping[str, Ed25519PublicKey] = {}
    if public_key is not None:
        keys = read_verify_keys(read_file(public_key, "--public-key"), str(public_key))
    verdict = Verdict(files.name)
    state = _check_manifest(files, keys, verdict)
    proof = None if manifest_only else _check_lines(files, bundle_for(context, files, bundle), verdict)
    _say_what_is_not_proved(files, state, proof, verdict, is_from_hub=bundle is None)
    if as_json:
        typer.echo(to_json(_document(verdict)))
    else:
        _print(verdict)
    if not verdict.holds:
        raise typer.Exit(ExitCode.NOT_SO)


def _check_manifest(
    files: StatementFiles, keys: "Mapping[str, Ed25519PublicKey]", verdict: Verdict
) -> "SignatureState":
    from vpp.settlement.manifest_check import read_manifest  # noqa: PLC0415  as above
    from vpp.settlement.manifest_check import verify as verify_manifest  # noqa: PLC0415  as above
    from vpp.settlement.manifest_signature import (  # noqa: PLC0415  as above
        SignatureState,
        signature_state,
        signature_words,
    )

    if files.manifest is None:
        verdict.faults["manifest"] = [f"{files.stem}.manifest.json is missing beside {files.name}"]
        return SignatureState.UNSIGNED
    verdict.faults["manifest"] = verify_manifest(
        files.csv, files.manifest, summary_bytes=files.summary, keys=keys or None
    )
    try:
        manifest = read_manifest(files.manifest)
    except InvalidInput:  # said above
        return SignatureState.UNSIGNED
    verdict.signature = signature_words(manifest, keys)
    state = signature_state(manifest, keys)
    verdict.is_signed = state is SignatureState.VALID
    return state


def _check_lines(files: StatementFiles, bundle_bytes: bytes, verdict: Verdict) -> "Bundle | None":
    from vpp.settlement.bundle import read_bundle  # noqa: PLC0415  as above
    from vpp.settlement.manifest_check import read_manifest  # noqa: PLC0415  as above
    from vpp.settlement.reckoned_statement import reckoned_statement  # noqa: PLC0415  as above
    from vpp.settlement.verification import check_bundle, line_faults  # noqa: PLC0415  as above

    try:
        bundle = read_bundle(bundle_bytes)
        manifest = read_manifest(files.manifest) if files.manifest else {}
        verdict.faults["bundle"] = check_bundle(files.csv, manifest, bundle)
        reckoned = reckoned_statement(bundle)
        verdict.line_count = len(reckoned.lines)
        verdict.faults["lines"] = [fault.text for fault in line_faults(files.csv, reckoned)]
    except InvalidInput as error:
        verdict.faults.setdefault("bundle", []).append(str(error))
        return None
    return bundle


def _say_what_is_not_proved(
    files: StatementFiles,
    state: "SignatureState",
    bundle: "Bundle | None",
    verdict: Verdict,
    *,
    is_from_hub: bool,
) -> None:
    from vpp.settlement.manifest_check import read_manifest  # noqa: PLC0415  as above
    from vpp.settlement.verification import not_proved  # noqa: PLC0415  as above

    try:
        manifest = read_manifest(files.manifest) if files.manifest else {}
    except InvalidInput:  # said above
        manifest = {}
    verdict.not_proved = not_proved(
        manifest,
        state,
        bundle,
        has_summary=files.summary is not None,
        is_from_hub=is_from_hub and bundle is not None,
    )


def _document(verdict: Verdict) -> dict[str, Any]:
    return {
        "statement": verdict.statement,
        "holds": verdict.holds,
        "signature": verdict.signature,
        "reckoned_line_count": verdict.line_count,
        "faults": verdict.faults,
        "not_proved": verdict.not_proved,
    }


def _print(verdict: Verdict) -> None:
    console = Console(highlight=False)
    table = make_table(f"What was checked of {verdict.statement}", "check", "result")
    checks: Sequence[tuple[str, str, str]] = (
        ("manifest", "hash, rows, control totals, and the summary if it is there", ""),
        ("bundle", "the bundle is this statement's own", ""),
        ("lines", "every line reckoned again from its evidence", _lines_words(verdict)),
    )
    for name, what, words in checks:
        if name in verdict.faults:
            count = len(verdict.faults[name])
            table.add_row(what, f"[red]{count} faults[/]" if count else f"[green]holds[/]{words}")
    table.add_row("signature", escape(harmless(verdict.signature or "not known")))
    console.print(table)
    faults = [fault for found in verdict.faults.values() for fault in found]
    if not faults:
        words = "Everything holds." if verdict.is_signed else "Everything agrees, but nothing is signed for."
        console.print(f"[bold {'green' if verdict.is_signed else 'yellow'}]{words}[/]")
        console.print("[bold]What this does not prove[/]")
        for each in verdict.not_proved:
            console.print(f"  - {harmless(each)}", markup=False, soft_wrap=True)
        return
    console.print("[bold red]Does not hold.[/]")
    for fault in faults[:SHOWN_FAULTS]:
        console.print(f"  - {harmless(fault)}", markup=False, soft_wrap=True)
    if len(faults) > SHOWN_FAULTS:
        console.print(f"  and {len(faults) - SHOWN_FAULTS:,} more; --json shows them all", markup=False)


def _lines_words(verdict: Verdict) -> str:
    return "" if verdict.line_count is None else f": {verdict.line_count:,} lines, every cell the same"
