"""Statement files on the operator's disk: downloaded byte for byte, checked against the manifest."""

from pathlib import Path

from vpp.cli.connection import HubConnection
from vpp.v1 import settlement_pb2 as wire


def download_statement(hub: HubConnection, name: str, folder: Path) -> list[Path]:
    """Write a statement's files into a folder.

    Args:
        hub: The connection.
        name: Format: statements/{statement}.
        folder: Made if it is missing; files of the same name are replaced.

    Returns:
        The files in the order the hub sent them.
    """
    contents: dict[str, bytearray] = {}
    for piece in hub.stream(hub.settlement.DownloadStatement, wire.DownloadStatementRequest(name=name)):
        # The last part only, so that no name can point out of the folder.
        contents.setdefault(Path(piece.file_name).name, bytearray()).extend(piece.content)
    folder.mkdir(parents=True, exist_ok=True)
    for file_name, content in contents.items():
        (folder / file_name).write_bytes(content)
    return [folder / file_name for file_name in contents]


def verify_statement(csv_file: Path) -> list[str]:
    """Check a statement against the manifest beside it.

    Args:
        csv_file: `statement_<party>_<period>_v<n>.csv`; its manifest lies in the same folder, and its
            summary if it was fetched as well.

    Returns:
        What does not agree, in words; empty if all does.
    """
    from vpp.settlement.manifest_check import verify  # noqa: PLC0415  the other commands start twice as fast without

    stem = csv_file.name.removesuffix(".csv")
    manifest_file = csv_file.with_name(f"{stem}.manifest.json")
    summary_file = csv_file.with_name(f"{stem}.summary.csv")
    missing = [file for file in (csv_file, manifest_file) if not file.is_file()]
    if missing:
        return [f"{file} is missing" for file in missing]
    summary_bytes = summary_file.read_bytes() if summary_file.is_file() else None
    return verify(csv_file.read_bytes(), manifest_file.read_bytes(), summary_bytes=summary_bytes)
