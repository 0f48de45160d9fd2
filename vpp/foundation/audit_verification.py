"""Checks exported chains with nothing but the file, public keys, and heads that others have kept.

What is found is told with its place; the first of a chain stands first, and the chain is not followed beyond
it. Nothing found means: no entry was changed, taken out, put in or moved before the last head that was
checked. What came after that head is protected by its hashes alone, which whoever can rewrite the whole rest
of a chain can make anew. That an entry is true, or that everything that was done is in it, no hash can tell.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from vpp.foundation.audit_chain import MARKET, NOTHING, ChainHead, canonical, entry_hash
from vpp.foundation.audit_export import (
    CHECKPOINT,
    DOCUMENT,
    ENTRY,
    FORMAT,
    HEADER,
    TRAILER,
    line_hash,
)
from vpp.foundation.errors import InvalidInput
from vpp.foundation.signed_head import SignedHead, head_of, signature_fault

CLEARING_FIELD = "clearing_sha256"
"""Figure of the record that vouches for a clearing."""
INPUT_FIELD = "clearing_input_sha256"
"""Figure of the record that vouches for what a clearing was made from."""
SEALED_FIELD = "clearing_input_sealed"
"""Figure of that record where what a clearing was made from is opened only once the event is over."""
CLEARING, CLEARING_INPUT = "clearing", "clearingInput"
"""Last part of the documents' names: events/{event}/clearing."""
VOUCHES = "clearing_"
"""Stands in every entry that vouches for a document."""
KEPT = "a head that was kept elsewhere"
SIGN_HEADS = "sign_heads"
"""Action of the market's record that names where the parties' chains ended: sequence and hash by chain."""


@dataclass(frozen=True, slots=True)
class AuditFault:
    """Something that does not hold.

    Attributes:
        line: Line of the file, from 1; 0 for what concerns none.
        chain: The chain; empty where it is not known.
        sequence: The entry in it; 0 where it is not known.
        what: What does not hold, in words.
    """

    line: int
    chain: str
    sequence: int
    what: str

    def __str__(self) -> str:
        """Say it with its place."""
        place = [f"line {self.line}"] if self.line else []
        place += [f"{self.chain} entry {self.sequence}"] if self.chain else []
        return f"{', '.join(place)}: {self.what}" if place else self.what


@dataclass(frozen=True, slots=True)
class AuditVerdict:
    """What a check found.

    Attributes:
        faults: What does not hold; empty if everything does.
        entry_count: Entries that were checked.
        heads: Where each chain ends in the file, by chain.
        signed: The highest entry of each chain that a head with a good signature or a kept head covers.
        unchecked: How many heads could not be checked for want of their key.
        unused: How many kept heads are of chains that are not in the file.
    """

    faults: tuple[AuditFault, ...]
    entry_count: int
    heads: Mapping[str, ChainHead]
    signed: Mapping[str, int]
    unchecked: int
    unused: int = 0


def verify_export(
    lines: Iterable[bytes],
    *,
    keys: Mapping[str, Ed25519PublicKey],
    kept: Sequence[SignedHead] = (),
    is_strict: bool = False,
) -> AuditVerdict:
    """Check a file.

    Args:
        lines: Its lines, with their line feeds.
        keys: The hub's public keys by id; none leaves signatures unchecked.
        kept: Heads that somebody has kept elsewhere.
        is_strict: Whether a head without a signature counts as a fault where there are keys.
    """
    check = _Check(keys=keys, is_strict=is_strict)
    wanted: dict[tuple[str, int], list[SignedHead]] = {}
    for head in kept:
        wanted.setdefault((head.head.chain, head.head.sequence), []).append(head)
    check.kept = wanted
    for number, line in enumerate(lines, start=1):
        check.take(number, line)
    check.end(kept)
    return AuditVerdict(
        tuple(check.faults), check.entry_count, check.heads, check.signed, check.unchecked, check.unused
    )


