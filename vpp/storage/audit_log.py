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
TOLD = frozenset(
    {
        *("answer", "delivery", "event", "site", "was", "kind", "state", "status", "outcome"),
        *("purpose", "method", "rule", "recommended", "chosen", "allocated", "retired", "awards"),
        *("bids", "broken", "fault", "instructions", "invited", "intervals", "lines", "entries"),
        *("statements", "readings", "meters", "silent", "sites", "count", "waiting"),
        *("without_forecast", "late_site_days", "site_days", "forgotten", "new", "modification_number"),
        *("held_sequence", "version", "from_version", "to_version", "run_type", "period", "season"),
        *("product", "zone", "dispute", "start", "end", "due", "latest", "late_by", "raw_since"),
        *("backup_made_at", "leap", "file", "sha256", "evidence", "manifest_sha256", "commitment"),
        *("roles", "reason", "error", "had_begun", "measured_again"),
    }
)
"""Details that a line tells: what happened, how many, and when. How much power and money it was about, whose
and at which price, stands in the record alone: whoever reads logs need not be whoever may read that."""
STATE = "state"
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
        figures = "".join(f" {key}={value}" for key, value in _told(record).items())
        _log.log(
            level, "%s %s by %s%s", record.action, record.subject, record.actor, figures, extra=_about(record)
        )


def _told(record: AuditRecord) -> dict[str, str]:
    """Return what a line tells: of what was before and after the state alone, the rest is for the record."""
    states = {"before": record.before.get(STATE, ""), "after": record.after.get(STATE, "")}
    told = {key: value for key, value in record.detail.items() if key in TOLD}
    return {**{name: state for name, state in states.items() if state}, **told}


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
