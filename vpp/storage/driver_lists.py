"""Lists of ids in SQL that is handed to the driver as it is: a statement's own cost, without SQLAlchemy's."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from vpp.storage.transaction import Transaction


def among_ids(column: str, *, is_sqlite: bool) -> str:
    """Return SQL that compares a column with the ids that are given as the only parameter."""
    if is_sqlite:
        return f"{column} IN (SELECT value FROM json_each(?))"  # noqa: S608  our own names
    return f"{column} = ANY(%s::text[])"


def read_by_ids(transaction: Transaction, sql: str, ids: Iterable[str]) -> Sequence[tuple[Any, ...]]:
    """Run SQL with `among_ids` and return the driver's own rows."""
    wanted = list(ids)
    return transaction.read_driver_sql(sql, (json.dumps(wanted) if transaction.is_sqlite else wanted,))
