"""Who takes part."""

from sqlalchemy import JSON, CheckConstraint, Integer, Table, Text, UniqueConstraint

from vpp.storage.column_types import Quantity, Span, UtcDateTime
from vpp.storage.tables.schema import ID, METADATA, key, lookup, optional, reference, required, tracked

PARTIES = Table(
    "parties",
    METADATA,
    key("party_id", "last part of parties/{party}"),
    required("display_name", Text, "name on the statement"),
    required("kind", Text, "operator, aggregator or site_owner"),
    *tracked(),
    comment="legal persons that statements are written for",
)

SITES = Table(
    "sites",
    METADATA,
    key("site_id", "last part of sites/{site}"),
    reference("party_id", "owner, who is paid for the site's delivery", of="parties.party_id"),
    required("display_name", Text, "name for people"),
    required("zone", ID, "price or network zone of the point of connection"),
    required("time_zone", Text, "IANA name of the site's civil time"),
    required("import_limit_kw", Quantity, "largest net consumption the connection allows, kW"),
    required("metering_interval_s", Span, "length of the metering intervals, s"),
    optional("minimum_load_kw", Quantity, "load that is never shed, kW; null for 0"),
    *tracked(),
    lookup("party_id", "site_id"),  # an owner's sites
    lookup("zone", "site_id"),  # the sites an auction can reach
    comment="compute centres, each behind one point of connection",
)

RESOURCES = Table(
    "resources",
    METADATA,
    key("resource_key", "{site}/{resource}"),
    reference("site_id", "site it belongs to", of="sites.site_id"),
    required("resource_id", ID, "last part of sites/{site}/resources/{resource}"),
    required("kind", Text, "deferrable_load, ups, chiller or battery"),
    required("max_reduction_kw", Quantity, "largest reduction, kW"),
    required("min_reduction_kw", Quantity, "smallest reduction, kW; 0 means any"),
    required("response_time_s", Span, "from command to full reduction, s"),
    required("min_duration_s", Span, "shortest activation, s; 0 means any"),
    required("max_duration_s", Span, "longest activation, s"),
    required("energy_budget_kwh", Quantity, "largest reduction energy per activation, kWh"),
    required("recovery_ratio", Quantity, "energy paid back per energy reduced"),
    required("recovery_duration_s", Span, "time after release in which it is paid back, s"),
    optional("max_increase_kw", Quantity, "largest increase, kW; null for 0"),
    optional(
        "increase_budget_kwh", Quantity, "largest increase energy per activation, kWh; null for no budget"
    ),
    *tracked(),
    UniqueConstraint("site_id", "resource_id"),
    lookup("site_id", "resource_key"),  # a site's resources
    comment="controllable assets and what they may be asked to do",
)

PRODUCTS = Table(
    "products",
    METADATA,
    key("product_id", "last part of products/{product}"),
    key("version", "counts the versions of the product from 1", kind=Integer),
    required("document", JSON, "the profile: market rules as data"),
    required("created_at", UtcDateTime, "when this version was added, UTC"),
    comment="versions of product profiles; never changed once added",
)
PRODUCT_CHANGES = Table(
    "product_changes",
    METADATA,
    key("change_id", "last part of productChanges/{product_change}"),
    required("product_id", ID, "the product"),
    required("version", Integer, "the version that it becomes"),
    required("from_version", Integer, "the version in force when it was proposed; 0 for none"),
    required("document", JSON, "the whole profile as proposed"),
    required("reason", Text, "why, in words"),
    required("state", ID, "found, proposed, approved, rejected or withdrawn"),
    required("proposed_by", Text, "who answers for it; empty while nobody does"),
    required("proposed_person", Text, "person behind who answers for it; empty while nobody does"),
    required("proposed_party", Text, "party that they acted for; empty while nobody does"),
    required("decided_by", Text, "who decided; empty while it waits"),
    optional("decided_at", UtcDateTime, "when, UTC; null while it waits"),
    *tracked(),
    CheckConstraint(
        "state <> 'approved' OR (proposed_by <> '' AND decided_by NOT IN ('', proposed_by))",
        name="ck_product_changes_two_people",
    ),
    lookup("product_id", "change_id"),  # changes of a product
    lookup("state", "change_id"),  # what waits
    comment="versions of products that one person proposes and another puts in force",
)

ENROLMENTS = Table(
    "enrolments",
    METADATA,
    key("enrolment_id", "last part of enrolments/{enrolment}"),
    reference("site_id", "the site", of="sites.site_id"),
    required("product_id", ID, "the product, in whichever version is newest"),
    required("state", ID, "pending, active, suspended or withdrawn"),
    *tracked(),
    lookup("site_id", "enrolment_id"),  # what a site takes part in
    lookup("product_id", "enrolment_id"),  # whom to invite
    lookup("state", "enrolment_id"),  # what waits for approval
    comment="participation of sites in products",
)
