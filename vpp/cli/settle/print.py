"""`vpp settle print`: a statement as one page for people, with a drawing of each event."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vpp.cli.connection import read_file
from vpp.cli.settle.statement_source import MANIFEST, SUMMARY, StatementFiles, files_beside
from vpp.cli.settle.written_file import keep_apart, write_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from vpp.settlement.statement import Statement


def print_statement(
    *,
    statement: Annotated[
        Path,
        typer.Argument(
            help="The statement's CSV file; summary and manifest beside it are used.", metavar="STATEMENT"
        ),
    ],
    bundle: Annotated[
        Path | None,
        typer.Option(help="Its bundle: names of products, energy before and after events.", metavar="FILE"),
    ] = None,
    public_key: Annotated[
        Path | None, typer.Option(help="The hub's public keys, PEM, to check the signature.", metavar="FILE")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="HTML file to write; beside the statement if absent.", metavar="FILE")
    ] = None,
) -> None:
    """Write a statement as one HTML page that needs nothing else: totals, tax, events with drawings, lines.

    Print it from a browser for paper or PDF; it is laid out for A4.
    """
    from vpp.cli.settle.printed_statement import render_page  # noqa: PLC0415  other commands start faster
    from vpp.foundation.command_keys import read_verify_keys  # noqa: PLC0415  as above
    from vpp.settlement.statement_file import parse_csv  # noqa: PLC0415  as above

    files = files_beside(statement)
    keys: Mapping[str, Ed25519PublicKey] = {}
    if public_key is not None:
        keys = read_verify_keys(read_file(public_key, "--public-key"), str(public_key))
    more = {} if bundle is None else _of_bundle(read_file(bundle, "--bundle"), files)
    target = statement.with_name(f"{files.stem}.html") if out is None else out
    keep_apart(target, [statement, *(statement.with_name(files.stem + end) for end in (SUMMARY, MANIFEST))])
    if bundle is not None:
        keep_apart(target, [bundle])
    read = parse_csv(files.csv)
    page = render_page(read, _facts(files, read, keys, more))
    write_file(target, page.encode())
    typer.echo(str(target))


def _facts(
    files: StatementFiles,
    statement: "Statement",
    keys: "Mapping[str, Ed25519PublicKey]",
    more: dict[str, Any],
) -> Any:  # noqa: ANN401  PageFacts, imported when it is asked for
    """Take from summary, manifest and bundle what the lines do not say.

    Raises:
        InvalidInput: Manifest or summary is about other lines: a page vouches for its own alone.
    """
    from vpp.cli.settle.printed_statement import facts_of, read_summary  # noqa: PLC0415  as above
    from vpp.foundation.errors import InvalidInput  # noqa: PLC0415  as above
    from vpp.settlement.manifest import sha256_of  # noqa: PLC0415  as above
    from vpp.settlement.manifest_check import read_manifest, verify  # noqa: PLC0415  as above
    from vpp.settlement.manifest_signature import signature_words  # noqa: PLC0415  as above

    manifest: dict[str, Any] = {}
    signature = "missing"
    if files.manifest is not None:
        faults = verify(files.csv, files.manifest, summary_bytes=files.summary, keys=keys)
        if faults:
            raise InvalidInput(f"{files.name} does not agree with its manifest: {'; '.join(faults)}")
        manifest = read_manifest(files.manifest)
        signature = signature_words(manifest, keys)
    return facts_of(
        manifest,
        sha256=sha256_of(files.csv),
        signature=signature,
        summary=read_summary(files.summary, statement),
        **more,
    )


def _of_bundle(bundle_bytes: bytes, files: StatementFiles) -> dict[str, Any]:
    """Take names and energy around events from a bundle.

    Raises:
        InvalidInput: It is no bundle, or another statement's.
    """
    from vpp.cli.settle.printed_event import AroundEnergy  # noqa: PLC0415  as above
    from vpp.foundation.errors import InvalidInput  # noqa: PLC0415  as above
    from vpp.settlement.bundle import read_bundle  # noqa: PLC0415  as above

    bundle = read_bundle(bundle_bytes)
    if bundle.files.get(files.name) != files.csv:
        raise InvalidInput(f"bundle is of {bundle.head.statement_id} and does not hold this {files.name}")
    return {
        "around": {
            (each.event_id, each.site_id): AroundEnergy(each.around.before_kwh, each.around.after_kwh)
            for each in bundle.evidence()
        },
        "product_names": {product.product_id: product.display_name for product in bundle.products},
    }
