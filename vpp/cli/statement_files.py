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
        csv_file: `statement_<party>_<period>_v<n>.csv`; its manifest lies in the same folder.

    Returns:
        What does not agree, in words; empty if all does.
    """
    from vpp.settlement.manifest import verify  # noqa: PLC0415  the other commands start twice as fast without

    manifest_file = csv_file.with_name(csv_file.name.removesuffix(".csv") + ".manifest.json")
    missing = [file for file in (csv_file, manifest_file) if not file.is_file()]
    if missing:
        return [f"{file} is missing" for file in missing]
    return verify(csv_file.read_bytes(), manifest_file.read_bytes())
