"""One agent per journal: two that share one would deliver twice, or not at all."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from vpp.foundation.errors import WrongState


class ProcessLock:
    """A lock that its process's death releases, however it dies."""

    def __init__(self, journal_file: Path) -> None:
        """Name the lock beside a journal."""
        self._path = journal_file.with_name(journal_file.name + ".lock")
        self._number: int | None = None

    def __enter__(self) -> Self:
        """Take the lock.

        Raises:
            WrongState: Another process holds it.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        number = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(number)
            raise WrongState(
                f"another agent uses the journal beside {self._path}; a journal serves one alone",
                lock=str(self._path),
            ) from None
        self._number = number
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release the lock."""
        if self._number is not None:
            os.close(self._number)
            self._number = None


def is_running(journal_file: Path) -> bool:
    """Tell whether an agent holds the lock of a journal."""
    path = journal_file.with_name(journal_file.name + ".lock")
    try:
        number = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(number, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(number)
