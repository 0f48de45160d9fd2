"""Logs what was committed, one line per audit record, for those who read logs and no database."""

import logging
from collections.abc import Sequence

from vpp.workflows.records import AuditRecord

_log = logging.getLogger("vpp.audit")
FIELDS = {
    "events": "event",
    "instructions": "instruction",
    "sites": "site",
    "auctions": "auction",
}
"""Collections whose names become fields of a line."""
WARNED = frozenset({"not_delivering", "distrust_silence"})
"""What somebody should look into."""
SEEN_AT_INFO = frozenset({"events", "auctions"})
"""What there are few of. Of the rest an event makes thousands of records, which DEBUG shows."""


def log_records(records: Sequence[AuditRecord]) -> None:
    """Log records of a transaction that has been committed."""
    for record in records:
        level = _level(record)
        if not _log.isEnabledFor(level):
            continue
        figures = "".join(f" {key}={value}" for key, value in record.detail.items())
        _log.log(
            level, "%s %s by %s%s", record.action, record.subject, record.actor, figures, extra=_about(record)
        )


def _level(record: AuditRecord) -> int:
    if record.action in WARNED:
        return logging.WARNING
    return logging.INFO if record.subject.partition("/")[0] in SEEN_AT_INFO else logging.DEBUG


def _about(record: AuditRecord) -> dict[str, str]:
    """Name what a record is about: its subject, and what its figures name besides."""
    about = {
        field: f"{collection}/{record.detail[field]}"
        for collection, field in FIELDS.items()
        if record.detail.get(field)
    }
    own = FIELDS.get(record.subject.partition("/")[0])
    return about if own is None else about | {own: record.subject}
