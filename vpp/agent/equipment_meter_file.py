"""The metered intervals of a site with real equipment, kept over restarts.

A file of records of 16 bytes: number of the interval since 1970 (int64) and mean net power in kW
(float64, NaN is a gap), both little-endian, only ever appended.
"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
RECORD = np.dtype([("index", "<i8"), ("net_kw", "<f8")])
KEPT = timedelta(days=31)
"""How far back intervals are kept: what the hub takes in a session, and a day."""


class MeterFile:
    """Intervals by number since 1970, in a file that survives being killed at any byte."""

    def __init__(self, path: Path, step: timedelta, now: datetime) -> None:
        """Read what is kept; a torn last record and what is too old are dropped.

        Raises:
            OSError: The file cannot be read or written.
        """
        self._path = path
        self._step = step
        path.parent.mkdir(parents=True, exist_ok=True)
        content = path.read_bytes() if path.exists() else b""
        records = np.frombuffer(content[: len(content) // RECORD.itemsize * RECORD.itemsize], RECORD)
        oldest, newest = self.number(now - KEPT), self.number(now)
        is_kept = (records["index"] >= oldest) & (records["index"] < newest)
        self._values = {int(r["index"]): float(r["net_kw"]) for r in records[is_kept]}
        if len(self._values) * RECORD.itemsize != len(content):
            self._rewrite()

    def number(self, instant: datetime) -> int:
        """Return the number of the interval that holds an instant."""
        return (instant - EPOCH) // self._step

    def begins_at(self) -> datetime | None:
        """Return the start of the oldest interval kept, UTC; None if there is none."""
        return EPOCH + min(self._values) * self._step if self._values else None

    def between(self, since: datetime, until: datetime) -> npt.NDArray[np.float64]:
        """Return the means of the whole intervals between two instants, kW; NaN where none is kept."""
        first, after = self.number(since), self.number(until)
        return np.array([self._values.get(n, np.nan) for n in range(first, after)], dtype=np.float64)

    def take(self, first: int, means_kw: list[float]) -> bytes:
        """Keep intervals in memory that are not kept yet, and return what must be appended to the file."""
        fresh = [(n, kw) for n, kw in enumerate(means_kw, start=first) if n not in self._values]
        self._values.update(fresh)
        return np.array(fresh, RECORD).tobytes()

    def forget_from(self, first: int) -> None:
        """Forget intervals from a number on: they are measured again, and the later record counts."""
        self._values = {n: kw for n, kw in self._values.items() if n < first}

    def append(self, content: bytes) -> None:
        """Append records; on return they are on the disk.

        Raises:
            OSError: They are not; nothing of them is kept, so that they can be appended again.
        """
        with self._path.open("ab", buffering=0) as file:
            size = file.tell()
            try:
                left = memoryview(content)
                while left:
                    left = left[file.write(left) :]
                os.fsync(file.fileno())
            except OSError:
                file.truncate(size)
                raise

    def _rewrite(self) -> None:
        beside = self._path.with_name(self._path.name + ".new")
        with beside.open("wb") as file:
            file.write(np.array(sorted(self._values.items()), RECORD).tobytes())
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)
