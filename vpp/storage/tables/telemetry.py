"""Raw readings, as they came."""

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, SmallInteger, Table, UniqueConstraint

from vpp.storage.column_types import Span, UtcDateTime
from vpp.storage.tables.schema import METADATA, numbered, reference, required

TELEMETRY = Table(
    "telemetry_envelopes",
    METADATA,
    numbered("received_number", "order in which envelopes were received"),
    reference("site_id", "whose readings", of="sites.site_id"),
    required("sequence", BigInteger, "counts the site's batches from 1"),
    required("start_at", UtcDateTime, "start of the first interval, UTC"),
    required("end_at", UtcDateTime, "end of the last interval, exclusive, UTC"),
    required("sample_interval_s", Span, "length of the interval of a value, s"),
    required("sample_count", Integer, "how many values there are"),
    required("net_power_kw", LargeBinary, "mean net power, kW, consumption positive; float64, little-endian"),
    required("quality", SmallInteger, "1 ok, 2 estimated, 3 missing, 4 bad"),
    required("received_at", UtcDateTime, "when it was committed, UTC"),
    # A repeat is recognised by it; the highest sequence of a site is its last entry.
    UniqueConstraint("site_id", "sequence"),
    # Envelopes that overlap a span: most questions are about the recent past.
    Index(None, "site_id", "end_at", "start_at"),
    comment="batches of readings, one row each; never updated",
    sqlite_autoincrement=True,
)
