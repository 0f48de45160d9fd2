"""Readings of revenue meters: the utility's at the point of connection, and those of single devices."""

from sqlalchemy import DDL, BigInteger, Index, Integer, LargeBinary, Table, Text, event

from vpp.storage.column_types import Span, UtcDateTime
from vpp.storage.engine import POSTGRESQL, SQLITE
from vpp.storage.tables.schema import ID, METADATA, key, required

REVENUE_IMPORTS = Table(
    "revenue_imports",
    METADATA,
    key("site_id", "whose meter", of="sites.site_id"),
    key("device_id", "the device that it meters; empty for the point of connection"),
    key("version", "counts the imports of this meter from 1", kind=Integer),
    required("start_at", UtcDateTime, "start of the first reading, UTC"),
    required("end_at", UtcDateTime, "end of the last one, exclusive, UTC"),
    required("step_s", Span, "length of an interval, s"),
    required("reading_count", BigInteger, "readings, gaps left out"),
    required("source_name", Text, "name of the file that they came in"),
    required("sha256", ID, "SHA-256 of the readings"),
    required("imported_by", Text, "principal who brought them"),
    required("imported_at", UtcDateTime, "when, UTC"),
    comment="imports of revenue meters' readings; a corrected file is another version; never changed",
)

REVENUE_READINGS = Table(
    "revenue_readings",
    METADATA,
    key("site_id", "whose meter", of="sites.site_id"),
    key("device_id", "the device that it meters; empty for the point of connection"),
    key("start_at", "start of the first interval, UTC", kind=UtcDateTime),
    key("version", "import that they came in", kind=Integer),
    required("end_at", UtcDateTime, "end of the last interval, exclusive, UTC, of the same day"),
    required("step_s", Span, "length of an interval, s"),
    required(
        "net_power_kw",
        LargeBinary,
        "mean power, kW, NaN for a gap; consumption positive, of a device its output; float64, little-endian",
    ),
    required("quality", LargeBinary, "1 ok, 2 estimated, 3 missing, 4 bad; one byte for each interval"),
    required("imported_at", UtcDateTime, "when they were imported, UTC"),
    Index(None, "site_id", "start_at"),  # what a site's meters showed in a span
    comment="readings of revenue meters, one row for each import and day UTC; never changed",
)

FIXED = ("revenue_imports", "revenue_readings")
"""Tables of which no row is changed or deleted."""


def _declare() -> None:
    for table in FIXED:
        for change in ("UPDATE", "DELETE"):
            guard = (
                f"CREATE TRIGGER {table}_keeps_{change} BEFORE {change} ON {table}\n"
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
            event.listen(METADATA, "after_create", DDL(guard).execute_if(dialect=SQLITE))  # type: ignore[no-untyped-call]
        # `vpp_keep` is made with the ledger's guards.
        guard = (
            f"CREATE TRIGGER {table}_keeps_rows BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION vpp_keep()"
        )
        event.listen(METADATA, "after_create", DDL(guard).execute_if(dialect=POSTGRESQL))  # type: ignore[no-untyped-call]


_declare()
