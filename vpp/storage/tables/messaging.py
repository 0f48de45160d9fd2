"""What is owed, what falls due, what was asked."""

from sqlalchemy import BigInteger, Index, Table, Text, text

from vpp.storage.column_types import UtcDateTime
from vpp.storage.tables.schema import ID, METADATA, key, optional, required, tracked

OUTBOX_COUNTERS = Table(
    "outbox_counters",
    METADATA,
    key("site_id", "the site", of="sites.site_id"),
    required("last_sequence", BigInteger, "highest sequence given to the site"),
    comment="one row per site; its lock gives out sequences without gaps",
)

OUTBOX = Table(
    "outbox",
    METADATA,
    key("site_id", "who is owed it", of="sites.site_id"),
    key("sequence", "counts the site's messages from 1 without gaps", kind=BigInteger),
    required("kind", Text, "what it tells the site"),
    required("subject_id", ID, "auction, event or instruction that it is about"),
    required("created_at", UtcDateTime, "when it was committed, UTC"),
    optional("acknowledged_at", UtcDateTime, "when the site said that it holds it, UTC; null while open"),
    optional("trace_parent", Text, "W3C trace context of what made it; null without tracing"),
    comment="messages owed to sites until they acknowledge",
)
# Open rows only: it stays as small as what is owed, however long the history is.
Index(
    "ix_outbox_open",
    OUTBOX.c.site_id,
    OUTBOX.c.sequence,
    sqlite_where=text("acknowledged_at IS NULL"),
    postgresql_where=text("acknowledged_at IS NULL"),
)

DEADLINES = Table(
    "deadlines",
    METADATA,
    key("kind", "what falls due", kind=Text),
    key("subject_id", "for which auction, event or day"),
    required("due_at", UtcDateTime, "when, UTC"),
    required("state", Text, "open, done or cancelled"),
    optional("lease_ends_at", UtcDateTime, "until when a claim keeps it from others, UTC"),
    *tracked(),
    comment="what falls due, claimed once",
)
# Open rows only, in the order in which they fall due.
Index(
    "ix_deadlines_open",
    DEADLINES.c.due_at,
    DEADLINES.c.kind,
    DEADLINES.c.subject_id,
    sqlite_where=text("state = 'open'"),
    postgresql_where=text("state = 'open'"),
)

REQUESTS = Table(
    "requests",
    METADATA,
    key("request_key", "{principal}-{request_id}"),
    required("method", Text, "the workflow"),
    required("fingerprint", Text, "SHA-256 of the request's content"),
    required("subject_id", ID, "what it made or changed"),
    *tracked(),
    comment="requests that had an effect, so that a repeat has none",
)
