"""Deliberate defects, one at a time: a harness that does not find them proves nothing."""
# ruff: noqa: ANN401  stands in for whatever is there

import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Engine
from support.fixed_sealing import FIXED_SEALING
from support.kill.points import KillPoints

from vpp.agent.journal import Entry, Journal
from vpp.foundation.clock import Clock
from vpp.storage.unit_of_work import SqlUnitOfWork, SqlUnitOfWorkFactory
from vpp.workflows.outbox_ports import MessageKind, Owed

ANSWER_BEFORE_COMMIT = "hub answers before it commits"
TWO_TRANSACTIONS = "state and outbox in two transactions"
ACKNOWLEDGE_BEFORE_PERSIST = "agent acknowledges before it persists"
HUB_DEFECTS = (ANSWER_BEFORE_COMMIT, TWO_TRANSACTIONS)
DEFECTS = (*HUB_DEFECTS, ACKNOWLEDGE_BEFORE_PERSIST)
_DELAY_S = 0.03
_DISK_DELAY_S = 1.0
_LAZY = threading.Lock()


class PointedUnitOfWork(SqlUnitOfWork):
    """A transaction whose commit is a point before, and one after."""

    points: KillPoints

    def commit(self) -> None:
        """Commit, as the defect has it."""
        self.points.reach("before commit")
        super().commit()
        self.points.reach("after commit")


class NotedOutbox:
    """An outbox that notes what is owed, and owes it at once or when it is told to."""

    def __init__(self, inner: Any, *, holds_back: bool) -> None:
        self.owed: list[Owed] = []
        self._inner = inner
        self._holds_back = holds_back

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def append(self, site_id: str, kind: MessageKind, subject_id: str) -> Any:
        return self.append_all([Owed(site_id, kind, subject_id)])

    def append_all(self, owed: Iterable[Owed]) -> Any:
        self.owed += owed
        return [] if self._holds_back else self._inner.append_all(list(owed))


class LateUnitOfWork(PointedUnitOfWork):
    """The defect: whoever orders sites is answered at once, the commit comes later."""

    _is_late = False

    def __enter__(self) -> Self:
        super().__enter__()
        self.noted = NotedOutbox(self.outbox, holds_back=False)
        self.outbox = self.noted  # type: ignore[assignment]  # stands in for it
        return self

    def commit(self) -> None:
        if not self.noted.owed:
            super().commit()
            return
        self._is_late = True
        self.points.used_defect()
        threading.Timer(_DELAY_S, self._commit_now).start()

    def _commit_now(self) -> None:
        self.points.reach("late commit")
        super().commit()
        super().__exit__(None, None, None)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._is_late:
            super().__exit__(kind, error, trace)


class TwoTransactions(PointedUnitOfWork):
    """The defect: what is decided is committed first, what is owed for it afterwards."""

    def __enter__(self) -> Self:
        super().__enter__()
        self.noted = NotedOutbox(self.outbox, holds_back=True)
        self.outbox = self.noted  # type: ignore[assignment]  # stands in for it
        return self

    def commit(self) -> None:
        super().commit()
        if not self.noted.owed:
            return
        super().__exit__(None, None, None)
        self.points.used_defect()
        self.points.reach("between transactions")
        second = PointedUnitOfWork(
            self._reach, self._clock, write=True, one_writer=self._one_writer, sealing=FIXED_SEALING
        )
        second.points = self.points
        with second:
            second.outbox.append_all(self.noted.owed)
            second.commit()


class PointedUnits(SqlUnitOfWorkFactory):
    """Makes transactions with points in them."""

    def __init__(self, engine: Engine, clock: Clock, points: KillPoints) -> None:
        super().__init__(engine, clock, sealing=FIXED_SEALING)
        self._points = points
        kinds = {ANSWER_BEFORE_COMMIT: LateUnitOfWork, TWO_TRANSACTIONS: TwoTransactions}
        self._kind: type[PointedUnitOfWork] = kinds.get(points.defect, PointedUnitOfWork)

    def __call__(self, *, write: bool = True) -> PointedUnitOfWork:
        kind = self._kind if write else PointedUnitOfWork
        unit = kind(
            self._reach,
            self._clock,
            write=write,
            one_writer=self._one_writer,
            place=self._place,
            owed=self.owed,
            sealing=FIXED_SEALING,
        )
        unit.points = self._points
        return unit

    def behind(self) -> "PointedUnits":
        """Return the same, but for writers that let all others of this process go first."""
        behind = PointedUnits(self._engine, self._clock, self._points)
        behind._place, behind.owed = self._place and self._place.behind(), self.owed
        return behind


class PointedJournal(Journal):
    """A journal whose every write and wait is a point before, within, and after."""

    points: KillPoints

    def append(self, entry: Entry) -> None:
        self.points.reach("before write")
        if self.points.is_last("within write"):
            with self._path.open("ab") as file:  # torn: half of it is in the file
                file.write(b'{"kind":"del')
            self.points.die()
        super().append(entry)
        self.points.reach("after write")

    def sync(self) -> None:
        self.points.reach("before sync")
        super().sync()
        self.points.reach("after sync")

    def compact(self, entries: Iterable[Entry]) -> None:
        def counted() -> Iterable[Entry]:
            for entry in entries:
                self.points.reach("within compaction")
                yield entry

        super().compact(counted())
        self.points.reach("after compaction")


class LazyJournal(PointedJournal):
    """The defect: what is written comes to the file a little later, whoever has been told."""

    def append(self, entry: Entry) -> None:
        self.points.used_defect()
        with _LAZY:
            self._late = [*getattr(self, "_late", []), entry]
            if len(self._late) == 1:
                threading.Timer(_DISK_DELAY_S, self._append_late).start()

    def _append_late(self) -> None:
        with _LAZY:
            late, self._late = self._late, []
            for entry in late:
                self.points.reach("late write")
                super().append(entry)
