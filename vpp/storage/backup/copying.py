"""Copies of a database that is in use: everything as it was at one instant."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from vpp.storage.backup.postgresql_tools import run_tool
from vpp.storage.backup.table_state import TableState, table_states
from vpp.storage.engine import POSTGRESQL, READ_ONLY, make_engine
from vpp.storage.failures import translated


@dataclass(frozen=True, slots=True)
class CopiedState:
    """What a copy holds.

    Attributes:
        tables: What is in each table.
        audit_heads: Chain of the audit record to its count of entries and the hash of the last one.
    """

    tables: Mapping[str, TableState]
    audit_heads: Mapping[str, tuple[int, str]]


def copy_database(engine: Engine, target: Path) -> CopiedState:
    """Copy a database to a file, without keeping anybody from writing to it.

    Args:
        engine: From `make_engine`; on PostgreSQL, of the tables' owner.
        target: A file that does not exist: a SQLite file, or what `pg_dump` calls the custom format.

    Raises:
        InvalidInput: PostgreSQL's programs are not on this machine.
        BrokenPromise: One of them failed.
    """
    with translated():
        if engine.dialect.name == POSTGRESQL:
            return _dump(engine, target)
        return _copy_file(str(engine.url.database), target)


def state_of(engine: Engine) -> CopiedState:
    """Return what a database holds, at one instant."""
    with translated(), engine.connect() as connection:
        _begin_reading(connection)
        return _state(connection)


def _copy_file(source: str, target: Path) -> CopiedState:
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)  # in one step: one state, and the write-ahead log lets writers go on
    copied = make_engine(f"sqlite:///{target}")
    try:
        return state_of(copied)
    finally:
        copied.dispose()  # brings the copy's log home


def _dump(engine: Engine, target: Path) -> CopiedState:
    with engine.connect() as connection:
        _begin_reading(connection)
        snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        run_tool(
            "pg_dump",
            [
                "--format=custom",
                "--no-owner",
                "--no-privileges",
                f"--snapshot={snapshot}",
                f"--file={target}",
            ],
            engine.url,
        )
        return _state(connection)


def _begin_reading(connection: Connection) -> None:
    connection.execution_options(**{READ_ONLY: True})
    if connection.dialect.name == POSTGRESQL:
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    connection.begin()
    if connection.dialect.name == POSTGRESQL:  # a copy may take longer than any call of the hub
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))


def _state(connection: Connection) -> CopiedState:
    heads = connection.execute(text("SELECT chain, sequence, entry_hash FROM audit_heads ORDER BY chain"))
    return CopiedState(table_states(connection), {chain: (count, head) for chain, count, head in heads})
