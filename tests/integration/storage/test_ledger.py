"""The ledger: what is booked stays, both legs in one row, and no statement says anything else."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine, text

from vpp.foundation.clock import ManualClock
from vpp.foundation.errors import AlreadyExists, BrokenPromise, InvalidInput
from vpp.foundation.interval import Interval
from vpp.settlement.account import Account, AccountKind
from vpp.settlement.entry import Entry, EntryKey
from vpp.settlement.line_code import LineCode
from vpp.settlement.run_type import RunType
from vpp.workflows.ports import UnitOfWorkFactory
from vpp.workflows.records import StatementRecord
from vpp.workflows.settlement_records import RunRecord

PERIOD = "2026-10"
START = datetime(2026, 10, 26, 17, tzinfo=UTC)
QUARTER = Interval(START, START + timedelta(minutes=15))
GRID = Account("grid", AccountKind.OPERATOR, "GBP")
PENALTIES = Account("grid", AccountKind.PENALTY, "GBP")
SITE = Account("owner-1", AccountKind.SITE, "GBP", "north-1")
ENERGY = EntryKey("evening", "north-1", QUARTER, LineCode.ENERGY)
PENALTY = replace(ENERGY, code=LineCode.PENALTY)


def run_of(number: int, created_at: datetime) -> RunRecord:
    return RunRecord(
        run_id=f"run-{PERIOD}-{number}",
        period=PERIOD,
        number=number,
        run_type=RunType.INITIAL if number == 1 else RunType.RECALC,
        as_of=created_at,
        evidence_digest=f"{number:064}",
        code_version="test",
        actor="hub",
        entry_count=0,
        statement_ids=(),
        created_at=created_at,
    )


def entry(amount: str, number: int = 1, **changes: object) -> Entry:
    usual = Entry(ENERGY, PERIOD, f"run-{PERIOD}-{number}", GRID, SITE, Decimal(amount), START)
    return replace(usual, **changes)  # type: ignore[arg-type]  # as its fields


def statement(total: str, delta: str, number: int = 1, **changes: object) -> StatementRecord:
    usual = StatementRecord(
        statement_id=f"owner-1-{PERIOD}-v{number}",
        party_id="owner-1",
        period=PERIOD,
        version=number,
        run_type="initial",
        line_count=1,
        currency="GBP",
        total=Decimal(total),
        delta=Decimal(delta),
        csv_sha256="",
        files={},
        run_id=f"run-{PERIOD}-{number}",
    )
    return replace(usual, **changes)  # type: ignore[arg-type]  # as its fields


@pytest.fixture
def book(seeded: UnitOfWorkFactory, clock: ManualClock) -> Callable[..., None]:
    """Book entries and write statements in a run of their own, an hour after the one before."""
    numbers = iter(range(1, 100))

    def make(*entries: Entry, statements: tuple[StatementRecord, ...] = ()) -> None:
        clock.advance_to(clock.now() + timedelta(hours=1))
        with seeded() as uow:
            uow.settlement_runs.add(run_of(next(numbers), uow.now))
            assert uow.ledger.append(entries) == len(entries)
            for one in statements:
                uow.statements.add(one.statement_id, one)
            uow.commit()

    return make


def test_what_is_booked_adds_up_over_runs(
    seeded: UnitOfWorkFactory, book: Callable[..., None], clock: ManualClock
) -> None:
    penalty = entry("1.20", key=PENALTY, payer=SITE, payee=PENALTIES)
    book(entry("4.80"), penalty)
    first_at = clock.now()
    book(entry("1.60", 2), replace(penalty, run_id=f"run-{PERIOD}-2", amount=Decimal("-1.20")))
    with seeded(write=False) as uow:
        ledger = uow.ledger
        assert ledger.booked(PERIOD) == {
            ENERGY: (GRID, SITE, Decimal("6.40")),
            PENALTY: (SITE, PENALTIES, Decimal("0.00")),
        }
        assert [str(amount) for *_, amount in ledger.booked(PERIOD).values()] == ["6.40", "0.00"]
        assert ledger.booked(PERIOD, up_to_run=1)[PENALTY] == (SITE, PENALTIES, Decimal("1.20"))
        assert ledger.booked(PERIOD, up_to_run=0) == {}
        assert ledger.booked("2026-11") == {}
        assert set(ledger.booked(PERIOD, party_id="owner-1")) == {ENERGY, PENALTY}
        assert ledger.booked(PERIOD, party_id="nobody") == {}
        assert [str(one.amount) for one in ledger.entries(PERIOD)] == ["4.80", "1.20", "1.60", "-1.20"]
        [first, *_] = ledger.entries(PERIOD)
        assert first == entry("4.80", booked_at=first_at)
        assert [one.amount for one in ledger.entries(PERIOD, until=first_at)] == [
            Decimal("4.80"),
            Decimal("1.20"),
        ]
        assert ledger.balances() == [
            (GRID, Decimal("-6.40")),
            (PENALTIES, Decimal("0.00")),
            (SITE, Decimal("6.40")),
        ]
        as_of = ledger.balances(period=PERIOD, until=first_at)
        assert as_of == [(GRID, Decimal("-4.80")), (PENALTIES, Decimal("1.20")), (SITE, Decimal("3.60"))]
        assert ledger.balances(period="2026-11") == []
        assert ledger.balances(until=first_at - timedelta(seconds=1)) == []


def test_of_a_key_whose_accounts_changed_the_newest_stand(
    seeded: UnitOfWorkFactory, book: Callable[..., None]
) -> None:
    other = Account("grid", AccountKind.ROUNDING, "GBP")
    book(entry("4.80"))
    book(entry("-4.80", 2), entry("4.80", 2, payee=other))
    with seeded(write=False) as uow:
        assert uow.ledger.booked(PERIOD) == {ENERGY: (GRID, other, Decimal("4.80"))}
    book(entry("-4.80", 3, payee=other))
    with seeded(write=False) as uow:
        assert uow.ledger.booked(PERIOD)[ENERGY][2] == 0


def test_both_legs_of_everything_add_up_to_nothing(engine: Engine, book: Callable[..., None]) -> None:
    book(entry("4.80"), entry("-0.07", key=PENALTY, payer=SITE, payee=PENALTIES))
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT account_id, amount FROM ledger_postings ORDER BY entry_number, amount")
        ).all()
    assert [tuple(row) for row in rows] == [
        ("grid:operator:GBP", -4_800_000),
        ("owner-1:site:north-1:GBP", 4_800_000),
        ("grid:penalty:GBP", -70_000),
        ("owner-1:site:north-1:GBP", 70_000),
    ]


def test_a_run_books_a_key_once(seeded: UnitOfWorkFactory, book: Callable[..., None]) -> None:
    book(entry("4.80"))
    with seeded() as uow, pytest.raises(AlreadyExists):
        uow.ledger.append([entry("4.80")])
    with seeded() as uow, pytest.raises(AlreadyExists, match="settlementRuns/run-2026-10-1 exists already"):
        uow.settlement_runs.add(run_of(1, uow.now))


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"amount": Decimal(0)}, BrokenPromise),
        ({"payee": GRID}, BrokenPromise),
        ({"amount": Decimal("0.0000001")}, InvalidInput),
        ({"payee": replace(SITE, party_id="nobody")}, InvalidInput),
        ({"payee": replace(SITE, currency="JPY")}, InvalidInput),
        ({"run_id": "run-2026-10-9"}, InvalidInput),
        ({"period": "2026-11"}, InvalidInput),
    ],
)
def test_the_database_refuses_what_is_no_entry(
    seeded: UnitOfWorkFactory, book: Callable[..., None], wrong: dict[str, object], error: type[Exception]
) -> None:
    book(entry("4.80"))
    with seeded() as uow, pytest.raises(error):
        uow.ledger.append([replace(entry("1.00", key=PENALTY), **wrong)])  # type: ignore[arg-type]  # as its fields
    with seeded(write=False) as uow:
        assert uow.ledger.booked(PERIOD) == {ENERGY: (GRID, SITE, Decimal("4.80"))}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ledger_entries SET amount = amount + 1",
        "DELETE FROM ledger_entries",
        "UPDATE ledger_accounts SET party_id = 'grid'",
        "DELETE FROM settlement_runs",
        "UPDATE statements SET total = 0",
        "DELETE FROM statement_files",
        "UPDATE statement_files SET file_name = 'b.csv'",
    ],
)
def test_nobody_alters_what_was_booked_or_written(
    engine: Engine, book: Callable[..., None], change: str
) -> None:
    book(entry("4.80"), statements=(statement("4.80", "4.80", files={"a.csv": b"1"}),))
    with engine.connect() as connection, pytest.raises(Exception, match="is append-only"):
        connection.execute(text(change))


def test_a_statement_is_what_its_postings_add_up_to(
    seeded: UnitOfWorkFactory, book: Callable[..., None]
) -> None:
    book(entry("4.80"), statements=(statement("4.80", "4.80"),))
    penalty = entry("1.20", 2, key=PENALTY, payer=SITE, payee=PENALTIES)
    book(penalty, statements=(statement("3.60", "-1.20", 2),))
    with seeded(write=False) as uow:
        assert [stored.value.total for stored in uow.statements.heads()] == [Decimal("4.80"), Decimal("3.60")]


@pytest.mark.parametrize(
    "wrong",
    [
        {"total": Decimal("4.81")},
        {"delta": Decimal("4.79")},
        {"currency": "JPY"},
        {"party_id": "grid"},
        {"run_id": "run-2026-10-9"},
        {"period": "2026-11"},
    ],
)
def test_a_statement_that_says_something_else_is_refused(
    seeded: UnitOfWorkFactory, book: Callable[..., None], wrong: dict[str, object]
) -> None:
    book(entry("4.80"))
    one = replace(statement("4.80", "4.80"), **wrong)  # type: ignore[arg-type]  # as its fields
    with seeded() as uow, pytest.raises(BrokenPromise, match="not the sum of its postings"):
        uow.statements.add(one.statement_id, one)


def test_a_version_is_written_once_in_each_currency(
    seeded: UnitOfWorkFactory, book: Callable[..., None]
) -> None:
    book(entry("4.80"), statements=(statement("4.80", "4.80"),))
    again = statement("4.80", "4.80", statement_id="owner-1-2026-10-gbp-v1")
    with seeded() as uow, pytest.raises(AlreadyExists):
        uow.statements.add(again.statement_id, again)
    with seeded() as uow:
        yen = statement("0", "0", statement_id="owner-1-2026-10-jpy-v1", currency="JPY")
        uow.statements.add(yen.statement_id, yen)
        uow.commit()


def test_files_are_packed_and_those_of_before_are_read_as_they_are(
    engine: Engine, seeded: UnitOfWorkFactory, samples: SimpleNamespace
) -> None:
    with seeded() as uow:
        uow.statements.add(samples.statement.statement_id, samples.statement)
        uow.commit()
    old = "INSERT INTO statement_files (statement_id, file_name, content) VALUES (:id, 'old.csv', :c)"
    with engine.begin() as connection:
        packed = connection.execute(text("SELECT packing FROM statement_files")).scalars().all()
        assert set(packed) == {"zlib"}
        connection.execute(text(old), {"id": samples.statement.statement_id, "c": b"as it is"})
    with seeded(write=False) as uow:
        stored = uow.statements.get(samples.statement.statement_id)
        assert stored is not None
        assert stored.value.files == {**samples.statement.files, "old.csv": b"as it is"}
        [head] = uow.statements.heads(where={"party_id": samples.statement.party_id})
    assert head.value.files == {}


def test_adjustments_that_are_booked_are_known(seeded: UnitOfWorkFactory, book: Callable[..., None]) -> None:
    key = replace(ENERGY, code=LineCode.ADJ_MANUAL, adjustment_id="adj-2026-10-1")
    book(entry("4.80"), entry("2.00", key=key))
    with seeded(write=False) as uow:
        assert uow.ledger.adjustment_ids(PERIOD) == {"adj-2026-10-1"}
        assert uow.ledger.adjustment_ids("2026-11") == frozenset()
