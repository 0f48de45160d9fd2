"""Which tables were written to and committed, seen from SQLite itself: nothing above it can hide a write."""

import re
import sqlite3
import threading
from collections import defaultdict
from hashlib import blake2b
from pathlib import Path

from sqlalchemy import Engine, event

_WRITES = re.compile(
    r"\s*(?:WITH\b.*?\b)?(?:INSERT(?:\s+OR\s+\w+)?\s+INTO|UPDATE|DELETE\s+FROM)\s+\"?(\w+)",
    re.DOTALL | re.IGNORECASE,
)


class WriteWatch:
    """Follows every connection of some engines."""

    def __init__(self, *engines: Engine) -> None:
        self._committed: set[str] = set()
        self._pending: dict[int, set[str]] = defaultdict(set)
        self._lock = threading.Lock()
        for engine in engines:
            event.listen(engine, "connect", self._follow)

    def take(self) -> set[str]:
        """Return the tables that were written to and committed since this was last asked."""
        with self._lock:
            taken, self._committed = self._committed, set()
        return taken

    def _follow(self, connection: sqlite3.Connection, _record: object) -> None:
        key = id(connection)

        def see(statement: str) -> None:
            start = statement[:12].lstrip().upper()
            if start.startswith(("SELECT", "PRAGMA", "--")):
                return
            if start.startswith(("COMMIT", "END")):
                with self._lock:
                    self._committed |= self._pending.pop(key, set())
            elif start.startswith("ROLLBACK") and " TO " not in statement.upper():
                self._pending.pop(key, None)
            elif found := _WRITES.match(statement):
                self._pending[key].add(found.group(1))

        connection.set_trace_callback(see)


def digests_of(file: Path) -> dict[str, str]:
    """Return a digest of each table's rows."""
    found = {}
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in sorted(tables):
            total = 0
            for row in connection.execute(f'SELECT * FROM "{table}"'):  # noqa: S608  names of the file's own tables
                total += int.from_bytes(blake2b(repr(row).encode(), digest_size=16).digest())
            found[table] = f"{total:x}"
    finally:
        connection.close()
    return found
