"""Signed heads of the hub's audit record, kept by the site: what a rewritten record is found out by.

The file holds a line for each head, as `vpp audit verify --heads` reads them. The agent itself only sees
whether the record became shorter, or another one of the same length; that it goes on from a head that is
kept, only the record shows: its party fetches it with `vpp audit export`.
"""

import json
import logging
from pathlib import Path

from vpp.v1 import audit_pb2

log = logging.getLogger(__name__)


def heads_path(journal: Path) -> Path:
    """Return where a site keeps heads: beside its journal.

    Example:
        >>> heads_path(Path("north-1.journal")).name
        'north-1.journal.heads.jsonl'
    """
    return journal.with_name(f"{journal.name}.heads.jsonl")


class KeptHeads:
    """The heads that a site has been told, newest last; one file, appended to.

    Attributes:
        file: Where they are kept.
    """

    def __init__(self, file: Path) -> None:
        """Read the newest one that was kept.

        Args:
            file: Where they are kept; made with the first.
        """
        self.file = file
        self._newest: tuple[int, str] | None = None
        self._before = ""
        try:
            content = file.read_text("utf-8")
        except FileNotFoundError:
            return
        if content and not content.endswith("\n"):  # a power cut may leave half a line
            self._before = "\n"
        for line in content.splitlines():
            try:
                document = json.loads(line)
                told = (int(document["sequence"]), str(document["entry_hash"]))
                if not _fault(self._newest, told):  # as it was when it came: a wrong one changed nothing
                    self._newest = told
            except (ValueError, KeyError, TypeError):
                log.warning("%s: a line is no signed head and is passed over", file.name)

    def take(self, head: audit_pb2.AuditHead) -> str:
        """Keep a head that is new.

        Returns:
            What is wrong with it, in words; empty if it may go on from the one before.
        """
        told = (head.entry_count, head.entry_hash)
        if not head.entry_hash or told == self._newest:
            return ""
        fault = _fault(self._newest, told)
        document = {
            "at": head.sign_time,
            "chain": head.chain,
            "entry_hash": head.entry_hash,
            "key_id": head.key_id,
            "sequence": head.entry_count,
            "signature": head.signature,
        }
        with self.file.open("a", encoding="utf-8") as kept:
            kept.write(f"{self._before}{json.dumps(document, sort_keys=True)}\n")
        self._before = ""
        if not fault:  # what it is held against stays what was told first
            self._newest = told
        return fault


def _fault(kept: tuple[int, str] | None, told: tuple[int, str]) -> str:
    if kept is None or told[0] > kept[0]:
        return ""
    if told[0] < kept[0]:
        return f"the hub's record has {told[0]} entries and had {kept[0]} before: it was cut off or restored"
    return f"entry {kept[0]} of the hub's record is another one than it was: it was written anew"
