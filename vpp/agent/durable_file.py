"""Small files that are written whole or not at all."""

import os
import tempfile
from pathlib import Path

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


def write_whole(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Replace a file in one step; a reader sees the old content or the new, never a part.

    Args:
        path: The file.
        content: What it is to hold; readable by its owner alone.
        durable: Whether to wait until it survives a power cut.

    Raises:
        OSError: It could not be written; what was there is still there.
    """
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        os.replace(beside, path)  # noqa: PTH105  the atomic step, said as such
    except OSError:
        Path(beside).unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder survive a power cut."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
