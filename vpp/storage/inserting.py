"""Inserts that leave what is known alone, on either database."""

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import Insert as PostgresqlInsert
from sqlalchemy.dialects.postgresql import insert as insert_for_postgresql
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert
from sqlalchemy.dialects.sqlite import insert as insert_for_sqlite


def insert_into(table: Table, *, sqlite: bool) -> SqliteInsert | PostgresqlInsert:
    """Begin an insert that can say what to do on a conflict; both databases mean the same by it."""
    return insert_for_sqlite(table) if sqlite else insert_for_postgresql(table)
