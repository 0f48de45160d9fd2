"""The agent's durable memory: one JSON object per line, only ever appended."""

import io
import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from vpp.foundation.errors import InvalidInput

Entry = Mapping[str, Any]


class Journal:
    """An append-only file that survives being killed at any byte, and a full disk.

    A line counts once its newline is written. What follows the last newline is a torn line and
    is cut off at the next start; damage anywhere else is refused, because a plan with a hole in
    it must not be executed. An entry that cannot be written whole is taken back at once, so that
    the next one does not begin in its middle.
    """

    def __init__(self, path: Path) -> None:
        """Open or create the file, and cut off a torn last line."""
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = _opened(path)
        self._size = self._cut_torn_line()
        self._synced_size = 0
        self._is_doubtful = False

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

    @property
    def size(self) -> int:
        """Bytes that have been written."""
        return self._size

    @property
    def is_doubtful(self) -> bool:
        """Whether the disk has refused to say that everything is on it; `compact` ends the doubt."""
        return self._is_doubtful

    def _cut_torn_line(self) -> int:
        content = self._content()
        whole = content.rfind(b"\n") + 1
        if whole != len(content):
            self._file.truncate(whole)
            os.fsync(self._file.fileno())
        return whole

    def _content(self) -> bytes:
        self._file.seek(0)
        return self._file.readall()

    def entries(self) -> list[Entry]:
        """Return what was recorded, oldest first.

        Raises:
            InvalidInput: A line is not a JSON object.
        """
        found: list[Entry] = []
        for number, line in enumerate(self._content().splitlines(), start=1):
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
        """Record one entry; from now on it survives the death of this process.

        Raises:
            OSError: It could not be written, and nothing of it is kept.
        """
        line = _line(entry)
        try:
            if self._file.seek(0, os.SEEK_END) != self._size:
                self._file.truncate(self._size)  # what an earlier failure could not take back
            _write_all(self._file, line)
        except OSError:
            self._take_back()
            raise
        self._size += len(line)

    def _take_back(self) -> None:
        with suppress(OSError):  # the next entry tries again before it is written
            self._file.truncate(self._size)

    def sync(self) -> None:
        """Wait until everything is on the disk, so that even a power cut cannot lose it.

        To be called before the hub is told that something is held. Readings need it not: the
        meter remembers them too.

        Raises:
            OSError: The disk failed. What it holds is not known from then on, whatever a later call
                of the system's says, so every further call fails until `compact` has written anew.
        """
        if self._is_doubtful:
            raise OSError(f"journal {self._path} may not be on the disk")
        if self._synced_size == self._size:
            return
        try:
            os.fsync(self._file.fileno())
        except OSError:
            self._is_doubtful = True
            raise
        self._synced_size = self._size

    def compact(self, entries: Iterable[Entry]) -> None:
        """Replace the whole content in one atomic step.

        Raises:
            OSError: It could not be written; the journal is as it was.
        """
        beside = self._path.with_name(self._path.name + ".new")
        try:
            with beside.open("wb") as file:
                for entry in entries:
                    file.write(_line(entry))
                file.flush()
                os.fsync(file.fileno())
            fresh = _opened(beside)
        except OSError:
            beside.unlink(missing_ok=True)  # half a journal beside the journal would only fill the disk
            raise
        os.replace(beside, self._path)  # noqa: PTH105  the atomic step, said as such
        self._file.close()
        self._file = fresh
        self._size = self._synced_size = fresh.seek(0, os.SEEK_END)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._is_doubtful = False


def _opened(path: Path) -> io.FileIO:
    """Open a file without a buffer: one that failed to empty itself would write later, out of place."""
    return io.FileIO(path, "a+b")


def _line(entry: Entry) -> bytes:
    return json.dumps(entry, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def _write_all(file: io.FileIO, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]
