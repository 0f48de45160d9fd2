"""Statements that a command line names: files on this machine, or ids at the hub."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import typer

from vpp.cli.arguments import full_name
from vpp.cli.connection import HubConnection, connection_of, read_file
from vpp.v1 import settlement_pb2 as wire

CSV = ".csv"
SUMMARY = ".summary.csv"
MANIFEST = ".manifest.json"
BUNDLE = ".bundle.zip"


@dataclass(frozen=True, slots=True)
class StatementFiles:
    """A statement's files.

    Attributes:
        name: Of its CSV file, without a folder.
        csv: The lines.
        manifest: What vouches for them; None where it is missing.
        summary: The sums; None where it is missing.
    """

    name: str
    csv: bytes
    manifest: bytes | None
    summary: bytes | None

    @property
    def stem(self) -> str:
        """What the names of all its files begin with."""
        return self.name.removesuffix(CSV)


def statement_files(context: typer.Context, wanted: str) -> StatementFiles:
    """Read a statement's files from this machine, or from the hub.

    Args:
        context: Of the command; knows where the hub is.
        wanted: A CSV file, or a statement as an id or statements/ID.

    Raises:
        BadParameter: It looks like a file and there is none.
        RpcError: The hub knows no such statement, or refused.
    """
    path = Path(wanted)
    if path.is_file():
        return files_beside(path)
    if wanted.endswith(CSV):
        raise typer.BadParameter(f"{wanted} is missing, expected a statement's CSV file or a statement's id")
    return files_of_hub(connection_of(context), full_name("statements", wanted))


def files_beside(csv_file: Path) -> StatementFiles:
    """Read a statement's CSV file, and what lies beside it."""
    stem = csv_file.name.removesuffix(CSV)
    manifest, summary = csv_file.with_name(stem + MANIFEST), csv_file.with_name(stem + SUMMARY)
    return StatementFiles(
        csv_file.name,
        read_file(csv_file, "STATEMENT"),
        read_file(manifest, "its manifest") if manifest.is_file() else None,
        read_file(summary, "its summary") if summary.is_file() else None,
    )


def files_of_hub(hub: HubConnection, name: str) -> StatementFiles:
    """Fetch a statement's files from the hub."""
    contents: dict[str, bytearray] = {}
    for piece in hub.stream(hub.settlement.DownloadStatement, wire.DownloadStatementRequest(name=name)):
        contents.setdefault(Path(piece.file_name).name, bytearray()).extend(piece.content)
    csv_name = next(file for file in contents if file.endswith(CSV) and not file.endswith(SUMMARY))
    stem = csv_name.removesuffix(CSV)
    manifest, summary = contents.get(stem + MANIFEST), contents.get(stem + SUMMARY)
    return StatementFiles(
        csv_name,
        bytes(contents[csv_name]),
        None if manifest is None else bytes(manifest),
        None if summary is None else bytes(summary),
    )


def bundle_of_hub(hub: HubConnection, name: str) -> tuple[str, bytes]:
    """Fetch a statement's bundle from the hub: its file name and its bytes."""
    file_name, content = "", bytearray()
    for piece in hub.stream(hub.settlement.DownloadBundle, wire.DownloadBundleRequest(name=name)):
        file_name = Path(piece.file_name).name  # the last part only, so that no name points out of a folder
        content.extend(piece.content)
    return file_name, bytes(content)


def bundle_for(context: typer.Context, statement: StatementFiles, bundle: Path | None) -> bytes:
    """Return a statement's bundle: the file that is named, the one beside it, or the hub's.

    Args:
        context: Of the command; knows where the hub is.
        statement: The statement.
        bundle: File of the bundle; None to fetch it from the hub.
    """
    if bundle is not None:
        return read_file(bundle, "--bundle")
    return bundle_of_hub(connection_of(context), full_name("statements", statement_id_in(statement)))[1]


def statement_id_in(statement: StatementFiles) -> str:
    """Return the id that a statement's file says it has.

    Raises:
        BadParameter: It says none.
    """
    text = io.StringIO(statement.csv.decode("utf-8", errors="replace"), newline="")
    found = next(csv.DictReader(text), {}).get("statement_id", "")
    if not found:
        raise typer.BadParameter(f"{statement.name} has no line with a statement_id, expected a statement")
    return found
