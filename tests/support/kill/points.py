"""Counts the points at which a process could die, and dies at one of them."""

import json
import mmap
import os
import signal
import struct
import threading
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from vpp.foundation.clock import SystemClock, pause

_CLOCK = struct.Struct("<d")
_ARMED = _CLOCK.size
_LENGTH = _CLOCK.size + 1
_POLL_S = 0.01


class SharedTime:
    """A file that all processes of a trial see: the time, and whether points count yet."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it."""
        if not path.exists():
            path.write_bytes(bytes(_LENGTH))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _LENGTH)

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(_CLOCK.unpack_from(self._memory)[0], UTC)

    @now.setter
    def now(self, instant: datetime) -> None:
        _CLOCK.pack_into(self._memory, 0, instant.timestamp())

    @property
    def is_armed(self) -> bool:
        return bool(self._memory[_ARMED])

    @is_armed.setter
    def is_armed(self, value: bool) -> None:
        self._memory[_ARMED] = value


class SharedClock:
    """A clock that moves when the trial moves it; waits in the machine's time."""

    def __init__(self, shared: SharedTime) -> None:
        self._shared = shared

    def now(self) -> datetime:
        return self._shared.now

    def machine_time(self, instant: datetime) -> datetime:
        return SystemClock().now() + (instant - self._shared.now)

    async def sleep_until(self, instant: datetime) -> None:
        while self._shared.now < instant:
            await pause(_POLL_S)


class KillPoints:
    """The points of one process's life.

    Attributes:
        defect: Which deliberate defect is switched on; empty for none.
    """

    def __init__(
        self, shared: SharedTime, notes: Path, *, kill_at: int, kill_label: str, defect: str
    ) -> None:
        """Begin at none.

        Args:
            shared: Says from when on points count.
            notes: Where it is written how many points there were, and that a defect was used.
            kill_at: The process dies at this point, counted from 1; 0 for never.
            kill_label: Only points of this label count; empty for all.
            defect: Deliberate defect.
        """
        self._shared = shared
        self._notes = notes
        self._kill_at = kill_at
        self._kill_label = kill_label
        self._lock = threading.Lock()
        self._count = 0
        self._labels: Counter[str] = Counter()
        self.defect = defect

    def reach(self, label: str) -> None:
        """Pass a point, or die at it."""
        if self.is_last(label):
            self.die()

    def is_last(self, label: str) -> bool:
        """Count a point; tells whether the process is to die at it."""
        if not self._shared.is_armed:
            return False
        with self._lock:
            self._labels[label] += 1
            if self._kill_label not in {"", label}:
                return False
            self._count += 1
            is_it = self._count == self._kill_at
        if is_it:
            self._note({"killed_at": self._count, "label": label})
        return is_it

    @staticmethod
    def die() -> None:
        """End the process as a power cut would: nothing is tidied up."""
        os.kill(os.getpid(), signal.SIGKILL)

    def used_defect(self) -> None:
        """Write down that the deliberate defect has been at work."""
        if self._shared.is_armed:
            self._note({"defect": self.defect})

    def ended(self) -> None:
        """Write down how many points there were in a life that ended in order."""
        self._note({"points": self._count, "labels": dict(self._labels)})

    def _note(self, what: dict[str, object]) -> None:
        with self._notes.open("a", encoding="utf-8") as file:
            file.write(json.dumps(what) + "\n")
