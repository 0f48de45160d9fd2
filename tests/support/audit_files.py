"""Audit records for tests: chains of made-up entries, their signed heads, and the file of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vpp.foundation.audit_chain import NOTHING, ChainEntry, ChainHead, RowChange, next_entry
from vpp.foundation.audit_export import ExportWriter
from vpp.foundation.command_keys import key_id
from vpp.foundation.signed_head import SignedHead, signed

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEYS = {key_id(KEY.public_key()): KEY.public_key()}
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class MadeChain:
    """A chain and its signed heads."""

    name: str
    entries: tuple[ChainEntry, ...]
    heads: tuple[SignedHead, ...]


def made_chain(name: str, count: int, *, signed_every: int = 5) -> MadeChain:
    """Make a chain of entries with one record and one change each; the last one is signed too."""
    head, entries, heads = ChainHead(name, 0, NOTHING), [], []
    for number in range(1, count + 1):
        entry = next_entry(
            head,
            at=NOON + timedelta(seconds=number),
            transaction_id=f"{number:016x}",
            records=[{"action": "bid", "actor": "anna", "subject": f"bids/{number}", "detail": {"n": "ü"}}],
            changes=[RowChange("bids", str(number), 1, f"{number:064x}")],
        )
        head = entry.head
        entries.append(entry)
        if number % signed_every == 0 or number == count:
            heads.append(signed(head, (NOON + timedelta(seconds=number)).isoformat(), KEY))
    return MadeChain(name, tuple(entries), tuple(heads))


def written(chains: Sequence[MadeChain], documents: Sequence[tuple[str, str]] = ()) -> list[bytes]:
    """Write an export; returns its lines."""
    writer = ExportWriter()
    lines = [writer.header([chain.name for chain in chains], NOON.isoformat())]
    for chain in chains:
        lines += [writer.entry(entry.content, entry.entry_hash) for entry in chain.entries]
        lines += [writer.checkpoint(head) for head in chain.heads]
    lines += [writer.document(name, content) for name, content in documents]
    return [*lines, writer.trailer()]


def chained(name: str, contents: Sequence[Sequence[dict[str, object]]]) -> MadeChain:
    """Make a chain anew over other records, as somebody would who rewrites a database."""
    head, entries = ChainHead(name, 0, NOTHING), []
    for number, records in enumerate(contents, start=1):
        entry = next_entry(
            head,
            at=NOON + timedelta(seconds=number),
            transaction_id=f"{number:016x}",
            records=records,
            changes=[RowChange("bids", str(number), 1, f"{number:064x}")],
        )
        head = entry.head
        entries.append(entry)
    return MadeChain(name, tuple(entries), ())
