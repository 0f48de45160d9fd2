"""What a database's refusals mean to the hub."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from vpp.foundation.errors import AlreadyExists, BrokenPromise, InvalidInput, Overloaded, VppError

_REFERENCE_MISSING = frozenset({"23503", "SQLITE_CONSTRAINT_FOREIGNKEY"})
_NAME_TAKEN = frozenset({"23505", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"})
_PROMISE_BROKEN = frozenset(
    {
        "VP001",  # our triggers' own
        "23514",
        "42501",  # rows or tables that this transaction must not reach
        "SQLITE_CONSTRAINT_TRIGGER",
        "SQLITE_CONSTRAINT_CHECK",
    }
)
_LATER = (
    "SQLITE_BUSY",  # another writer, for longer than the busy time-out
    "SQLITE_FULL",
    "08",  # connection lost or refused
    "40",  # deadlock; the other transaction went on
    "53",  # disk, memory or connections exhausted
    "55P03",  # waited too long for a lock
    "57",  # cancelled by a time-out, or the server is going down
)


@contextmanager
def translated() -> Iterator[None]:
    """Turn what SQLAlchemy raises into the errors that workflows know.

    Raises:
        VppError: A column type refused a value: its own error, unwrapped.
        InvalidInput: A row refers to something that does not exist, or a value cannot be kept.
        AlreadyExists: A unique name is taken.
        BrokenPromise: The database refuses what its rows promise never to be.
        Overloaded: The database takes no work now: locked, full, or away. Nothing was written.
    """
    try:
        yield
    except PoolTimeout as error:
        raise Overloaded("every database connection is in use; retry later") from error
    except StatementError as error:
        if isinstance(error.orig, VppError):
            raise error.orig from None
        meaning = _meaning(error) if isinstance(error, DBAPIError) else None
        if meaning is None:
            raise
        raise meaning from error


def _meaning(error: DBAPIError) -> VppError | None:
    code = _code(error)
    if isinstance(error, IntegrityError) and code in _REFERENCE_MISSING:
        return InvalidInput("a row refers to something that does not exist", code=code)
    if isinstance(error, IntegrityError) and code in _NAME_TAKEN:
        return AlreadyExists("a unique name is taken", code=code)
    if code in _PROMISE_BROKEN:
        return BrokenPromise(f"the database refuses it: {str(error.orig).splitlines()[0]}", code=code)
    if isinstance(error, DataError):
        return InvalidInput("a value cannot be kept: out of range, or text with a NUL", code=code)
    is_away = isinstance(error, OperationalError) and not code
    if is_away or error.connection_invalidated or code.startswith(_LATER):
        return Overloaded("the database takes no work now; retry later", code=code)
    return None


def _code(error: DBAPIError) -> str:
    """Return PostgreSQL's SQLSTATE or SQLite's error name; empty if the driver gives neither."""
    found = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorname", None)
    return str(found or "")
