"""What sites have shown that they can do, and whether the database takes writes."""

from sqlalchemy import BigInteger, Index, Table

from vpp.storage.column_types import Quantity, Span, UtcDateTime
from vpp.storage.tables.schema import ID, METADATA, key, lookup, optional, reference, required, tracked

SITE_SCORES = Table(
    "site_scores",
    METADATA,
    key("score_id", "{event}-{site}"),
    reference("site_id", "the site", of="sites.site_id"),
    reference("event_id", "the event in which it showed it", of="events.event_id"),
    required("purpose", ID, "why the event called the site: test, market or mandatory"),
    required("delivery_start_at", UtcDateTime, "start of delivery, UTC"),
    required("target_kw", Quantity, "mean reduction asked for, kW"),
    required("event_observed_ratio", Quantity, "share of the event's readings that came in time"),
    required("month_observed_ratio", Quantity, "share of the readings of the days before that there are"),
    required("error_kw", Quantity, "what a delivered kW may be off by, kW"),
    required("error_source", ID, "what that was taken from: placebo, quiet_hours or none"),
    required("doubtful_ratio", Quantity, "share of the event's readings that are estimated or bad"),
    required("reached_ratio", Quantity, "delivered energy over energy asked for, what is above left out"),
    optional("response_delay_s", Span, "until a tenth of the target, s; null if never"),
    optional("full_delay_s", Span, "until nine tenths of the target, s; null if never"),
    optional("ramp_kw_per_min", Quantity, "between the two, kW per minute; null if never"),
    optional(
        "steadiness_ratio", Quantity, "how little delivery varied about the target, 0..1; null if not seen"
    ),
    required("observability_ratio", Quantity, "whether the site can be seen, 0..1"),
    required("measurability_ratio", Quantity, "whether its delivery can be told from noise, 0..1"),
    required("controllability_ratio", Quantity, "whether it does what it is asked, 0..1"),
    *tracked(),
    lookup("site_id", "score_id"),  # a site's history
    lookup("event_id", "score_id"),  # an event's sites
    Index(None, "delivery_start_at"),  # what was shown lately
    comment="scores of sites, one per event in which they were called; never changed",
)

PROBES = Table(
    "probes",
    METADATA,
    key("probe_id", "always readiness"),
    required("written_count", BigInteger, "how often it has been written"),
    required("written_at", UtcDateTime, "when it was last written, UTC"),
    comment="one row that hubs write to see whether the database takes a write",
)
