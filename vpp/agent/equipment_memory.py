"""A driver's memory as a file: replaced as a whole in one atomic step, on the disk on return."""

import json
from collections.abc import Mapping
from pathlib import Path

from vpp.agent.durable_file import write_whole
from vpp.foundation.errors import InvalidInput


class FileMemory:
    """One JSON object in one file.

    Killed at any byte, it holds what it held before or what it was given, never half of it.
    """

    def __init__(self, path: Path) -> None:
        """Take the file; it need not exist."""
        self._path = path

    def recall(self) -> Mapping[str, object]:
        """Return what was remembered last; empty if nothing.

        Raises:
            InvalidInput: The file cannot be read, or holds something else.
        """
        try:
            content = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise InvalidInput(
                f"memory {self._path} cannot be read: {error}", file=str(self._path)
            ) from error
        if not isinstance(content, dict):
            raise InvalidInput(f"memory {self._path} holds no JSON object", file=str(self._path))
        return content

    def remember(self, content: Mapping[str, object]) -> None:
        """Keep values in place of what was remembered; on return they are on the disk.

        Raises:
            OSError: They could not be written; what was remembered before still is.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self._path, json.dumps(dict(content), allow_nan=False).encode() + b"\n")
