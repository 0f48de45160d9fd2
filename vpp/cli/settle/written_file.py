"""Files that commands write where they are told to."""

from collections.abc import Iterable
from pathlib import Path

import typer


def write_file(path: Path, content: bytes) -> None:
    """Write a file that an option names; its folder is made if it is missing.

    Raises:
        BadParameter: It cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise typer.BadParameter(f"--out {path} cannot be written: {error.strerror}") from None


def keep_apart(target: Path, inputs: Iterable[Path]) -> None:
    """Refuse to write over what a command reads: evidence stays as it is.

    Raises:
        BadParameter: The file to write is one of them.
    """
    for path in inputs:
        if target.resolve() == path.resolve():
            raise typer.BadParameter(f"--out {target} is {path.name} itself, which stays as it is")
