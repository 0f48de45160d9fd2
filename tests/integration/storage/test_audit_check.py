"""Whatever a played market has changed is in the record, and whoever changes it behind its back is found."""

import shutil
import sqlite3
from contextlib import closing
from itertools import zip_longest
from pathlib import Path

import pytest
from sqlalchemy import Column, DateTime, Double, Engine, Integer, LargeBinary, Table, text
from sqlalchemy.exc import DBAPIError
from support.audit_files import KEY, KEYS
from support.market import NOON, Market, make_market, market_on
from support.populated_hub import populated_content
from support.settled_evening import settle_evening

from vpp.foundation.audit_chain import ChainHead, entry_hash
from vpp.foundation.errors import BrokenPromise
from vpp.foundation.signed_head import SignedHead
from vpp.storage.audit_check import DatabaseVerdict, check_audit
from vpp.storage.audited_tables import audited
from vpp.storage.chain_writing import append_to_chains
from vpp.storage.engine import make_engine
from vpp.storage.tables import METADATA
from vpp.storage.tables.audit import AUDIT_CHECKPOINTS, AUDIT_ENTRIES, AUDIT_HEADS
from vpp.storage.tables.portfolio import PARTIES
from vpp.storage.transaction import Transaction
from vpp.workflows.acting import acting_as
from vpp.workflows.identity import Principal, Role
from vpp.workflows.recording import audit
from vpp.workflows.signing_heads import sign_heads


def played(market: Market) -> Market:
    market.enrol("north-1")
    market.enrol("north-2")
    settle_evening(market, {"north-1": 100.0, "north-2": 50.0})
    return market


def told(verdict: DatabaseVerdict) -> list[str]:
    return [str(fault) for fault in verdict.faults]


def test_everything_that_an_evening_and_its_settlement_changed_is_in_the_record(engine: Engine) -> None:
    played(market_on(engine))
    verdict = check_audit(engine)
    assert told(verdict) == []
    assert verdict.row_count > 50
    assert {"market", "parties/owner-north-1", "parties/owner-north-2", "parties/grid"} <= set(verdict.heads)


def test_every_covered_table_of_a_populated_hub_is_in_the_record(tmp_path: Path) -> None:
    (tmp_path / "hub.sqlite").write_bytes(populated_content())
    engine = make_engine(f"sqlite:///{tmp_path}/hub.sqlite")
    verdict = check_audit(engine)
    assert told(verdict) == []
    with engine.connect() as connection:
        filled = {
            table.name
            for table in METADATA.sorted_tables
            if audited(table) and connection.execute(text(f"SELECT 1 FROM {table.name}")).first()  # noqa: S608  our own names
        }
    assert len(filled) > 20
    engine.dispose()


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small market's evening with signed heads, without what guards its tables from being changed."""
    folder = tmp_path_factory.mktemp("evening")
    market = played(make_market(folder))
    sign_heads(market.units, KEY)
    market.units.close()
    with closing(sqlite3.connect(folder / "hub.sqlite")) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.commit()
    return folder / "hub.sqlite"


def tampered(
    evening: Path, folder: Path, statements: list[str], kept: tuple[SignedHead, ...] = ()
) -> list[str]:
    """What is found in a copy in which each statement has changed one row."""
    shutil.copy(evening, folder / "hub.sqlite")
    with closing(sqlite3.connect(folder / "hub.sqlite")) as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount == 1, statement
        connection.commit()
    engine = make_engine(f"sqlite:///{folder}/hub.sqlite")
    verdict = check_audit(engine, KEYS, kept)
    engine.dispose()
    return told(verdict)


def test_an_untouched_copy_holds(evening: Path, tmp_path: Path) -> None:
    assert tampered(evening, tmp_path, []) == []


def change_of(column: Column) -> str:
    """A statement that gives one row another value of the same kind."""
    kind = getattr(column.type, "impl_instance", column.type)
    name, table = column.name, column.table.name
    other = f"{name} || 'x'"
    if isinstance(kind, DateTime):
        other = f"replace({name}, '202', '201')"
    elif isinstance(kind, Integer | Double):
        other = f"{name} + 1000000"
    elif isinstance(kind, LargeBinary):
        other = f"CAST({name} || x'00' AS BLOB)"
    row = f"SELECT min(rowid) FROM {table} WHERE {name} IS NOT NULL"  # noqa: S608  our own names
    return f"UPDATE {table} SET {name} = {other} WHERE rowid = ({row})"  # noqa: S608  our own names


@pytest.mark.parametrize(
    "column",
    [
        column
        for table in (AUDIT_ENTRIES, AUDIT_HEADS, AUDIT_CHECKPOINTS)
        for column in table.columns
        if column.name != "number"  # says nothing but the order, in which the check reads
    ],
    ids=str,
)
def test_any_column_of_the_record_that_is_changed_is_found(
    evening: Path, tmp_path: Path, column: Column
) -> None:
    assert tampered(evening, tmp_path, [change_of(column)])


@pytest.mark.parametrize("table", ["audit_entries", "audit_heads"])
def test_a_row_of_the_record_that_is_taken_out_is_found(evening: Path, tmp_path: Path, table: str) -> None:
    row = f"SELECT max(rowid) / 2 + 1 FROM {table}"  # noqa: S608  our own names
    assert tampered(evening, tmp_path, [f"DELETE FROM {table} WHERE rowid = ({row})"])  # noqa: S608  our own names


