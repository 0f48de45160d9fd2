"""What a backup says of itself."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from vpp.foundation.errors import InvalidInput
from vpp.storage.backup.table_state import TableState

FORMAT = 1


@dataclass(frozen=True, slots=True)
class BackupManifest:
    """What a backup says of itself.

    Attributes:
        backup_id: Its name, which its sealed parts are bound to.
        made_at: It shows how things were then, UTC.
        kind: `sqlite` or `postgresql`.
        revision: Revision of the schema.
        version: Version of the program that made it.
        size: Length of the copy of the database, bytes.
        sha256: SHA-256 of that copy, before it was sealed.
        tables: What was in each table.
        audit_heads: Chain of the audit record to the number of its entries and the hash of the last one.
    """

    backup_id: str
    made_at: datetime
    kind: str
    revision: str
    version: str
    size: int
    sha256: str
    tables: Mapping[str, TableState]
    audit_heads: Mapping[str, tuple[int, str]]

    def to_bytes(self) -> bytes:
        """Write it as JSON."""
        document = asdict(self) | {"format": FORMAT, "made_at": self.made_at.isoformat()}
        return json.dumps(document, indent=1, sort_keys=True).encode()

    @property
    def digest(self) -> str:
        """SHA-256 of what is written of it: kept elsewhere, it proves the whole backup."""
        return hashlib.sha256(self.to_bytes()).hexdigest()


def read_manifest(content: bytes) -> BackupManifest:
    """Read what `to_bytes` wrote.

    Raises:
        InvalidInput: It is something else, or of a newer format.
    """
    try:
        document: dict[str, Any] = json.loads(content)
        if document.pop("format") != FORMAT:
            raise InvalidInput(f"the backup's manifest is of another format, expected {FORMAT}")
        return BackupManifest(
            **document
            | {
                "made_at": datetime.fromisoformat(document["made_at"]),
                "tables": {name: TableState(**state) for name, state in document["tables"].items()},
                "audit_heads": {
                    chain: (int(count), str(head)) for chain, (count, head) in document["audit_heads"].items()
                },
            }
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInput(
            "the backup's manifest cannot be read, expected what `vpp db backup` wrote"
        ) from error
