"""What was done, as a chain: every entry holds the hash of the one before it.

There is one chain for each party and one for the market. What one transaction did that concerns a chain is
one entry of it. An entry is text, hashed as it stands: canonical JSON (sorted keys, no spaces, UTF-8) without
floating point numbers, so that nobody has to agree on how one is written.

A chain shows that something was changed; it does not prevent it. Who can rewrite all of it from the changed
entry on, or cut off its end, is only found out by a head that somebody else has kept.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import compress
from typing import Any, NamedTuple

MARKET = "market"
"""The chain of what concerns no single party."""
ENTRY_CONTEXT = b"vpp-audit-entry-1\x00"
"""Precedes an entry in what is hashed."""
NOTHING = "0" * 64
"""The hash before a chain's first entry."""

_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


class RowChange(NamedTuple):
    """A row, or what is kept together as one, that a transaction wrote.

    Attributes:
        table: Its table.
        key: Its key; parts of a key are parted by `|`.
        revision: What the row counts itself as from 1; 0 where rows are never changed.
        digest: SHA-256 of what it holds since, from `row_digest`.
    """

    table: str
    key: str
    revision: int
    digest: str


class ChainHead(NamedTuple):
    """Where a chain ends.

    Attributes:
        chain: The chain.
        sequence: How many entries it has; 0 for none.
        entry_hash: Hash of the last one.
    """

    chain: str
    sequence: int
    entry_hash: str


@dataclass(frozen=True, slots=True)
class ChainEntry:
    """What one transaction did that concerns one chain.

    Attributes:
        chain: `market` or `parties/{party}`.
        sequence: Counts the chain's entries from 1 without gaps.
        previous_hash: Hash of the entry before it.
        content: What is hashed.
        entry_hash: Its hash.
    """

    chain: str
    sequence: int
    previous_hash: str
    content: str
    entry_hash: str

    @property
    def head(self) -> ChainHead:
        """The chain's end as of this entry."""
        return ChainHead(self.chain, self.sequence, self.entry_hash)


def chain_of(party_id: str) -> str:
    """Name a party's chain; an empty id names the market's.

    Example:
        >>> chain_of("acme"), chain_of("")
        ('parties/acme', 'market')
    """
    return f"parties/{party_id}" if party_id else MARKET


def canonical(value: object) -> str:
    """Write JSON in the one way that is hashed.

    Lone surrogates, which no UTF-8 can hold, stay the escapes that JSON has for them.

    Example:
        >>> canonical({"b": ["ü", 1], "a": None})
        '{"a":null,"b":["ü",1]}'
    """
    text = _ENCODER.encode(value)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def entry_hash(content: str) -> str:
    """Return the hash of an entry's content, 64 hexadecimal digits."""
    return hashlib.sha256(ENTRY_CONTEXT + content.encode("utf-8", "surrogatepass")).hexdigest()


def row_digest(names: tuple[str, ...], rows: Iterable[Sequence[object]]) -> str:
    """Return the SHA-256 of what rows hold, as the database gives it.

    Columns that are null are left out: a column that a later version adds changes no digest of before.

    Args:
        names: Names of the columns.
        rows: Their values, of which one at a time is held; text, whole numbers, doubles and bytes.

    Example:
        >>> row_digest(("a", "b"), [("x", None)]) == row_digest(("a",), [("x",)])
        True
        >>> row_digest(("a",), [("x",), ("y",)]) == row_digest(("a",), [("y",), ("x",)])
        False
    """
    digest = hashlib.sha256()
    for row in rows:
        digest.update(_row_text(names, row).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _row_text(names: tuple[str, ...], row: Sequence[object]) -> str:
    held = tuple([value is not None for value in row])
    return f"{_held_names(names, held)}{[value for value in row if value is not None]!r}"


@lru_cache(maxsize=4096)
def _held_names(names: tuple[str, ...], held: tuple[bool, ...]) -> str:
    """Write the columns that are not null; rows of one table have the same few."""
    return repr(list(compress(names, held)))


def next_entry(
    head: ChainHead,
    *,
    at: datetime,
    transaction_id: str,
    records: Sequence[Mapping[str, Any]],
    changes: Sequence[RowChange],
) -> ChainEntry:
    """Make the entry that follows a head.

    Args:
        head: The chain's end.
        at: The transaction's instant, UTC.
        transaction_id: The same in every chain that the transaction concerns.
        records: Who did what, from `vpp.workflows.records.AuditRecord`.
        changes: The rows that it wrote.

    Example:
        >>> from datetime import UTC
        >>> noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
        >>> start = ChainHead("market", 0, NOTHING)
        >>> first = next_entry(start, at=noon, transaction_id="1", records=[], changes=[])
        >>> first.content
        ... # doctest: +ELLIPSIS
        '{"at":"2026-03-02T12:00:00+00:00","chain":"market","changes":[],"previous":"000...'
    """
    content = canonical(
        {
            "at": at.isoformat(),
            "chain": head.chain,
            "changes": changes,
            "previous": head.entry_hash,
            "records": records,
            "sequence": head.sequence + 1,
            "transaction": transaction_id,
        }
    )
    return ChainEntry(head.chain, head.sequence + 1, head.entry_hash, content, entry_hash(content))
