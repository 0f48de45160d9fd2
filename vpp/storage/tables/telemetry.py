"""Raw readings as they came, which of them are held, and a site's days summed up."""

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, SmallInteger, Table

from vpp.storage.column_types import Span, UtcDateTime
from vpp.storage.tables.schema import ID, METADATA, key, required

TELEMETRY_HELD = Table(
    "telemetry_held",
    METADATA,
    key("site_id", "whose batches", of="sites.site_id"),
    key("first_sequence", "first sequence of a range that is held; every site has a 0", kind=BigInteger),
    required("last_sequence", BigInteger, "last sequence of the range"),
    required("last_number", BigInteger, "the newest batch's number; only in the row of 0, elsewhere 0"),
    comment="which batches are held, as ranges without gaps: recognises repeats, whatever was forgotten",
    postgresql_with={"fillfactor": 50},  # a site's row changes with every batch, and stays in its page
)

# No key, so that PostgreSQL can divide it by time, and no reference, which would cost as much as the
# row: only what `telemetry_held` lets in comes here.
TELEMETRY_PIECES = Table(
    "telemetry_pieces",
    METADATA,
    required("site_id", ID, "whose readings"),
    required("start_at", UtcDateTime, "start of the first interval, UTC"),
    required("end_at", UtcDateTime, "end of the last interval, exclusive, UTC, of the same day"),
    required("sequence", BigInteger, "sequence of the batch that it is of"),
    required("received_number", BigInteger, "counts the site's batches in the order they were received"),
    required("sample_interval_s", Span, "length of the interval of a value, s"),
    required("net_power_kw", LargeBinary, "mean net power, kW, consumption positive; float64, little-endian"),
    required("quality", SmallInteger, "1 ok, 2 estimated, 3 missing, 4 bad"),
    required("received_at", UtcDateTime, "when it was committed, UTC"),
    Index(None, "site_id", "start_at"),
    comment="batches of readings, one row for each day UTC that they touch; never updated",
    postgresql_partition_by="RANGE (start_at)",
)

TELEMETRY_ROLL_UPS = Table(
    "telemetry_roll_ups",
    METADATA,
    key("site_id", "whose load", of="sites.site_id"),
    key("level", "0 metering intervals, 1 settlement intervals", kind=SmallInteger),
    key("day_at", "midnight UTC that the day begins with", kind=UtcDateTime),
    required("step_s", Span, "length of an interval, s"),
    required("samples_per_interval", Integer, "samples that an interval should have"),
    required("net_power_kw", LargeBinary, "mean net power, kW, NaN for a gap; float64, little-endian"),
    required("quality", LargeBinary, "worst quality of each interval; one byte each"),
    required("sample_count", LargeBinary, "samples that each interval has; uint32, little-endian"),
    required("conflict_count", Integer, "readings that a later one replaced by another value or quality"),
    required("last_number", BigInteger, "number of the site's newest batch that was known"),
    required("version", Integer, "counts how often the day was summed up, from 1"),
    required("computed_at", UtcDateTime, "when, UTC"),
    Index(None, "day_at"),
    comment="days of sites summed up from readings; not to be used where telemetry_late has the day",
)

TELEMETRY_LATE = Table(
    "telemetry_late",
    METADATA,
    key("site_id", "whose readings", of="sites.site_id"),
    key("day_at", "midnight UTC that the day begins with", kind=UtcDateTime),
    required("last_number", BigInteger, "number of the newest batch that came after the day was over"),
    comment="days of sites that are to be summed up again, as readings came after they were over",
)
