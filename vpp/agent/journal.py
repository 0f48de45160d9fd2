"""The agent's durable memory: one JSON object per line, only ever appended."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from vpp.foundation.errors import InvalidInput

Entry = Mapping[str, Any]


class Journal:
    """An append-only file that survives being killed at any byte.

    A line counts once its newline is written. What follows the last newline is a torn line and
    is cut off at the next start; damage anywhere else is refused, because a plan with a hole in
    it must not be executed.
    """

    def __init__(self, path: Path) -> None:
        """Open or create the file, and cut off a torn last line."""
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a+b")
        self._cut_torn_line()

    def __enter__(self) -> Self:
        """Return the open journal."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file; what was appended is in it."""
        self._file.close()

    def _cut_torn_line(self) -> None:
        self._file.seek(0)
        content = self._file.read()
        whole = content.rfind(b"\n") + 1
        if whole != len(content):
            self._file.truncate(whole)
            self._file.flush()
            os.fsync(self._file.fileno())

    def entries(self) -> list[Entry]:
        """Return what was recorded, oldest first.

        Raises:
            InvalidInput: A line is not a JSON object.
        """
        self._file.seek(0)
        found: list[Entry] = []
        for number, line in enumerate(self._file.read().splitlines(), start=1):
            try:
                entry = json.loads(line)
            except ValueError as error:
                raise self._damaged(number) from error
            if not isinstance(entry, dict) or "kind" not in entry:
                raise self._damaged(number)
            found.append(entry)
        return found

    def _damaged(self, number: int) -> InvalidInput:
        return InvalidInput(
            f"journal {self._path} is damaged in line {number}; the site's plan cannot be trusted",
            journal=str(self._path),
            line=str(number),
        )

    def append(self, entry: Entry) -> None:
        """Record one entry; from now on it survives the death of this process."""
        self._file.write(json.dumps(entry, separators=(",", ":"), allow_nan=False).encode() + b"\n")
        self._file.flush()

    def sync(self) -> None:
        """Wait until everything is on the disk, so that even a power cut cannot lose it.

        To be called before the hub is told that something is held. Readings need it not: the
        meter remembers them too.
        """
        os.fsync(self._file.fileno())

    def compact(self, entries: Iterable[Entry]) -> None:
        """Replace the whole content in one atomic step."""
        beside = self._path.with_name(self._path.name + ".new")
        with beside.open("wb") as file:
            for entry in entries:
                file.write(json.dumps(entry, separators=(",", ":"), allow_nan=False).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self._file.close()
        os.replace(beside, self._path)  # noqa: PTH105  the atomic step, said as such
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._file = self._path.open("a+b")
