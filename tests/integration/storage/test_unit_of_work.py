"""A unit of work is all or nothing, and says so in the workflows' own errors."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine, text

from vpp.foundation.clock import ManualClock
from vpp.foundation.errors import AlreadyExists, BrokenPromise, InvalidInput, Overloaded, StaleWrite
from vpp.storage.engine import make_engine
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.storage.write_turns import WriteTurns
from vpp.workflows.outbox_ports import MessageKind
from vpp.workflows.ports import Due, DueKind, UnitOfWorkFactory
from vpp.workflows.records import AuditRecord


def test_leaving_without_commit_changes_nothing(
    seeded: UnitOfWorkFactory, samples: SimpleNamespace, clock: ManualClock
) -> None:
    with seeded() as uow:
        uow.auctions.add("evening", samples.tender)
        uow.products.add(samples.product.model_copy(update={"version": 2}))
        uow.telemetry.add([samples.batch(1, [1.0])])
        uow.outbox.append("north-1", MessageKind.INVITATION, "evening")
        uow.due.add(Due(DueKind.GATE_CLOSURE, "evening", clock.now()))
        uow.audit.append(AuditRecord(clock.now(), "hub", "do", "it", {}))
        uow.forecasts.add(samples.forecast)
        uow.statements.add(samples.statement.statement_id, samples.statement)
    with seeded(write=False) as uow:
        assert uow.auctions.page() == []
        assert uow.products.latest("example-peak-shaving") == samples.product
        assert uow.telemetry.held_sequence("north-1") == 0
        assert uow.outbox.open("north-1") == []
        assert uow.outbox.last_sequence("north-1") == 0
        assert uow.due.open() == []
        assert uow.audit.page() == []
        assert uow.forecasts.covering("north-1", samples.forecast.horizon.start) is None
        assert uow.statements.page() == []


def test_an_exception_rolls_back_and_goes_on(seeded: UnitOfWorkFactory, samples: SimpleNamespace) -> None:
    def fail() -> None:
        with seeded() as uow:
            uow.auctions.add("evening", samples.tender)
            raise LookupError("elsewhere")

    with pytest.raises(LookupError, match="elsewhere"):
        fail()
    with seeded(write=False) as uow:
        assert uow.auctions.page() == []


def test_only_one_of_two_writes_to_a_revision_succeeds(
    seeded: UnitOfWorkFactory, samples: SimpleNamespace
) -> None:
    with seeded() as uow:
        uow.sites.update("north-1", replace(samples.site, display_name="First"), revision=1)
        uow.commit()
    with seeded() as uow, pytest.raises(StaleWrite, match="sites/north-1 is not at revision 1"):
        uow.sites.update("north-1", replace(samples.site, display_name="Second"), revision=1)
    with seeded(write=False) as uow:
        stored = uow.sites.get("north-1")
    assert stored is not None
    assert (stored.value.display_name, stored.revision) == ("First", 2)


def test_what_does_not_exist_cannot_be_updated(seeded: UnitOfWorkFactory, samples: SimpleNamespace) -> None:
    with seeded() as uow, pytest.raises(StaleWrite, match="auctions/evening"):
        uow.auctions.update("evening", samples.tender, revision=1)


def test_a_taken_id_is_refused_and_the_transaction_goes_on(
    seeded: UnitOfWorkFactory, samples: SimpleNamespace
) -> None:
    with seeded() as uow:
        with pytest.raises(AlreadyExists, match="sites/north-1 exists already"):
            uow.sites.add("north-1", samples.site)
        uow.auctions.add("evening", samples.tender)
        uow.commit()
    with seeded(write=False) as uow:
        assert uow.auctions.get("evening") is not None


def test_a_second_unique_name_is_refused(seeded: UnitOfWorkFactory, samples: SimpleNamespace) -> None:
    with seeded() as uow, pytest.raises(AlreadyExists, match="unique name"):
        uow.resources.add("north-1/again", samples.resource)


def test_a_value_that_refers_to_nothing_is_refused(
    seeded: UnitOfWorkFactory, samples: SimpleNamespace
) -> None:
    with seeded() as uow, pytest.raises(InvalidInput, match="does not exist"):
        uow.sites.add("north-9", replace(samples.site, site_id="north-9", party_id="nobody"))


def test_a_value_under_another_id_is_a_defect(seeded: UnitOfWorkFactory, samples: SimpleNamespace) -> None:
    with seeded() as uow, pytest.raises(BrokenPromise, match="sites/north-2 would hold north-1"):
        uow.sites.add("north-2", samples.site)


def test_what_json_cannot_say_is_refused(seeded: UnitOfWorkFactory, samples: SimpleNamespace) -> None:
    with seeded() as uow:
        uow.auctions.add("evening", samples.tender)
        uow.events.add("evening", samples.event)
        with pytest.raises(InvalidInput, match="JSON"):
            uow.clearings.add("evening", replace(samples.clearing, document={"gap": float("inf")}))


def test_now_is_asked_once_and_in_utc(units: UnitOfWorkFactory, clock: ManualClock) -> None:
    before = clock.now()
    with units(write=False) as uow:
        clock.advance_to(before + timedelta(hours=1))
        assert uow.now == before
        assert uow.now.tzinfo is UTC


def test_one_that_reads_cannot_write(seeded: UnitOfWorkFactory, samples: SimpleNamespace) -> None:
    with seeded(write=False) as uow, pytest.raises(BrokenPromise, match="read only"):
        uow.auctions.add("evening", samples.tender)


def test_one_that_is_over_does_nothing_any_more(seeded: UnitOfWorkFactory) -> None:
    with seeded() as uow:
        uow.commit()
        with pytest.raises(BrokenPromise, match="over"):
            uow.sites.get("north-1")
        with pytest.raises(BrokenPromise, match="nothing to commit"):
            uow.commit()
    with pytest.raises(BrokenPromise, match="over"):
        uow.sites.page()
    with pytest.raises(BrokenPromise, match="begun already"):
        uow.__enter__()


def test_one_that_reads_sees_one_state(seeded: UnitOfWorkFactory, samples: SimpleNamespace) -> None:
    with seeded(write=False) as reader:
        assert reader.auctions.page() == []
        with seeded() as writer:
            writer.auctions.add("evening", samples.tender)
            writer.commit()
        assert reader.auctions.page() == []
    with seeded(write=False) as reader:
        assert len(reader.auctions.page()) == 1


def test_pages_follow_the_order_of_ids(seeded: UnitOfWorkFactory, samples: SimpleNamespace) -> None:
    # Characters that many a locale would put in another order.
    ids = ["a-z", "a0", "ab", "a", "z", "b-1", "b1"]
    with seeded() as uow:
        for identifier in ids:
            uow.auctions.add(identifier, replace(samples.tender, auction_id=identifier))
        uow.commit()
    seen: list[str] = []
    with seeded(write=False) as uow:
        while page := uow.auctions.page(after=seen[-1] if seen else "", limit=3):
            seen += [stored.value.auction_id for stored in page]
        assert uow.auctions.page(limit=0) == []
        with pytest.raises(InvalidInput, match="limit is -1"):
            uow.auctions.page(limit=-1)
    assert seen == sorted(ids)


def test_pages_compare_indexed_columns_only(seeded: UnitOfWorkFactory, samples: SimpleNamespace) -> None:
    with seeded() as uow:
        uow.auctions.add("one", replace(samples.tender, auction_id="one"))
        uow.auctions.add("two", replace(samples.tender, auction_id="two", zone="south"))
        found = uow.auctions.page(where={"zone": "south", "state": "open"})
        assert [stored.value.auction_id for stored in found] == ["two"]
        assert uow.auctions.page(where={"zone": "south", "state": "cleared"}) == []
        with pytest.raises(InvalidInput, match="expected one of: operator_party_id, product_id, state, zone"):
            uow.auctions.page(where={"gate_closes_at": "2026"})
        with pytest.raises(InvalidInput, match="expected one of: none"):
            uow.requests.page(where={"auction_id; DROP TABLE auctions": "x"})


def test_writers_take_turns(seeded: UnitOfWorkFactory) -> None:
    """A writer that decides on what it has read is not overtaken in between."""
    barrier = threading.Barrier(8)
    errors: list[Exception] = []

    def rename() -> None:
        try:
            barrier.wait()
            for _ in range(5):
                with seeded() as uow:
                    stored = uow.sites.get("north-1")
                    assert stored is not None
                    count = int("0" + "".join(filter(str.isdigit, stored.value.display_name)))
                    changed = replace(stored.value, display_name=f"renamed {count + 1}")
                    uow.sites.update("north-1", changed, revision=stored.revision)
                    uow.commit()
        except Exception as error:  # noqa: BLE001  reported by the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=rename) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with seeded(write=False) as uow:
        stored = uow.sites.get("north-1")
    assert stored is not None
    assert (stored.value.display_name, stored.revision) == ("renamed 40", 41)


def test_whoever_fails_to_begin_gives_the_turn_back(sqlite_engine: Engine, clock: ManualClock) -> None:
    class Observer:
        fails = True

        def writer_waited(self, seconds: float) -> None:
            if self.fails:
                raise LookupError(f"{seconds} s were too long")

        def committed(self, seconds: float) -> None:
            pass

    observer = Observer()
    units = SqlUnitOfWorkFactory(
        sqlite_engine, clock, observer=observer, place=WriteTurns(patience_s=0.05).first
    )
    with pytest.raises(LookupError), units():
        pass
    observer.fails = False
    with units() as uow:
        uow.commit()
        with units() as other:  # a commit ends the turn
            other.commit()


def test_a_database_that_stays_locked_is_overloaded(sqlite_engine: Engine, clock: ManualClock) -> None:
    units = SqlUnitOfWorkFactory(sqlite_engine, clock)
    with sqlite_engine.connect() as connection:  # the pool hands this very connection out again
        connection.execute(text("PRAGMA busy_timeout = 0"))
    with make_engine(str(sqlite_engine.url)).begin(), pytest.raises(Overloaded, match="retry later"), units():
        pass


def test_a_text_that_postgresql_cannot_keep_is_refused(
    postgresql_engine: Engine, clock: ManualClock, samples: SimpleNamespace
) -> None:
    units = SqlUnitOfWorkFactory(postgresql_engine, clock)
    with units() as uow, pytest.raises(InvalidInput, match="NUL"):
        uow.parties.add("grid", replace(samples.party, display_name="a\0b"))


def test_a_file_keeps_everything_when_it_is_closed_and_opened_again(
    sqlite_engine: Engine,
    clock: ManualClock,
    seed: Callable[[UnitOfWorkFactory], None],
    samples: SimpleNamespace,
) -> None:
    seed(SqlUnitOfWorkFactory(sqlite_engine, clock))
    sqlite_engine.dispose()
    assert not Path(f"{sqlite_engine.url.database}-wal").exists()
    reopened = make_engine(str(sqlite_engine.url))
    with SqlUnitOfWorkFactory(reopened, clock)(write=False) as uow:
        stored = uow.sites.get("north-1")
        assert stored is not None
        assert stored.value == samples.site
        assert uow.products.all_latest() == [samples.product]
    reopened.dispose()