@dataclass(slots=True)
class _Check:
    keys: Mapping[str, Ed25519PublicKey]
    is_strict: bool
    faults: list[AuditFault] = field(default_factory=list)
    heads: dict[str, ChainHead] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    signed: dict[str, int] = field(default_factory=dict)
    unchecked: int = 0
    unused: int = 0
    entry_count: int = 0
    kept: dict[tuple[str, int], list[SignedHead]] = field(default_factory=dict)
    hashes: dict[str, list[str]] = field(default_factory=dict)
    vouched: dict[tuple[str, str], bool] = field(default_factory=dict)
    told: list[tuple[int, str, str]] = field(default_factory=list)
    chains: tuple[str, ...] = ()
    last_chain: str = ""
    digest: Any = field(default_factory=hashlib.sha256)
    line_count: int = 0
    is_ended: bool = False

    def take(self, number: int, line: bytes) -> None:
        """Check one line."""
        if self.is_ended:
            self._fault(number, "comes after the last line")
            return
        text = _text(line)
        kind, _, rest = text.partition(" ")
        given, _, content = rest.partition(" ")
        if not text or kind not in {HEADER, ENTRY, CHECKPOINT, DOCUMENT, TRAILER}:
            self._fault(number, "is no line of an export: it was changed, or cut off")
        elif (kind == HEADER) != (number == 1):
            self._fault(number, "the first line, and no other, begins an export")
        elif kind == ENTRY:
            self._entry(number, given, content)
        elif line_hash(content) != given:
            self._fault(number, "the line does not have its hash: it was changed")
        else:
            self._other(number, kind, content)
        self.digest.update(line)
        self.line_count += 1

    def _entry(self, number: int, given: str, content: str) -> None:
        self.entry_count += 1
        is_whole = entry_hash(content) == given
        chain, sequence, previous, records = _entry_fields(content)
        if not is_whole and chain not in self.chains:
            chain = self.last_chain  # what it says of itself may be what was changed
        if chain in self.broken:
            return  # its first fault is told
        self.last_chain = chain
        before = self.heads.get(chain, ChainHead(chain, 0, NOTHING))
        what = self._entry_fault(before, sequence, previous, is_whole=is_whole)
        if what:
            self.broken.add(chain)
            self.faults.append(AuditFault(number, chain, before.sequence + 1, what))
            return
        self.heads[chain] = ChainHead(chain, sequence, given)
        self.hashes.setdefault(chain, []).append(given)
        if self.kept:
            for head in self.kept.pop((chain, sequence), ()):
                self._compare(number, head, KEPT)
        if VOUCHES in content or SIGN_HEADS in content:
            for record in records:
                self._note(chain, sequence, record)

    def _entry_fault(self, before: ChainHead, sequence: int, previous: str, *, is_whole: bool) -> str:
        if not is_whole:
            return "the entry does not have its hash: it was changed"
        if before.chain not in self.chains:
            return "the first line names no such chain"
        if sequence != before.sequence + 1:
            return f"entry {sequence} stands here instead: entries were taken out, put in or moved"
        if previous != before.entry_hash:
            return "does not hold the hash of the entry before it: one of the two was changed"
        return ""

    def _hash(self, chain: str, sequence: int) -> str | None:
        known = self.hashes.get(chain, [])
        return known[sequence - 1] if 0 < sequence <= len(known) else None

    def _note(self, chain: str, sequence: int, record: Mapping[str, Any]) -> None:
        """Remember what a record says of other chains, and of documents: their names and digests."""
        figures = _mapping(record.get("detail"))
        for name, kind in ((CLEARING_FIELD, CLEARING), (INPUT_FIELD, CLEARING_INPUT)):
            if name in figures:
                is_there = kind == CLEARING_INPUT and SEALED_FIELD in figures  # perhaps still sealed
                self.vouched[f"{record.get('subject')}/{kind}", str(figures[name])] = is_there
        if record.get("action") == SIGN_HEADS and chain == MARKET:
            after = _mapping(record.get("after"))
            self.told += [(sequence, named, str(said)) for named, said in after.items()]

    def _other(self, number: int, kind: str, content: str) -> None:
        document = _document(content)
        if document is None:
            self._fault(number, "is not written as an export writes it")
        elif kind == HEADER:
            chains = document.get("chains")
            self.chains = tuple(map(str, chains)) if isinstance(chains, list) else ()
            if document.get("format") != FORMAT:
                self._fault(number, f"format is {document.get('format')!r}, expected {FORMAT}")
        elif kind == CHECKPOINT:
            self._checkpoint(number, document)
        elif kind == DOCUMENT:
            sha256 = hashlib.sha256(str(document.get("content")).encode("utf-8", "surrogatepass")).hexdigest()
            if (str(document.get("name")), sha256) not in self.vouched:
                self._fault(number, f"no entry vouches for {document.get('name')}")
            else:
                self.vouched[str(document.get("name")), sha256] = True
        else:
            self.is_ended = True
            counted = {"lines": self.line_count, "sha256": self.digest.hexdigest()}
            if document != counted:
                self._fault(number, "does not count the lines before it: some were taken out or put in")

    def _checkpoint(self, number: int, document: Mapping[str, Any]) -> None:
        try:
            head = head_of(document)
        except InvalidInput as error:
            self._fault(number, str(error))
            return
        self._compare(number, head, "a signed head")

    def _compare(self, number: int, head: SignedHead, words: str) -> None:
        """Hold a head against the chain as it is in the file, and its signature against the keys."""
        chain, sequence, wanted = head.head
        found = self._hash(chain, sequence)
        what = ""
        if chain in self.broken:
            return  # its first fault is told
        if found is None:
            what = f"{words} says that there is such an entry, and there is none: the chain was cut off"
        elif found != wanted:
            what = f"{words} names another hash: the chain was written anew"
        elif self.keys and not head.key_id and self.is_strict:
            what = f"{words} is not signed"
        else:
            what = signature_fault(head, self.keys, words)
        if what:
            self.faults.append(AuditFault(number, chain, sequence, what))
        elif head.is_signed_by(self.keys) or words == KEPT:
            self.signed[chain] = max(sequence, self.signed.get(chain, 0))
        else:
            self.unchecked += 1

    def end(self, kept: Sequence[SignedHead]) -> None:
        """Check what can be said only once everything has been read."""
        if not self.is_ended:
            self._fault(self.line_count, "is the last line, and ends no export: the end was cut off")
        self._end_told()
        known = set(self.chains)
        for head in kept:
            chain, sequence, _ = head.head
            if chain not in known or not sequence:
                self.unused += 1
                what = signature_fault(head, self.keys, KEPT)
                self.faults += [AuditFault(0, chain, sequence, what)] if what else []
            elif (chain, sequence) in self.kept:
                self._compare(0, head, KEPT)

    def _end_told(self) -> None:
        """Hold what the market's entries say of other chains, and of documents, against the file."""
        is_all = len(self.chains) > 1  # one of all chains; a chain alone comes without the rest
        missing: dict[str, int] = {}
        for market_sequence, chain, said in self.told:
            sequence, _, wanted = said.partition(" ")
            place = int(sequence) if sequence.isdecimal() else 0
            if chain not in self.chains:
                missing[chain] = place
            elif chain not in self.broken and self._hash(chain, place) != wanted:
                what = f"the market's entry {market_sequence} names another hash: the chain was written anew"
                self.faults.append(AuditFault(0, chain, place, what))
        if is_all:
            what = "the market's entries name the chain, and nothing of it is here: it was taken out"
            self.faults += [AuditFault(0, chain, place, what) for chain, place in missing.items()]
            gone = [name for (name, _), is_there in self.vouched.items() if not is_there]
            self.faults += [
                AuditFault(0, "", 0, f"an entry vouches for {name}, which is not here: it was taken out")
                for name in gone
            ]

    def _fault(self, number: int, what: str) -> None:
        self.faults.append(AuditFault(number, "", 0, what))


def _text(line: bytes) -> str:
    """Return a line without its line feed; empty if it has none or is no UTF-8."""
    if not line.endswith(b"\n"):
        return ""
    try:
        return line[:-1].decode("utf-8")
    except UnicodeDecodeError:
        return ""


def _entry_fields(content: str) -> tuple[str, int, str, Sequence[Mapping[str, Any]]]:
    """Return chain, sequence, hash before and records; nothing of what cannot be read."""
    told = _object(content)
    chain, sequence, previous, records = (
        told.get(name) for name in ("chain", "sequence", "previous", "records")
    )
    is_entry = (
        isinstance(chain, str)
        and type(sequence) is int
        and isinstance(previous, str)
        and isinstance(records, list)
        and all(isinstance(record, dict) for record in records)
    )
    return (chain, sequence, previous, records) if is_entry else ("", 0, "", ())  # type: ignore[return-value]  # just looked at


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _object(content: str) -> dict[str, Any]:
    """Read a JSON object; an empty one of what is none."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _document(content: str) -> dict[str, Any] | None:
    """Read a line's JSON; None if it is not canonical."""
    document = _object(content)
    return document if canonical(document) == content else None
