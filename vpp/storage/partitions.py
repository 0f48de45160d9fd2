"""PostgreSQL keeps readings in one table for each month, so that a month is forgotten at once.

Months, not days: a window of weeks touches few of them, a year has twelve, and COPY into either is
equally quick.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from vpp.foundation.errors import Overloaded
from vpp.storage.tables.telemetry import TELEMETRY_PIECES
from vpp.storage.transaction import Transaction

_PREFIX = f"{TELEMETRY_PIECES.name}_"
_SEEN = "telemetry_months"
_LENGTH_OF_MONTH = len("202603")
LONGER_THAN_A_MONTH = timedelta(days=32)
DROP_PATIENCE_MS = 100
MAKE_MONTH, DROP_MONTH = "vpp_make_telemetry_month", "vpp_drop_telemetry_month"
"""Functions of the database. They run with the rights of whoever owns the tables, so that the hub's own user
needs none. Made apart and attached, a partition can be read and written beside; `PARTITION OF` would wait for
every reader, and keep out those that come."""
_MAKE, _DROP = text(f"SELECT {MAKE_MONTH}(:month)"), text(f"SELECT {DROP_MONTH}(:month)")
_CHILDREN = text(
    "SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid "
    "WHERE inhparent = 'telemetry_pieces'::regclass"
)


def month_of(instant: datetime) -> datetime:
    """Return the start of the month UTC that an instant is in.

    Example:
        >>> month_of(datetime(2026, 3, 31, 23, tzinfo=UTC)).isoformat()
        '2026-03-01T00:00:00+00:00'
    """
    return instant.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def next_month(month: datetime) -> datetime:
    """Return the start of the month after the one that begins then."""
    return month_of(month + LONGER_THAN_A_MONTH)


def ensure_partitions(transaction: Transaction, months: Iterable[datetime]) -> None:
    """Make the partitions of months that there are none of.

    Args:
        transaction: A transaction on PostgreSQL, of the one writer.
        months: Starts of months UTC.
    """
    wanted = set(months)
    # A connection remembers what it has seen: most transactions have the same one or two months.
    if wanted <= transaction.connection.info.get(_SEEN, frozenset()):
        return
    seen = frozenset(_months(transaction))
    for month in sorted(wanted - seen):
        transaction.write(_MAKE, {"month": month})
    if wanted <= seen:  # what this very transaction makes may yet be rolled back
        transaction.connection.info[_SEEN] = seen


def forget_seen(transaction: Transaction) -> None:
    """Look again next time: a partition that was seen may have gone."""
    transaction.connection.info.pop(_SEEN, None)


def drop_partitions(transaction: Transaction, before: datetime) -> int:
    """Forget the months that ended by an instant; returns how many.

    A month that somebody reads just now stays until the next time: whoever waited for it would keep
    every reader out, and every other writer.
    """
    forget_seen(transaction)
    count = 0
    for month in _months(transaction):
        if next_month(month) <= before:
            try:
                with transaction.connection.begin_nested():
                    transaction.write(text(f"SET LOCAL lock_timeout = {DROP_PATIENCE_MS}"))
                    transaction.write(_DROP, {"month": month})
                    transaction.write(text("SET LOCAL lock_timeout TO DEFAULT"))
            except Overloaded:
                break
            count += 1
    return count


def _months(transaction: Transaction) -> list[datetime]:
    suffixes = (name.removeprefix(_PREFIX) for name in transaction.read(_CHILDREN).scalars())
    return [
        datetime(int(suffix[:4]), int(suffix[4:]), 1, tzinfo=UTC)
        for suffix in suffixes
        if len(suffix) == _LENGTH_OF_MONTH and suffix.isdigit()
    ]
