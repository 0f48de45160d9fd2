"""Drills: a database is lost under load and comes back, as it was at a point in time that is proved."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from vpp.foundation.clock import Clock, SystemClock, stopwatch_s
from vpp.portfolio.party import Party, PartyKind
from vpp.storage.backup.backing_up import back_up
from vpp.storage.backup.checking import check_database
from vpp.storage.backup.copying import state_of
from vpp.storage.backup.restoring import restore
from vpp.storage.backup.scratch_server import ScratchServer, recovered
from vpp.storage.engine import make_engine
from vpp.storage.migrate import migrate
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.workflows.recording import HUB, audit

BACKUPS_IN_A_DRILL = 3


@dataclass(frozen=True, slots=True)
class DrillOutcome:
    """What a drill found.

    Attributes:
        faults: What did not come back, or came back and should not have; empty if all is well.
        point: To when it was restored, UTC.
        restored_count: Acknowledged writes that came back.
        lost_count: Acknowledged writes after that point, which a restore gives up.
        lost_span: From the point to the loss: what RPO means.
        restore_s: From the loss to a checked database: what RTO means, s.
    """

    faults: tuple[str, ...]
    point: datetime
    restored_count: int
    lost_count: int
    lost_span: timedelta
    restore_s: float

    def lines(self) -> Iterator[str]:
        """Say it in words."""
        yield f"restored to {self.point.isoformat()}"
        yield f"  {self.restored_count} acknowledged writes came back, all that were made before it"
        yield f"RPO: {self.lost_count} writes of the {self.lost_span.total_seconds():.1f} s after it are gone"
        yield f"RTO: {self.restore_s:.2f} s from the loss to a checked database"
        yield from (f"FAULT: {fault}" for fault in self.faults)


class _Load:
    """Writes one party after another, and remembers when each was acknowledged."""

    def __init__(self, units: SqlUnitOfWorkFactory, clock: Clock) -> None:
        self._units = units
        self._clock = clock
        self._is_over = threading.Event()
        self._paused = threading.Lock()
        self.begun_at: dict[str, datetime] = {}
        self.acknowledged_at: dict[str, datetime] = {}
        self.faults: list[str] = []
        self._thread = threading.Thread(target=self._run)

    @contextmanager
    def running(self) -> Iterator["_Load"]:
        """Write in a thread of its own."""
        self._thread.start()
        try:
            yield self
        finally:
            self._is_over.set()
            self._thread.join()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Write nothing for a while."""
        with self._paused:
            yield

    def wait(self, seconds: float) -> None:
        """Let it write."""
        self._is_over.wait(seconds)

    def _run(self) -> None:
        number = 0
        while not self._is_over.is_set():
            number += 1
            with self._paused:
                try:
                    self._write(f"drill-{number:06d}")
                except Exception as error:  # noqa: BLE001  whatever it is, the drill tells it
                    self.faults.append(f"the load stopped: {error}")
                    return

    def _write(self, party_id: str) -> None:
        self.begun_at[party_id] = self._clock.now()
        with self._units() as uow:
            uow.parties.add(party_id, Party(party_id, "A party of a drill", PartyKind.SITE_OWNER))
            audit(uow, HUB, "drill", f"parties/{party_id}")
            uow.commit()
        self.acknowledged_at[party_id] = self._clock.now()


