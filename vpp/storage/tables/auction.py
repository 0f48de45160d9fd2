"""What is offered and bought."""

from sqlalchemy import JSON, ForeignKeyConstraint, Integer, Table, Text

from vpp.storage.column_types import MicroAmount, Profile, Quantity, UtcDateTime
from vpp.storage.tables.schema import ID, METADATA, key, lookup, optional, reference, required, tracked

AUCTIONS = Table(
    "auctions",
    METADATA,
    key("auction_id", "last part of auctions/{auction}"),
    required("product_id", ID, "product whose rules apply"),
    required("product_version", Integer, "version of the product's rules"),
    required("zone", ID, "zone in which reductions count"),
    required("delivery_start_at", UtcDateTime, "start of delivery, UTC"),
    required("delivery_end_at", UtcDateTime, "end of delivery, exclusive, UTC"),
    required("target_reduction_kw", Profile, "reduction asked for per settlement interval, kW"),
    required("price_cap_per_mwh", MicroAmount, "highest price, millionths of the product's currency per MWh"),
    required("gate_closes_at", UtcDateTime, "bids are taken until then, exclusive, UTC"),
    optional("rebound_headroom_kw", Quantity, "largest rebound of all sites together, kW; null for no limit"),
    reference("operator_party_id", "who buys", of="parties.party_id"),
    required("state", ID, "open, gate_closed, cleared or cancelled"),
    optional("terms", JSON(none_as_null=True), "what the buyer asks beside the target; null for nothing"),
    optional("uniform_price", ID, "which uniform price is published; null for fixed_binaries"),
    optional("tie_rule", ID, "who serves when several ask the same; null for price_time"),
    optional("direction", ID, "load_up where an increase is asked for; null for load_down"),
    *tracked(),
    ForeignKeyConstraint(["product_id", "product_version"], ["products.product_id", "products.version"]),
    lookup("state", "auction_id"),  # what is open
    lookup("product_id", "auction_id"),  # auctions of a product
    lookup("zone", "auction_id"),  # auctions a site can bid in
    lookup("operator_party_id", "auction_id"),  # an operator's own
    comment="tenders of operators for reductions",
)

BIDS = Table(
    "bids",
    METADATA,
    key("bid_id", "last part of bids/{bid}"),
    reference("site_id", "the site that offers", of="sites.site_id"),
    required("resource_id", ID, "the flexible resource"),
    required("zone", ID, "zone of the site"),
    required("submitted_at", UtcDateTime, "when it was entered, UTC; decides ties"),
    required("delivery_ratio", Quantity, "share of the offer that is expected to be delivered"),
    required("offer", JSON, "steps, block or store with kW and prices; prices as decimal text"),
    optional("energy_limit_kwh", Quantity, "largest reduction energy, kWh; null for no limit"),
    optional("rebound", JSON(none_as_null=True), "expected rebound; null for none"),
    optional("exclusive_group", ID, "at most one bid of a group is accepted"),
    optional("parent_bid_id", ID, "accepted only if this one is"),
    reference("auction_id", "the auction; null for a standing bid", of="auctions.auction_id", nullable=True),
    required("product_id", ID, "the product it is for"),
    optional("expires_at", UtcDateTime, "standing bids: valid until then, UTC"),
    required("state", ID, "submitted, withdrawn, awarded or rejected"),
    required("reason", Text, "why it was accepted or rejected"),
    required("reason_detail", Text, "the numbers that prove the reason"),
    optional("conditions", JSON(none_as_null=True), "run limits, migration, direction; null for none"),
    *tracked(),
    optional("sealed", Text, "all that the bid offers, encrypted, base64; null once it is open"),
    optional("sealing_key", ID, "key that it is encrypted with; null once it is open"),
    optional("commitment", ID, "SHA-256 of nonce and content, hexadecimal; null where none was made"),
    optional(
        "commitment_nonce", Text, "random bytes of the commitment, hexadecimal; null while it is sealed"
    ),
    optional("currency", ID, "currency of its prices as it was entered; null where it was not kept"),
    lookup("auction_id", "bid_id"),  # the book of an auction
    lookup("site_id", "bid_id"),  # a site's own bids
    lookup("product_id", "bid_id"),  # standing bids that an emergency can call
    lookup("state", "bid_id"),  # what still stands
    comment="sealed offers, and what became of them",
)

SEALING_KEYS = Table(
    "sealing_keys",
    METADATA,
    key("key_id", "name of the key; the key itself is in the hub's file"),
    required("created_at", UtcDateTime, "when a hub first began to seal with it, UTC"),
    comment="keys that bids are or were sealed with, so that a hub without them does not start",
)

CLEARINGS = Table(
    "clearings",
    METADATA,
    key("event_id", "the event", of="events.event_id"),
    required("document", JSON, "the clearing, with everything needed to check it"),
    *tracked(),
    comment="how each event was cleared",
)

AWARDS = Table(
    "awards",
    METADATA,
    key("award_id", "{event}-{bid}"),
    reference("event_id", "the event it serves", of="events.event_id"),
    reference("bid_id", "the bid it was made for", of="bids.bid_id"),
    reference("site_id", "the site", of="sites.site_id"),
    required("resource_id", ID, "the flexible resource"),
    required("delivery_start_at", UtcDateTime, "start of delivery, UTC"),
    required("delivery_end_at", UtcDateTime, "end of delivery, exclusive, UTC"),
    required("reduction_kw", Profile, "awarded reduction per delivery interval, kW"),
    required("rebound_kw", Profile, "expected rebound per interval from the start on, kW"),
    required("price_per_mwh", JSON, "price per delivery interval, as decimal text"),
    required("make_whole", MicroAmount, "paid once, millionths of the product's currency"),
    required("reason", Text, "why it was accepted"),
    *tracked(),
    lookup("event_id", "award_id"),  # what an event bought
    lookup("site_id", "award_id"),  # what a site sold
    lookup("bid_id", "award_id"),  # what became of a bid
    comment="what was bought from each bid",
)
