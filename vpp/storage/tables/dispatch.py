"""What is ordered, and what it is measured against."""

from sqlalchemy import JSON, Boolean, ForeignKeyConstraint, Integer, Table, Text

from vpp.storage.column_types import MicroAmount, Profile, Quantity, Span, UtcDateTime
from vpp.storage.tables.schema import ID, METADATA, key, lookup, optional, reference, required, tracked

EVENTS = Table(
    "events",
    METADATA,
    key("event_id", "last part of events/{event}"),
    required("product_id", ID, "product whose rules apply"),
    required("product_version", Integer, "version of the product's rules"),
    required("zone", ID, "zone in which reductions count"),
    required("delivery_start_at", UtcDateTime, "start of delivery, UTC"),
    required("delivery_end_at", UtcDateTime, "end of delivery, exclusive, UTC"),
    required("target_reduction_kw", Profile, "reduction asked for per settlement interval, kW"),
    required(
        "awarded_reduction_kw", Profile, "reduction awarded per settlement interval, kW; [] before clearing"
    ),
    required("price_cap_per_mwh", MicroAmount, "highest price, millionths of the product's currency per MWh"),
    reference("operator_party_id", "who buys", of="parties.party_id"),
    reference(
        "auction_id", "where it came from; null for an emergency", of="auctions.auction_id", nullable=True
    ),
    required(
        "state", ID, "draft, open, gate_closed, cleared, offered, accepted, scheduled, active, ended, ..."
    ),
    required("failure_reason", Text, "empty unless failed"),
    required("modification_number", Integer, "counts the modifications"),
    optional("cancelled_at", UtcDateTime, "when it was cancelled, UTC"),
    optional("purpose", ID, "mandatory, test or dry_run; null for market"),
    optional(
        "site_ids",
        JSON(none_as_null=True),
        "sites that an ordered event names; null for every active one of the zone",
    ),
    optional("direction", ID, "load_up where consumption is raised; null for load_down"),
    *tracked(),
    ForeignKeyConstraint(["product_id", "product_version"], ["products.product_id", "products.version"]),
    lookup("state", "event_id"),  # what is under way
    lookup("product_id", "event_id"),  # events of a product
    lookup("zone", "event_id"),  # events that concern a site
    lookup("operator_party_id", "event_id"),  # an operator's own
    lookup("auction_id", "event_id"),  # what came of an auction
    lookup("delivery_end_at", "event_id"),  # what is not over at a time
    comment="demand-response events",
)

INSTRUCTIONS = Table(
    "instructions",
    METADATA,
    key("instruction_id", "{event}-m{modification}-{site}"),
    reference("event_id", "the event", of="events.event_id"),
    reference("site_id", "the site", of="sites.site_id"),
    required("modification_number", Integer, "modification of the event that it belongs to"),
    required("delivery_start_at", UtcDateTime, "start of delivery, UTC"),
    required("delivery_end_at", UtcDateTime, "end of delivery, exclusive, UTC"),
    required("interval_s", Span, "length of a delivery interval, s"),
    required("target_reduction_kw", Profile, "reduction below the baseline per delivery interval, kW"),
    required("resource_targets", JSON, "the part of each flexible resource, kW"),
    required("expires_at", UtcDateTime, "not to be executed from then on, UTC"),
    required("state", ID, "created, delivered, accepted, partial, refused, started, completed, aborted, ..."),
    required("reason", Text, "why the site refuses, delivers less or stops"),
    required("reason_detail", Text, "the same in the site's own words"),
    optional("accepted_reduction_kw", Quantity, "with partial: what the site delivers at most, kW"),
    optional("purpose", ID, "why the event calls the site: mandatory, test or dry_run; null for market"),
    optional("start_offset_s", Span, "the site begins this much after the start, s; null for none"),
    optional("release_offset_s", Span, "the site lets go this much after the end, s; null for none"),
    optional("answer", ID, "what the site reported last, whether or not it counts; null for nothing"),
    optional("direction", ID, "load_up where consumption is raised; null for load_down"),
    *tracked(),
    lookup("event_id", "instruction_id"),  # who was told what
    lookup("site_id", "instruction_id"),  # what a site was ever told
    lookup("state", "instruction_id"),  # what is still open
    comment="what each site is told to do for an event",
)

BASELINES = Table(
    "baselines",
    METADATA,
    key("baseline_id", "{event}-{site}"),
    reference("event_id", "the event", of="events.event_id"),
    reference("site_id", "the site", of="sites.site_id"),
    required("delivery_start_at", UtcDateTime, "start of delivery, UTC"),
    required("delivery_end_at", UtcDateTime, "end of delivery, exclusive, UTC"),
    required("method", Text, "the rule that was applied, or the named fallback"),
    required("days_used", JSON, "civil days that were averaged, YYYY-MM-DD"),
    required("raw_kw", Profile, "before the same-day adjustment, kW"),
    required("adjustment_kw", Quantity, "added to every interval, kW"),
    required("adjusted", Boolean, "whether the same-day adjustment could be made"),
    required("adjusted_kw", Profile, "after it, kW"),
    optional("rule_id", ID, "the rule it was made by; null before rules had versions, and so below"),
    optional("rule_version", Integer, "version of that rule"),
    optional("rule_digest", ID, "SHA-256 of the rule's content"),
    optional("engine_version", Text, "version of the software that applied it"),
    optional("data_version", ID, "SHA-256 of the readings it was made from, after editing"),
    optional("adjustment_ratio", Quantity, "what a ratio adjustment multiplied by; 1 for none"),
    optional("capped", Boolean, "whether a cap made the adjustment smaller than measured"),
    optional(
        "inputs",
        JSON(none_as_null=True),
        "what else it was made from: spans, days left out, holidays, notice",
    ),
    optional(
        "notes", JSON(none_as_null=True), "what a reader must know: fallbacks, estimates, unverified values"
    ),
    optional(
        "score",
        JSON(none_as_null=True),
        "the rule's score on the site's placebo events; null if none was made",
    ),
    optional(
        "flags", JSON(none_as_null=True), "signs that the baseline was raised, with figures and reasons"
    ),
    optional("before_kw", Profile, "the same in the window before delivery, for reports, kW; null for none"),
    optional("after_kw", Profile, "the same in the window after delivery, for reports, kW; null for none"),
    *tracked(),
    lookup("event_id", "baseline_id"),  # baselines of an event
    lookup("site_id", "baseline_id"),  # baselines of a site
    comment="what each site would have used, frozen for settlement",
)

AGGREGATE_BASELINES = Table(
    "aggregate_baselines",
    METADATA,
    key("event_id", "the event", of="events.event_id"),
    required("delivery_start_at", UtcDateTime, "start of delivery, UTC"),
    required("delivery_end_at", UtcDateTime, "end of delivery, exclusive, UTC"),
    required("method", Text, "the rule that was applied, or the named fallback"),
    required("days_used", JSON, "civil days that were averaged, YYYY-MM-DD"),
    required("raw_kw", Profile, "before the same-day adjustment, kW"),
    required("adjustment_kw", Quantity, "added to every interval, kW"),
    required("adjusted", Boolean, "whether the same-day adjustment could be made"),
    required("adjusted_kw", Profile, "after it, kW"),
    required("rule_id", ID, "the rule it was made by"),
    required("rule_digest", ID, "SHA-256 of the rule's content"),
    required("site_ids", JSON, "the sites whose loads were added"),
    required("data_version", ID, "SHA-256 of the sum's readings"),
    required("notes", JSON, "what a reader must know"),
    *tracked(),
    comment="what an event's sites together would have used, by a baseline of their summed load; frozen",
)
