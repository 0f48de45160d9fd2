"""The same second line on SQLite, which has no row level security: tenants get connections of their own.

On those that read, a temporary view stands before every table and shows the caller's rows alone; SQLite
looks at what is temporary first, so every statement meets the view, whoever wrote it. On those that write,
temporary triggers refuse rows of others; what such a transaction reads is not narrowed.
"""

import sqlite3
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, event

from vpp.storage.caller_scope import CallerScope
from vpp.storage.row_rules import ADMINISTRATORS, ROW_RULES, RowRule, Writes

_CALLER = "vpp_caller"
_ASKED = {
    "kind": "(SELECT vpp_kind())",
    "party": "(SELECT vpp_party())",
    "site": "(SELECT vpp_site())",
    "schema": "main.",
}
NOT_OWN = "belongs to another party"


_NOBODY = CallerScope("", "", "")


@dataclass(slots=True)
class _Caller:
    """Who the present transaction of a connection is for; nobody reaches nothing."""

    scope: CallerScope = _NOBODY


def narrow_reads(engine: Engine) -> None:
    """Let an engine's connections read the rows of one caller alone, whom `become_caller` names."""
    event.listen(engine, "connect", lambda connection, record: _set_up(connection, record, _views()))


def narrow_writes(engine: Engine) -> None:
    """Let an engine's connections write the rows of one caller alone."""
    event.listen(engine, "connect", lambda connection, record: _set_up(connection, record, _triggers()))


def become_caller(connection: Connection, scope: CallerScope) -> None:
    """Say whose rows a connection of a narrowed engine reaches, until it is said again."""
    connection.info[_CALLER].scope = scope


def _set_up(connection: sqlite3.Connection, record: Any, statements: list[str]) -> None:  # noqa: ANN401  SQLAlchemy's
    caller = record.info[_CALLER] = _Caller()
    connection.create_function("vpp_kind", 0, lambda: caller.scope.kind)
    connection.create_function("vpp_party", 0, lambda: caller.scope.party_id)
    connection.create_function("vpp_site", 0, lambda: caller.scope.site_id)
    known = {
        name for (name,) in connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")
    }
    for rule, statement in zip(ROW_RULES, statements, strict=True):
        if rule.table in known:
            connection.executescript(statement)


def _views() -> list[str]:
    return [
        f"CREATE TEMP VIEW {rule.table} AS SELECT own_row.* FROM main.{rule.table} AS own_row "  # noqa: S608  our own names
        f"WHERE {_condition(rule, 'own_row')};"
        for rule in ROW_RULES
    ]


def _triggers() -> list[str]:
    return ["\n".join(_guards(rule)) for rule in ROW_RULES]


def _guards(rule: RowRule) -> list[str]:
    if rule.writes is Writes.ANY:
        return []
    return [
        f"CREATE TEMP TRIGGER {rule.table}_own_{change}_{row} BEFORE {change} ON main.{rule.table}\n"
        f"WHEN NOT COALESCE(({_written(rule, row)}), FALSE)\n"
        f"BEGIN SELECT RAISE(ABORT, 'a row of {rule.table} {NOT_OWN}'); END;"
        for change, row in (("INSERT", "NEW"), ("UPDATE", "OLD"), ("UPDATE", "NEW"), ("DELETE", "OLD"))
    ]


def _written(rule: RowRule, row: str) -> str:
    if rule.writes is Writes.ADMINISTRATOR:
        return ADMINISTRATORS.format(**_ASKED)
    return "FALSE" if rule.writes is Writes.NONE else _condition(rule, row)


def _condition(rule: RowRule, row: str) -> str:
    return rule.own.format(row=row, **_ASKED)
