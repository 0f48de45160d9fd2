"""What is owed and what falls due: given out once, in order, without gaps."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TypeVar

import pytest
from sqlalchemy import Engine

from vpp.foundation.clock import ManualClock
from vpp.foundation.errors import InvalidInput
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.workflows.outbox_ports import MessageKind, OutboxMessage
from vpp.workflows.ports import Due, DueKind, UnitOfWorkFactory

T = TypeVar("T")
HOUR = timedelta(hours=1)
LEASE = timedelta(minutes=5)
THREADS = 8


@pytest.fixture(params=[True, False], ids=["writers take turns", "writers side by side"])
def crowd(
    request: pytest.FixtureRequest,
    engine: Engine,
    clock: ManualClock,
    seed: Callable[[UnitOfWorkFactory], None],
) -> UnitOfWorkFactory:
    """Units of work for many threads; row guards alone must do where writers need not take turns."""
    units = SqlUnitOfWorkFactory(engine, clock, one_writer=request.param)
    seed(units)
    return units


def at_once(action: Callable[[], T]) -> list[T]:
    """Run an action in several threads that begin together."""
    barrier = threading.Barrier(THREADS)

    def begin() -> T:
        barrier.wait()
        return action()

    with ThreadPoolExecutor(THREADS) as pool:
        return [future.result() for future in [pool.submit(begin) for _ in range(THREADS)]]


def test_sequences_have_no_gaps_however_many_write(crowd: UnitOfWorkFactory) -> None:
    def append() -> list[int]:
        mine = []
        for n in range(6):
            with crowd() as uow:
                message = uow.outbox.append("north-1", MessageKind.INVITATION, f"auction-{n}")
                if n % 3:  # every third is rolled back
                    uow.commit()
                    mine.append(message.sequence)
        return mine

    given = sorted(sequence for mine in at_once(append) for sequence in mine)
    assert given == list(range(1, THREADS * 4 + 1))
    with crowd(write=False) as uow:
        assert [message.sequence for message in uow.outbox.open("north-1")] == given
        assert uow.outbox.last_sequence("north-1") == given[-1]


def test_a_deadline_is_claimed_by_one(crowd: UnitOfWorkFactory, clock: ManualClock) -> None:
    now = clock.now()
    with crowd() as uow:
        for n in range(60):
            uow.due.add(Due(DueKind.CLEARING, f"auction-{n:02}", now - n * LEASE))
        uow.commit()

    def claim() -> list[Due]:
        mine: list[Due] = []
        for _ in range(10):
            with crowd() as uow:
                mine += uow.due.claim(now, LEASE, 2)
                uow.commit()
        return mine

    claimed = [due.subject_id for mine in at_once(claim) for due in mine]
    assert sorted(claimed) == [f"auction-{n:02}" for n in range(60)]


def test_an_acknowledgement_closes_everything_up_to_it(seeded: UnitOfWorkFactory, clock: ManualClock) -> None:
    with seeded() as uow:
        messages = [
            uow.outbox.append("north-1", MessageKind.INSTRUCTION, f"instruction-{n}") for n in range(5)
        ]
        uow.commit()
    assert messages[0] == OutboxMessage("north-1", 1, MessageKind.INSTRUCTION, "instruction-0", clock.now())
    with seeded() as uow:
        assert uow.outbox.open("north-1") == messages
        assert {message.site_id for message in uow.outbox.open_all()} == {"north-1"}
        assert uow.outbox.acknowledge("north-1", 3) == messages[:3]
        assert uow.outbox.acknowledge("north-1", 3) == []
        assert uow.outbox.acknowledge("north-1", 2) == []
        uow.commit()
    with seeded() as uow:
        assert uow.outbox.open("north-1") == messages[3:]
        assert uow.outbox.acknowledge("north-1", 5) == messages[3:]
        uow.commit()
    with seeded(write=False) as uow:
        assert uow.outbox.open_all() == []
        assert uow.outbox.last_sequence("north-1") == 5
        assert uow.outbox.last_sequence("north-2") == 0


def test_nobody_is_owed_who_does_not_exist(seeded: UnitOfWorkFactory) -> None:
    with seeded() as uow, pytest.raises(InvalidInput, match="does not exist"):
        uow.outbox.append("nowhere", MessageKind.INVITATION, "evening")


def owe(units: UnitOfWorkFactory, *deadlines: Due) -> None:
    with units() as uow:
        for due in deadlines:
            uow.due.add(due)
        uow.commit()


def claim(units: UnitOfWorkFactory, now: datetime, limit: int = 10) -> list[Due]:
    with units() as uow:
        claimed = uow.due.claim(now, LEASE, limit)
        uow.commit()
    return claimed


def next_at(units: UnitOfWorkFactory) -> datetime | None:
    with units(write=False) as uow:
        return uow.due.next_at()


def test_deadlines_come_earliest_first_and_not_before_their_time(
    units: UnitOfWorkFactory, clock: ManualClock
) -> None:
    now = clock.now()
    late = Due(DueKind.EVENT_START, "b", now)
    early = Due(DueKind.EVENT_END, "a", now - HOUR)
    later = Due(DueKind.CLEARING, "c", now + timedelta(microseconds=1))
    assert next_at(units) is None
    owe(units, later, late, early)
    assert next_at(units) == early.due_at
    with units(write=False) as uow:
        assert uow.due.open() == [early, late, later]
    assert claim(units, now, limit=1) == [early]
    assert claim(units, now) == [late]
    assert claim(units, now) == []
    assert next_at(units) == later.due_at
    assert claim(units, later.due_at) == [later]
    assert next_at(units) == now + LEASE


def test_a_lease_that_ends_lets_another_claim(units: UnitOfWorkFactory, clock: ManualClock) -> None:
    now = clock.now()
    due = Due(DueKind.CLEARING, "evening", now)
    owe(units, due)
    assert claim(units, now) == [due]
    assert claim(units, now + LEASE - timedelta(microseconds=1)) == []
    assert claim(units, now + LEASE) == [due]


def test_what_is_done_or_cancelled_does_not_fall_due(units: UnitOfWorkFactory, clock: ManualClock) -> None:
    now = clock.now()
    done, cancelled = Due(DueKind.CLEARING, "done", now), Due(DueKind.CLEARING, "cancelled", now)
    owe(units, done, cancelled)
    with units() as uow:
        uow.due.done(done)
        uow.due.cancel(cancelled.kind, cancelled.subject_id)
        uow.due.cancel(DueKind.FORECAST, "unknown")
        uow.commit()
    assert claim(units, now + HOUR) == []
    assert next_at(units) is None


def test_an_open_deadline_is_moved_and_its_claim_ends(units: UnitOfWorkFactory, clock: ManualClock) -> None:
    now = clock.now()
    first = Due(DueKind.EVENT_END, "evening", now)
    moved = Due(DueKind.EVENT_END, "evening", now + HOUR)
    owe(units, first)
    assert claim(units, now) == [first]
    owe(units, moved)
    with units() as uow:  # who had claimed the old time is done with that one only
        uow.due.done(first)
        uow.commit()
    assert claim(units, now) == []
    assert next_at(units) == moved.due_at
    owe(units, first)
    assert claim(units, now) == [first]


def test_restating_a_claimed_deadline_keeps_the_claim(units: UnitOfWorkFactory, clock: ManualClock) -> None:
    due = Due(DueKind.FORECAST, "2026-10-26", clock.now())
    owe(units, due)
    assert claim(units, clock.now()) == [due]
    owe(units, due)
    assert claim(units, clock.now()) == []


def test_what_is_done_stays_done_and_what_was_cancelled_may_return(
    units: UnitOfWorkFactory, clock: ManualClock
) -> None:
    now = clock.now()
    done, cancelled = Due(DueKind.CLEARING, "done", now), Due(DueKind.CLEARING, "cancelled", now)
    owe(units, done, cancelled)
    with units() as uow:
        uow.due.done(done)
        uow.due.cancel(cancelled.kind, cancelled.subject_id)
        uow.commit()
    owe(units, Due(DueKind.CLEARING, "done", now + HOUR), cancelled)
    with units(write=False) as uow:
        assert uow.due.open() == [cancelled]


def test_a_claim_without_a_lease_is_refused(units: UnitOfWorkFactory, clock: ManualClock) -> None:
    with units() as uow, pytest.raises(InvalidInput, match="lease is 0:00:00"):
        uow.due.claim(clock.now(), timedelta(0), 1)
