"""How tables are declared: typed, explained, and null only where None means something."""

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, MetaData, Text
from sqlalchemy.types import TypeEngine

from vpp.storage.column_types import UtcDateTime

METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)
"""Every table of the hub; names of constraints do not depend on the database."""

ID = Text().with_variant(Text(collation="C"), "postgresql")
"""An id. Ordered by code point on both databases, whatever the server's locale."""

NUMBER = BigInteger().with_variant(Integer, "sqlite")
"""A counter; SQLite numbers rows by itself only in a column of this very type."""


Kind = TypeEngine[Any] | type[TypeEngine[Any]]


def key(name: str, comment: str, *, of: str | None = None, kind: Kind = ID) -> Column[Any]:
    """Declare (a part of) the primary key, which may refer to another table's."""
    references = [] if of is None else [ForeignKey(of)]
    return Column(name, kind, *references, primary_key=True, autoincrement=False, comment=comment)


def numbered(name: str, comment: str) -> Column[Any]:
    """Declare a primary key that the database counts up."""
    return Column(name, NUMBER, primary_key=True, autoincrement=True, comment=comment)


def reference(name: str, comment: str, *, of: str, nullable: bool = False) -> Column[Any]:
    """Declare an id that must exist in another table."""
    return Column(name, ID, ForeignKey(of), nullable=nullable, comment=comment)


def required(name: str, kind: Kind, comment: str) -> Column[Any]:
    """Declare a column that always has a value."""
    return Column(name, kind, nullable=False, comment=comment)


def optional(name: str, kind: Kind, comment: str) -> Column[Any]:
    """Declare a column in which null says None."""
    return Column(name, kind, nullable=True, comment=comment)


def tracked() -> list[Column[Any]]:
    """Declare what every table has whose rows change."""
    return [
        required("revision", BigInteger, "rises with every write, from 1"),
        required("created_at", UtcDateTime, "when the row was first written, UTC"),
        required("updated_at", UtcDateTime, "when the row was last written, UTC"),
    ]


def lookup(*columns: str) -> Index:
    """Declare an index for `page(where=...)`: the compared column, then the key it is ordered by."""
    return Index(None, *columns)