def test_a_signed_head_that_is_taken_out_is_named_by_the_market(evening: Path, tmp_path: Path) -> None:
    found = tampered(evening, tmp_path, ["DELETE FROM audit_checkpoints WHERE chain = 'parties/grid'"])
    assert len(found) == 1
    assert found[0].startswith("parties/grid entry")
    assert "names a signed head that is not there any more" in found[0]


def test_an_entry_that_was_forged_with_its_hash_is_a_fault_and_no_accident(
    evening: Path, tmp_path: Path
) -> None:
    content = "[" * 100_000
    forged = (
        f"UPDATE audit_entries SET content = '{content}', entry_hash = '{entry_hash(content)}' "  # noqa: S608  our own
        "WHERE number = 3"
    )
    assert tampered(evening, tmp_path, [forged])
    assert tampered(evening, tmp_path, ["UPDATE sites SET revision = 'none' WHERE site_id = 'north-1'"])


LAST = "SELECT max(sequence) FROM audit_entries WHERE chain = 'parties/grid'"
CUT = [
    "DELETE FROM audit_checkpoints WHERE chain = 'parties/grid'",
    f"DELETE FROM audit_entries WHERE chain = 'parties/grid' AND sequence = ({LAST})",  # noqa: S608  our own names
    (
        "UPDATE audit_heads SET sequence = sequence - 1, entry_hash = (SELECT entry_hash FROM audit_entries "  # noqa: S608  our own names
        f"WHERE chain = 'parties/grid' AND sequence = ({LAST})) WHERE chain = 'parties/grid'"
    ),
]


def test_an_end_that_was_cut_off_everywhere_is_found_by_a_head_that_somebody_kept(
    evening: Path, tmp_path: Path
) -> None:
    shutil.copy(evening, tmp_path / "hub.sqlite")
    engine = make_engine(f"sqlite:///{tmp_path}/hub.sqlite")
    with engine.connect() as connection:
        row = connection.execute(
            AUDIT_CHECKPOINTS.select().where(AUDIT_CHECKPOINTS.c.chain == "parties/grid")
        ).one()
    engine.dispose()
    kept = SignedHead(
        ChainHead(row.chain, row.sequence, row.entry_hash), row.at.isoformat(), row.key_id, row.signature
    )
    found = tampered(evening, tmp_path, CUT, (kept,))
    assert any("a head that was kept elsewhere names another entry" in fault for fault in found)


def covered_columns(evening: Path) -> list[list[Column]]:
    """The columns that are not empty everywhere, one list for each covered table that holds rows."""
    with closing(sqlite3.connect(evening)) as connection:
        found = [
            [column for column in table.columns if is_filled(connection, table, column)]
            for table in METADATA.sorted_tables
            if audited(table) is not None
        ]
    return [columns for columns in found if columns]


def is_filled(connection: sqlite3.Connection, table: Table, column: Column) -> bool:
    statement = f"SELECT 1 FROM {table.name} WHERE {column.name} IS NOT NULL LIMIT 1"  # noqa: S608  our own names
    return connection.execute(statement).fetchone() is not None


def test_any_column_of_any_covered_table_that_is_changed_behind_the_record_is_found(
    evening: Path, tmp_path: Path
) -> None:
    tables = covered_columns(evening)
    assert len(tables) > 15
    for columns in zip_longest(*tables):  # one column of every table at a time
        changed = [column for column in columns if column is not None]
        found = tampered(evening, tmp_path, [change_of(column) for column in changed])
        missed = [
            str(column) for column in changed if not any(f"{column.table.name}/" in fault for fault in found)
        ]
        assert missed == []


def test_the_database_itself_refuses_to_change_the_record(engine: Engine) -> None:
    sign_heads(market_on(engine).units, KEY)
    for table in (AUDIT_ENTRIES, AUDIT_CHECKPOINTS):
        for change in ("UPDATE {} SET entry_hash = 'x'", "DELETE FROM {}"):
            with engine.connect() as connection, pytest.raises(DBAPIError, match="is append-only"):
                connection.execute(text(change.format(table.name)))


def test_who_writes_a_covered_table_without_saying_which_rows_cannot_commit(engine: Engine) -> None:
    with engine.connect() as connection:
        transaction = Transaction(connection, NOON, writes=True)
        transaction.write(PARTIES.update().values(display_name="Eve"))
        with pytest.raises(BrokenPromise, match="parties was written, and nobody said which rows"):
            append_to_chains(transaction, [])


def test_a_record_says_who_acted_under_which_roles(engine: Engine) -> None:
    units = market_on(engine).units
    anna = Principal("anna-desk", "grid", None, frozenset({Role.DISPATCHER, Role.MARKET_OPERATOR}), "anna")
    with units() as uow, acting_as(anna):
        audit(uow, "anna-desk", "cancel_event", "events/evening", before="OPEN", after={"state": "CANCELLED"})
        uow.commit()
    with units(write=False) as uow:
        record = uow.audit.page(limit=10_000)[-1]
    assert (record.person, record.roles) == ("anna", ("dispatcher", "market_operator"))
    assert (record.before, record.after) == ({"state": "OPEN"}, {"state": "CANCELLED"})
