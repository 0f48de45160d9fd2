"""The hub's database in virtual time: every commit watched, some slow, refused, or the process's last."""

import random
from dataclasses import dataclass, field
from typing import Self

from sqlalchemy import Engine
from support.fixed_sealing import FIXED_SEALING
from support.seeded_random_source import SeededRandomSource
from support.simulation.monitor import (
    Changes,
    Monitor,
    WatchedAudit,
    WatchedDue,
    WatchedInstructions,
    WatchedOutbox,
    WatchedValues,
)
from support.simulation.process import Killed, Process

from vpp.foundation.clock import Clock
from vpp.foundation.errors import Overloaded
from vpp.storage.bid_sealing import BidSealing
from vpp.storage.unit_of_work import SqlUnitOfWork, SqlUnitOfWorkFactory


@dataclass
class Disk:
    """What may go wrong with the database.

    Attributes:
        rng: Decides.
        refuse_ratio: Share of transactions that the database refuses to begin.
        ambiguous_ratio: Share of commits that succeed and are reported as failed.
        delay_s: Longest wait of work for its turn; the loop adds it.
        kill_at: Commits from now until the process dies at one; None for not at all.
        dies_before: Whether it dies before that commit or after it.
        kill_count: How often a process died at a commit.
    """

    rng: random.Random
    refuse_ratio: float = 0.0
    ambiguous_ratio: float = 0.0
    delay_s: float = 0.0
    kill_at: int | None = None
    dies_before: bool = False
    kill_count: int = 0
    error_count: int = field(default=0)

    def work_delay_s(self, rng: random.Random) -> tuple[float, float]:
        """How long work waits for its turn, and its result for the caller."""
        slow_s = rng.uniform(0.0, self.delay_s) if self.delay_s else 0.0
        return rng.uniform(0.0002, 0.004) + slow_s, rng.uniform(0.0001, 0.002)

    def dies_now(self) -> bool:
        """Count a commit down."""
        if self.kill_at is None:
            return False
        self.kill_at -= 1
        if self.kill_at > 0:
            return False
        self.kill_at = None
        self.kill_count += 1
        return True

    def fails(self, ratio: float) -> bool:
        """Decide whether something fails."""
        if ratio and self.rng.random() < ratio:
            self.error_count += 1
            return True
        return False


class WatchedUnits(SqlUnitOfWorkFactory):
    """Makes units of work of one hub process."""

    def __init__(  # noqa: PLR0913, PLR0917  one argument per thing it needs
        self,
        engine: Engine,
        clock: Clock,
        random_source: SeededRandomSource,
        monitor: Monitor,
        disk: Disk,
        process: Process,
    ) -> None:
        super().__init__(engine, clock, sealing=BidSealing(FIXED_SEALING.keys, random_source))
        self._parts = (monitor, disk, process)

    def __call__(self, *, write: bool = True) -> SqlUnitOfWork:
        unit = _WatchedUnit(
            self._reach,
            self._clock,
            write=write,
            one_writer=self._one_writer,
            place=self._place,
            owed=self.owed,
            sealing=self._sealing,
        )
        unit.watch(*self._parts, writes=write)
        return unit

    def behind(self) -> "WatchedUnits":
        return self  # nothing waits for its turn: each unit of work is one instant


class _WatchedUnit(SqlUnitOfWork):
    def watch(self, monitor: Monitor, disk: Disk, process: Process, *, writes: bool) -> None:
        self._monitor, self._disk, self._process, self._writes = monitor, disk, process, writes

    def __enter__(self) -> Self:
        if not self._process.is_alive:
            raise Killed
        if self._disk.fails(self._disk.refuse_ratio):
            raise Overloaded("the database is locked")
        super().__enter__()
        self._changes = Changes()
        if self._writes:
            changes = self._changes
            self.events = WatchedValues(
                self.events, lambda key, value: changes.events.setdefault(key, []).append(value)
            )
            self.instructions = WatchedInstructions(
                self.instructions, lambda key, value: changes.instructions.setdefault(key, []).append(value)
            )
            self.awards = WatchedValues(self.awards, lambda _, value: changes.awards.append(value))
            self.bids = WatchedValues(self.bids, lambda key, _: changes.bids.append(key))
            self.outbox = WatchedOutbox(self.outbox, changes)
            self.audit = WatchedAudit(self.audit, changes)
            self.due = WatchedDue(self.due, changes)
        return self

    def commit(self) -> None:
        dies = self._writes and self._changes.is_dispatch and self._disk.dies_now()
        if dies and self._disk.dies_before:
            self._process.kill()
            raise Killed
        super().commit()
        if self._writes:
            self._monitor.committed(self._changes, self.now)
        if dies:
            self._process.kill()
            raise Killed
        if self._writes and self._disk.fails(self._disk.ambiguous_ratio):
            raise Overloaded("the connection was lost while the transaction was committed")