def drill_sqlite(seconds: float) -> DrillOutcome:
    """Back a file up under load, lose it, and restore the newest backup elsewhere.

    A file goes back to one of its backups and to nothing between them: the time between two is what can be
    lost.

    Args:
        seconds: How long to write in all, s.
    """
    clock = SystemClock()
    with TemporaryDirectory(prefix="vpp-drill-") as name:
        folder = Path(name)
        engine = make_engine(f"sqlite:///{folder / 'live.sqlite'}")
        migrate(engine)
        load = _Load(SqlUnitOfWorkFactory(engine, clock), clock)
        with load.running():
            for number in range(BACKUPS_IN_A_DRILL):
                load.wait(seconds / (BACKUPS_IN_A_DRILL + 1))
                made = back_up(engine, folder / f"backup-{number}", clock)
                made_by = clock.now()
            load.wait(seconds / (BACKUPS_IN_A_DRILL + 1))
        lost_at = clock.now()
        engine.dispose()
        (folder / "live.sqlite").unlink()
        begun_s = stopwatch_s()
        elsewhere = make_engine(f"sqlite:///{folder / 'restored.sqlite'}")
        restore(folder / f"backup-{BACKUPS_IN_A_DRILL - 1}", elsewhere, clock)
        faults = [f"{one.name}: {fault}" for one in check_database(elsewhere) for fault in one.faults]
        restore_s = stopwatch_s() - begun_s
        kept = _parties_of(SqlUnitOfWorkFactory(elsewhere, clock))
        elsewhere.dispose()
    return _outcome(load, kept, faults, (made.made_at, made_by), lost_at, restore_s)


def drill_postgresql(seconds: float) -> DrillOutcome:
    """Archive a server's log under load, lose its disk, and go back to an instant between two writes.

    The server is the drill's own, made from the programs on this machine.

    Args:
        seconds: How long to write in all, s.

    Raises:
        InvalidInput: PostgreSQL's server programs are not on this machine.
    """
    clock = SystemClock()
    with TemporaryDirectory(prefix="vpp-drill-") as name, ScratchServer(Path(name)) as server:
        engine = make_engine(server.url)
        migrate(engine)
        load = _Load(SqlUnitOfWorkFactory(engine, clock), clock)
        with load.running():
            load.wait(seconds / 3)
            server.copy_base()
            load.wait(seconds / 3)
            with load.paused():
                before, point = state_of(engine), clock.now()
                load.wait(0.05)  # the next write is clearly after the point
            load.wait(seconds / 3)
        engine.dispose()
        server.archive_all()
        lost_at = clock.now()
        begun_s = stopwatch_s()
        server.lose()
        with recovered(server, point) as url:
            elsewhere = make_engine(url)
            faults = [f"{one.name}: {fault}" for one in check_database(elsewhere) for fault in one.faults]
            restore_s = stopwatch_s() - begun_s
            if state_of(elsewhere) != before:
                faults.append("the tables are not as they were at the point in time")
            kept = _parties_of(SqlUnitOfWorkFactory(elsewhere, clock))
            elsewhere.dispose()
    return _outcome(load, kept, faults, (point, point), lost_at, restore_s)


def _outcome(  # noqa: PLR0913, PLR0917  what the two drills have found, in the order in which they do
    load: _Load,
    kept: frozenset[str],
    faults: list[str],
    point: tuple[datetime, datetime],
    lost_at: datetime,
    restore_s: float,
) -> DrillOutcome:
    """Hold what came back against what was acknowledged; a copy's instant lies within its two bounds."""
    first, last = point
    missing = [party for party, at in load.acknowledged_at.items() if at <= first and party not in kept]
    early = [party for party in kept if load.begun_at[party] > last]
    faults = [
        *load.faults,
        *faults,
        *([f"{len(missing)} acknowledged writes are missing, {missing[0]} first"] if missing else []),
        *([f"{len(early)} writes came back from after the point, {min(early)} first"] if early else []),
        *([] if kept else ["nothing came back"]),
    ]
    lost = [party for party in load.acknowledged_at if party not in kept]
    return DrillOutcome(tuple(faults), first, len(kept), len(lost), lost_at - first, restore_s)


def _parties_of(units: SqlUnitOfWorkFactory) -> frozenset[str]:
    found: list[str] = []
    with units(write=False) as uow:
        while batch := uow.parties.page(after=found[-1] if found else "", limit=1000):
            found += [stored.value.party_id for stored in batch]
    return frozenset(found)
