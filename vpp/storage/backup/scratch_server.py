"""A PostgreSQL server of a drill's own, whose log is archived, and which comes back at a point in time."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Self

from vpp.foundation.errors import BrokenPromise
from vpp.storage.backup.postgresql_tools import find_tool
from vpp.storage.engine import make_engine

_USERS = ("postgres", "nobody")
"""Who runs the server where this process is root, which PostgreSQL refuses to be run as."""
_LAST_WORDS = 600
_LOOKS, _BETWEEN_LOOKS_S = 300, 0.1


class ScratchServer:
    """A server in a folder, reached by a socket there, that nobody else knows of.

    Attributes:
        url: Its database.
    """

    def __init__(self, folder: Path) -> None:
        """Take a folder; nothing is made before the server is entered."""
        self.folder = folder
        self.url = f"postgresql+psycopg://drill@/postgres?host={folder}"
        self._user = _other_user()

    def __enter__(self) -> Self:
        """Make the server and start it.

        Raises:
            InvalidInput: PostgreSQL's server programs are not on this machine.
            BrokenPromise: It does not start.
        """
        self.folder.chmod(0o700)
        (self.folder / "archive").mkdir()
        self._own(self.folder, self.folder / "archive")
        self.run("initdb", "--pgdata", str(self.data), "--username=drill", "--auth=trust", "--no-sync")
        self.start(self.data, f"archive_mode=on\narchive_command='cp %p {self.folder}/archive/%f'\n")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it, if it has not been lost."""
        if (self.data / "postmaster.pid").exists():
            self.stop(self.data)

    @property
    def data(self) -> Path:
        """Where its data are."""
        return self.folder / "data"

    def start(self, data: Path, settings: str) -> None:
        """Start a server on data, with settings in addition to its own."""
        file = data / "postgresql.auto.conf"
        with file.open("a", encoding="utf-8") as written:
            written.write(
                f"listen_addresses=''\nunix_socket_directories='{self.folder}'\nwal_level=replica\n"
                f"max_wal_senders=3\nhba_file='{data}/pg_hba.conf'\n{settings}"
            )
        log = self.folder / f"{data.name}.log"
        self.run("pg_ctl", "start", "--wait", "--timeout=60", f"--pgdata={data}", f"--log={log}")

    def stop(self, data: Path, mode: str = "fast") -> None:
        """Stop a server on data."""
        self.run("pg_ctl", "stop", "--wait", f"--pgdata={data}", f"--mode={mode}")

    def copy_base(self) -> None:
        """Copy all of its data while it works: what the archived log is played onto."""
        self.run(
            "pg_basebackup",
            f"--pgdata={self.folder / 'base'}",
            f"--host={self.folder}",
            "--username=drill",
            "--checkpoint=fast",
            "--wal-method=none",
            "--no-sync",
        )

    def archive_all(self) -> None:
        """Have the log archived up to now, as `archive_timeout` has it every so often.

        Raises:
            BrokenPromise: The server did not do it in time.
        """
        engine = make_engine(self.url)
        with engine.connect() as connection:
            switched = "SELECT pg_walfile_name(pg_switch_wal())"
            segment = connection.exec_driver_sql(switched).scalar_one()
        engine.dispose()
        for _ in range(_LOOKS):
            if (self.folder / "archive" / segment).exists():
                return
            Event().wait(_BETWEEN_LOOKS_S)
        raise BrokenPromise(f"the server did not archive {segment} in {_LOOKS * _BETWEEN_LOOKS_S:g} s")

    def lose(self) -> None:
        """Lose its disk, in the middle of its work."""
        self.stop(self.data, mode="immediate")
        shutil.rmtree(self.data)

    def run(self, name: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs as the server's user."""
        done = subprocess.run(  # noqa: S603  our own arguments, no shell
            [str(find_tool(name)), *arguments],
            cwd=self.folder,
            user=self._user,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode:
            raise BrokenPromise(f"{name} failed: {done.stderr.strip()[-_LAST_WORDS:]}", program=name)

    def _own(self, *paths: Path) -> None:
        if self._user is not None:
            for path in paths:
                os.chown(path, self._user, -1)


@contextmanager
def recovered(server: ScratchServer, point: datetime) -> Iterator[str]:
    """Play the archived log onto the copy up to an instant, and serve what that gives.

    Args:
        server: A lost one, of which there is a base copy.
        point: To when, UTC; what was committed later is left out.
    """
    data = server.folder / "base"
    (data / "recovery.signal").touch()
    server.start(
        data,
        f"archive_mode=off\nrestore_command='cp {server.folder}/archive/%f %p'\n"
        f"recovery_target_time='{point.astimezone(UTC).isoformat(' ')}'\n"
        "recovery_target_inclusive=true\nrecovery_target_action=promote\n",
    )
    try:
        yield server.url
    finally:
        server.stop(data)


def _other_user() -> int | None:
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry.pw_uid for entry in pwd.getpwall()}
    return next((known[name] for name in _USERS if name in known), None)
