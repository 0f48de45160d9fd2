"""The file form of the audit record: lines that each carry their own hash.

    H {sha256} {"chains":["market"],"format":"vpp-audit-export-1","made_at":"..."}
    E {hash}   {the content of an entry, as it was hashed}
    C {sha256} {a signed head}
    D {sha256} {"content":"...","name":"events/evening/clearing"}
    Z {sha256} {"lines":4,"sha256":"..."}

The last line counts the lines before it and holds the SHA-256 of their bytes, so that a file that ends too
early is seen. A line ends with a line feed and holds none.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from vpp.foundation.audit_chain import canonical
from vpp.foundation.signed_head import SignedHead

FORMAT = "vpp-audit-export-1"
LINE_CONTEXT = b"vpp-audit-line-1\x00"
"""Precedes what is hashed of a line that is no entry."""
HEADER, ENTRY, CHECKPOINT, DOCUMENT, TRAILER = "H", "E", "C", "D", "Z"


class ExportWriter:
    r"""Makes the lines of one file, in order.

    Example:
        >>> lines = ExportWriter()
        >>> content = lines.header(["market"], "2026-03-02T12:00:00+00:00") + lines.trailer()
        >>> content.splitlines()[-1].decode()[:3], content.count(b"\n")
        ('Z d', 2)
    """

    def __init__(self) -> None:
        """Begin a file."""
        self._digest = hashlib.sha256()
        self._count = 0

    def header(self, chains: Sequence[str], made_at: str) -> bytes:
        """Return the first line."""
        return self._line(HEADER, {"chains": list(chains), "format": FORMAT, "made_at": made_at})

    def entry(self, content: str, entry_hash: str) -> bytes:
        """Return the line of an entry as it is kept."""
        return self._counted(f"{ENTRY} {entry_hash} {content}\n")

    def checkpoint(self, head: SignedHead) -> bytes:
        """Return the line of a signed head."""
        return self._line(CHECKPOINT, head.document())

    def document(self, name: str, content: str) -> bytes:
        """Return the line of what entries vouch for by its SHA-256."""
        return self._line(DOCUMENT, {"content": content, "name": name})

    def trailer(self) -> bytes:
        """Return the last line."""
        return self._line(TRAILER, {"lines": self._count, "sha256": self._digest.hexdigest()})

    def _line(self, kind: str, document: Mapping[str, Any]) -> bytes:
        content = canonical(document)
        return self._counted(f"{kind} {line_hash(content)} {content}\n")

    def _counted(self, line: str) -> bytes:
        written = line.encode("utf-8", "surrogatepass")
        self._digest.update(written)
        self._count += 1
        return written


def line_hash(content: str) -> str:
    """Return the hash of a line that is no entry, 64 hexadecimal digits."""
    return hashlib.sha256(LINE_CONTEXT + content.encode("utf-8", "surrogatepass")).hexdigest()


def figures_of(lines: Iterable[bytes], name: str) -> Iterator[tuple[str, str]]:
    """Return what entries' records say under one name, in a file that has been verified.

    Args:
        lines: The file.
        name: Name of a figure in a record's detail.

    Returns:
        Subject and figure of every record that has one, in order.
    """
    for line in lines:
        kind, _, content = line.decode("utf-8").rstrip("\n").split(" ", 2)
        if kind == ENTRY and f'"{name}"' in content:
            for record in json.loads(content)["records"]:
                if name in record.get("detail", ()):
                    yield record["subject"], record["detail"][name]


def documents_of(lines: Iterable[bytes]) -> Iterator[tuple[str, str]]:
    """Return name and content of the documents in a file that has been verified."""
    for line in lines:
        kind, _, content = line.decode("utf-8").rstrip("\n").split(" ", 2)
        if kind == DOCUMENT:
            told = json.loads(content)
            yield told["name"], told["content"]
