"""The first schema.

Written out with plain types: what it creates stays as it is, however the hub's own column types
change. Why a table or an index exists is said in `vpp.storage.tables`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:  # noqa: PLR0915  one statement per table and index
    """Create every table."""
    op.create_table(
        "audit",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False, comment="order of the records"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="when, UTC"),
        sa.Column("actor", sa.Text(), nullable=False, comment="principal, or hub for what falls due"),
        sa.Column("action", sa.Text(), nullable=False, comment="name of the workflow"),
        sa.Column("subject", sa.Text(), nullable=False, comment="name of what was changed"),
        sa.Column("detail", sa.JSON(), nullable=False, comment="the figures, as text"),
        sa.PrimaryKeyConstraint("number", name="pk_audit"),
        comment="append-only record of who changed what",
        sqlite_autoincrement=True,
    )
    op.create_table(
        "deadlines",
        sa.Column("kind", sa.Text(), nullable=False, comment="what falls due"),
        sa.Column("subject_id", ID, nullable=False, comment="for which auction, event or day"),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False, comment="when, UTC"),
        sa.Column("state", sa.Text(), nullable=False, comment="open, done or cancelled"),
        sa.Column(
            "lease_ends_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="until when a claim keeps it from others, UTC",
        ),
        sa.Column("revision", sa.BigInteger(), nullable=False, comment="rises with every write, from 1"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when the row was first written, UTC",
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when the row was last written, UTC",
        ),
        sa.PrimaryKeyConstraint("kind", "subject_id", name="pk_deadlines"),
        comment="what falls due, claimed once",
    )
    op.create_index(
        "ix_deadlines_open",
        "deadlines",
        ["due_at", "kind", "subject_id"],
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "parties",
        sa.Column("party_id", ID, nullable=False, comment="last part of parties/{party}"),
        sa.Column("display_name", sa.Text(), nullable=False, comment="name on the statement"),
        sa.Column("kind", sa.Text(), nullable=False, comment="operator, aggregator or site_owner"),
        sa.Column("revision", sa.BigInteger(), nullable=False, comment="rises with every write, from 1"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when the row was first written, UTC",
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when the row was last written, UTC",
        ),
        sa.PrimaryKeyConstraint("party_id", name="pk_parties"),
        comment="legal persons that statements are written for",
    )
    op.create_table(
        "products",
        sa.Column("product_id", ID, nullable=False, comment="last part of products/{product}"),
        sa.Column(
            "version", sa.Integer(), nullable=False, comment="counts the versions of the product from 1"
        ),
        sa.Column("document", sa.JSON(), nullable=False, comment="the profile: market rules as data"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when this version was added, UTC",
        ),
        sa.PrimaryKeyConstraint("product_id", "version", name="pk_products"),
        comment="versions of product profiles; never changed once added",
    )
    op.create_table(
        "requests",
        sa.Column("request_key", ID, nullable=False, comment="{principal}-{request_id}"),
        sa.Column("method", sa.Text(), nullable=False, comment="the workflow"),
        sa.Column("fingerprint", sa.Text(), nullable=False, comment="SHA-256 of the request's content"),
        sa.Column("subject_id", ID, nullable=False, comment="what it made or changed"),
        sa.Column("revision", sa.BigInteger(), nullable=False, comment="rises with every write, from 1"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when the row was first written, UTC",
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when the row was last written, UTC",
        ),
        sa.PrimaryKeyConstraint("request_key", name="pk_requests"),
        comment="requests that had an effect, so that a repeat has none",
    )
    op.create_table(
        "auctions",
        sa.Column("auction_id", ID, nullable=False, comment="last part of auctions/{auction}"),
        sa.Column("product_id", ID, nullable=False, comment="product whose rules apply"),
        sa.Column("product_version", sa.Integer(), nullable=False, comment="version of the product's rules"),
        sa.Column("zone", ID, nullable=False, comment="zone in which reductions count"),
        sa.Column(
            "delivery_start_at", sa.DateTime(timezone=True), nullable=False, comment="start of delivery, UTC"
        ),
        sa.Column(
            "delivery_end_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="end of delivery, exclusive, UTC",
        ),
        sa.Column(
            "target_reduction_kw",
            sa.JSON(),
            nullable=False,
            comment="reduction asked for per settlement interval, kW",
        ),
        sa.Column(
            "price_cap_per_mwh",
            sa.BigInteger(),
            nullable=False,
            comment="highest price, millionths of the product's currency per MWh",
        ),
        sa.Column(
            "gate_closes_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="bids are taken until then, exclusive, UTC",
        ),
        sa.Column(
            "rebound_headroom_kw",
            sa.Double(),
            nullable=True,
            comment="largest rebound of all sites together, kW; null for no limit",
        ),
        sa.Column("operator_party_id", ID, nullable=False, comment="who buys"),
        sa.Column("state", ID, nullable=False, comment="open, gate_closed, cleared or cancelled"),
        sa.Column("revision", sa.BigInteger(), nullable=False, comment="rises with every write, from 1"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when the row was first written, UTC",
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when the row was last written, UTC",
        ),
        sa.ForeignKeyConstraint(
            ["operator_party_id"], ["parties.party_id"], name="fk_auctions_operator_party_id"
        ),
        sa.ForeignKeyConstraint(
            ["product_id", "product_version"],
            ["products.product_id", "products.version"],
            name="fk_auctions_product_id_product_version",
        ),
        sa.PrimaryKeyConstraint("auction_id", name="pk_auctions"),
        comment="tenders of operators for reductions",
    )
    op.create_index(
        "ix_auctions_operator_party_id_auction_id", "auctions", ["operator_party_id", "auction_id"]
    )
    op.create_index("ix_auctions_product_id_auction_id", "auctions", ["product_id", "auction_id"])
    op.create_index("ix_auctions_state_auction_id", "auctions", ["state", "auction_id"])
    op.create_index("ix_auctions_zone_auction_id", "auctions", ["zone", "auction_id"])
    op.create_table(
        "sites",
        sa.Column("site_id", ID, nullable=False, comment="last part of sites/{site}"),
        sa.Column("party_id", ID, nullable=False, comment="owner, who is paid for the site's delivery"),
        sa.Column("display_name", sa.Text(), nullable=False, comment="name for people"),
        sa.Column("zone", ID, nullable=False, comment="price or network zone of the point of connection"),
        sa.Column("time_zone", sa.Text(), nullable=False, comment="IANA name of the site's civil time"),
        sa.Column(
            "import_limit_kw",
            sa.Double(),
            nullable=False,
            comment="largest net consumption the connection allows, kW",
        ),
        sa.Column(
            "metering_interval_s", sa.Double(), nullable=False, comment="length of the metering intervals, s"
        ),
        sa.Column("revision", sa.BigInteger(), nullable=False, comment="rises with every write, from 1"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when the row was first written, UTC",
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when the row was last written, UTC",
        ),
        sa.ForeignKeyConstraint(["party_id"], ["parties.party_id"], name="fk_sites_party_id"),
        sa.PrimaryKeyConstraint("site_id", name="pk_sites"),
        comment="compute centres, each behind one point of connection",
    )
    op.create_index("ix_sites_party_id_site_id", "sites", ["party_id", "site_id"])
    op.create_index("ix_sites_zone_site_id", "sites", ["zone", "site_id"])
    op.create_table(
        "statements",
        sa.Column("statement_id", ID, nullable=False, comment="{party}-{period}-v{version}"),
        sa.Column("party_id", ID, nullable=False, comment="the party it was written for"),
        sa.Column("period", ID, nullable=False, comment="settlement period, YYYY-MM"),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="counts the versions of this party and period from 1",
        ),
        sa.Column("run_type", sa.Text(), nullable=False, comment="initial, recalc, final or adjustment"),
        sa.Column("line_count", sa.Integer(), nullable=False, comment="how many lines it has"),
        sa.Column("currency", sa.Text(), nullable=False, comment="ISO 4217 code"),
        sa.Column(
            "total",
            sa.BigInteger(),
            nullable=False,
            comment="sum of the lines, millionths; positive is paid to the party",
        ),
        sa.Column(
            "delta", sa.BigInteger(), nullable=False, comment="change against the version before, millionths"
        ),
        sa.Column(
            "csv_sha256", sa.Text(), nullable=False, comment="of the statement's CSV file, hexadecimal"
        ),
        sa.Column("revision", sa.BigInteger(), nullable=False, comment="rises with every write, from 1"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when the row was first written, UTC",
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when the row was last written, UTC",
        ),
        sa.ForeignKeyConstraint(["party_id"], ["parties.party_id"], name="fk_statements_party_id"),
        sa.PrimaryKeyConstraint("statement_id", name="pk_statements"),
        comment="statements; their files are in statement_files",
    )
    op.create_index("ix_statements_party_id_statement_id", "statements", ["party_id", "statement_id"])
    op.create_index("ix_statements_period_statement_id", "statements", ["period", "statement_id"])
    op.create_table(
        "bids",
        sa.Column("bid_id", ID, nullable=False, comment="last part of bids/{bid}"),
        sa.Column("site_id", ID, nullable=False, comment="the site that offers"),
        sa.Column("resource_id", ID, nullable=False, comment="the flexible resource"),
        sa.Column("zone", ID, nullable=False, comment="zone of the site"),
        sa.Column(
            "submitted_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when it was entered, UTC; decides ties",
        ),
        sa.Column(
            "delivery_ratio",
            sa.Double(),
            nullable=False,
            comment="share of the offer that is expected to be delivered",
        ),
        sa.Column(
            "offer",
            sa.JSON(),
            nullable=False,
            comment="steps or block with kW and prices; prices as decimal text",
        ),
        sa.Column(
            "energy_limit_kwh",
            sa.Double(),
            nullable=True,
            comment="largest reduction energy, kWh; null for no limit",
        ),
        sa.Column("rebound", sa.JSON(), nullable=True, comment="expected rebound; null for none"),
        sa.Column("exclusive_group", ID, nullable=True, comment="at most one bid of a group is accepted"),
        sa.Column("parent_bid_id", ID, nullable=True, comment="accepted only if this one is"),
        sa.Column("auction_id", ID, nullable=True, comment="the auction; null for a standing bid"),
        sa.Column("product_id", ID, nullable=False, comment="the product it is for"),
        sa.Column(
            "expires_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="standing bids: valid until then, UTC",
        ),
        sa.Column("state", ID, nullable=False, comment="submitted, withdrawn, awarded or rejected"),
        sa.Column("reason", sa.Text(), nullable=False, comment="why it was accepted or rejected"),
        sa.Column("reason_detail", sa.Text(), nullable=False, comment="the numbers that prove the reason"),
        sa.Column("revision", sa.BigInteger(), nullable=False, comment="rises with every write, from 1"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when the row was first written, UTC",
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when the row was last written, UTC",
        ),
        sa.ForeignKeyConstraint(["auction_id"], ["auctions.auction_id"], name="fk_bids_auction_id"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name="fk_bids_site_id"),
        sa.PrimaryKeyConstraint("bid_id", name="pk_bids"),
        comment="sealed offers, and what became of them",
    )
    op.create_index("ix_bids_auction_id_bid_id", "bids", ["auction_id", "bid_id"])
    op.create_index("ix_bids_product_id_bid_id", "bids", ["product_id", "bid_id"])
    op.create_index("ix_bids_site_id_bid_id", "bids", ["site_id", "bid_id"])
    op.create_index("ix_bids_state_bid_id", "bids", ["state", "bid_id"])
    op.create_table(
        "disputes",
        sa.Column("dispute_id", ID, nullable=False, comment="last part of disputes/{dispute}"),
        sa.Column("statement_id", ID, nullable=False, comment="the statement"),
        sa.Column("party_id", ID, nullable=False, comment="who objects"),
        sa.Column(
            "line_numbers",
            sa.JSON(),
            nullable=False,
            comment="lines objected to; [] means the whole statement",
        ),
        sa.Column("description", sa.Text(), nullable=False, comment="what is wrong, in words"),
        sa.Column("state", ID, nullable=False, comment="open, upheld, rejected or withdrawn"),
        sa.Column("resolution", sa.Text(), nullable=False, comment="what settlement staff answered"),
        sa.Column("revision", sa.BigInteger(), nullable=False, comment="rises with every write, from 1"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when the row was first written, UTC",
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when the row was last written, UTC",
        ),
        sa.ForeignKeyConstraint(["party_id"], ["parties.party_id"], name="fk_disputes_party_id"),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["statements.statement_id"], name="fk_disputes_statement_id"
        ),
        sa.PrimaryKeyConstraint("dispute_id", name="pk_disputes"),
        comment="objections to statements",
    )
    op.create_index("ix_disputes_party_id_dispute_id", "disputes", ["party_id", "dispute_id"])
    op.create_index("ix_disputes_state_dispute_id", "disputes", ["state", "dispute_id"])
    op.create_index("ix_disputes_statement_id_dispute_id", "disputes", ["statement_id", "dispute_id"])
    op.create_table(
        "enrolments",
        sa.Column("enrolment_id", ID, nullable=False, comment="last part of enrolments/{enrolment}"),
        sa.Column("site_id", ID, nullable=False, comment="the site"),
        sa.Column("product_id", ID, nullable=False, comment="the product, in whichever version is newest"),
        sa.Column("state", ID, nullable=False, comment="pending, active, suspended or withdrawn"),
        sa.Column("revision", sa.BigInteger(), nullable=False, comment="rises with every write, from 1"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when the row was first written, UTC",
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when the row was last written, UTC",
        ),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name="fk_enrolments_site_id"),
        sa.PrimaryKeyConstraint("enrolment_id", name="pk_enrolments"),
        comment="participation of sites in products",
    )
    op.create_index("ix_enrolments_product_id_enrolment_id", "enrolments", ["product_id", "enrolment_id"])
    op.create_index("ix_enrolments_site_id_enrolment_id", "enrolments", ["site_id", "enrolment_id"])
    op.create_index("ix_enrolments_state_enrolment_id", "enrolments", ["state", "enrolment_id"])
    op.create_table(
        "events",
        sa.Column("event_id", ID, nullable=False, comment="last part of events/{event}"),
        sa.Column("product_id", ID, nullable=False, comment="product whose rules apply"),
        sa.Column("product_version", sa.Integer(), nullable=False, comment="version of the product's rules"),
        sa.Column("zone", ID, nullable=False, comment="zone in which reductions count"),
        sa.Column(
            "delivery_start_at", sa.DateTime(timezone=True), nullable=False, comment="start of delivery, UTC"
        ),
        sa.Column(
            "delivery_end_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="end of delivery, exclusive, UTC",
        ),
        sa.Column(
            "target_reduction_kw",
            sa.JSON(),
            nullable=False,
            comment="reduction asked for per settlement interval, kW",
        ),
        sa.Column(
            "awarded_reduction_kw",
            sa.JSON(),
            nullable=False,
            comment="reduction awarded per settlement interval, kW; [] before clearing",
        ),
        sa.Column(
            "price_cap_per_mwh",
            sa.BigInteger(),
            nullable=False,
            comment="highest price, millionths of the product's currency per MWh",
        ),
        sa.Column("operator_party_id", ID, nullable=False, comment="who buys"),
        sa.Column("auction_id", ID, nullable=True, comment="where it came from; null for an emergency"),
        sa.Column(
            "state",
            ID,
            nullable=False,
            comment="draft, open, gate_closed, cleared, offered, accepted, scheduled, active, ended, ...",
        ),
        sa.Column("failure_reason", sa.Text(), nullable=False, comment="empty unless failed"),
        sa.Column("modification_number", sa.Integer(), nullable=False, comment="counts the modifications"),
        sa.Column(
            "cancelled_at", sa.DateTime(timezone=True), nullable=True, comment="when it was cancelled, UTC"
        ),
        sa.Column("revision", sa.BigInteger(), nullable=False, comment="rises with every write, from 1"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when the row was first written, UTC",
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when the row was last written, UTC",
        ),
        sa.ForeignKeyConstraint(["auction_id"], ["auctions.auction_id"], name="fk_events_auction_id"),
        sa.ForeignKeyConstraint(
            ["operator_party_id"], ["parties.party_id"], name="fk_events_operator_party_id"
        ),
        sa.ForeignKeyConstraint(
            ["product_id", "product_version"],
            ["products.product_id", "products.version"],
            name="fk_events_product_id_product_version",
        ),
        sa.PrimaryKeyConstraint("event_id", name="pk_events"),
        comment="demand-response events",
    )
    op.create_index("ix_events_auction_id_event_id", "events", ["auction_id", "event_id"])
    op.create_index("ix_events_operator_party_id_event_id", "events", ["operator_party_id", "event_id"])
    op.create_index("ix_events_product_id_event_id", "events", ["product_id", "event_id"])
    op.create_index("ix_events_state_event_id", "events", ["state", "event_id"])
    op.create_index("ix_events_zone_event_id", "events", ["zone", "event_id"])
    op.create_table(
        "forecasts",
        sa.Column("site_id", ID, nullable=False, comment="the site"),
        sa.Column(
            "horizon_start_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="start of the span it covers, UTC",
        ),
        sa.Column(
            "horizon_end_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="end of the span it covers, exclusive, UTC",
        ),
        sa.Column(
            "made_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when it was made, UTC; nothing later was known to it",
        ),
        sa.Column("step_s", sa.Integer(), nullable=False, comment="length of an interval, s"),
        sa.Column("method", sa.Text(), nullable=False, comment="the models behind it, or the named fallback"),
        sa.Column("p10_kw", sa.JSON(), nullable=False, comment="undercut in one case of ten, kW"),
        sa.Column("p50_kw", sa.JSON(), nullable=False, comment="undercut in one case of two, kW"),
        sa.Column("p90_kw", sa.JSON(), nullable=False, comment="exceeded in one case of ten, kW"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name="fk_forecasts_site_id"),
        sa.PrimaryKeyConstraint("site_id", "horizon_start_at", name="pk_forecasts"),
        comment="day-ahead load forecasts, kept as they were made",
    )
    op.create_table(
        "outbox",
        sa.Column("site_id", ID, nullable=False, comment="who is owed it"),
        sa.Column(
            "sequence",
            sa.BigInteger(),
            nullable=False,
            comment="counts the site's messages from 1 without gaps",
        ),
        sa.Column("kind", sa.Text(), nullable=False, comment="what it tells the site"),
        sa.Column("subject_id", ID, nullable=False, comment="auction, event or instruction that it is about"),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), nullable=False, comment="when it was committed, UTC"
        ),
        sa.Column(
            "acknowledged_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when the site said that it holds it, UTC; null while open",
        ),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name="fk_outbox_site_id"),
        sa.PrimaryKeyConstraint("site_id", "sequence", name="pk_outbox"),
        comment="messages owed to sites until they acknowledge",
    )
    op.create_index(
        "ix_outbox_open",
        "outbox",
        ["site_id", "sequence"],
        sqlite_where=sa.text("acknowledged_at IS NULL"),
        postgresql_where=sa.text("acknowledged_at IS NULL"),
    )
    op.create_table(
        "outbox_counters",
        sa.Column("site_id", ID, nullable=False, comment="the site"),
        sa.Column(
            "last_sequence", sa.BigInteger(), nullable=False, comment="highest sequence given to the site"
        ),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name="fk_outbox_counters_site_id"),
        sa.PrimaryKeyConstraint("site_id", name="pk_outbox_counters"),
        comment="one row per site; its lock gives out sequences without gaps",
    )
    op.create_table(
        "resources",
        sa.Column("resource_key", ID, nullable=False, comment="{site}/{resource}"),
        sa.Column("site_id", ID, nullable=False, comment="site it belongs to"),
        sa.Column(
            "resource_id", ID, nullable=False, comment="last part of sites/{site}/resources/{resource}"
        ),
        sa.Column("kind", sa.Text(), nullable=False, comment="deferrable_load, ups, chiller or battery"),
        sa.Column("max_reduction_kw", sa.Double(), nullable=False, comment="largest reduction, kW"),
        sa.Column(
            "min_reduction_kw", sa.Double(), nullable=False, comment="smallest reduction, kW; 0 means any"
        ),
        sa.Column(
            "response_time_s", sa.Double(), nullable=False, comment="from command to full reduction, s"
        ),
        sa.Column(
            "min_duration_s", sa.Double(), nullable=False, comment="shortest activation, s; 0 means any"
        ),
        sa.Column("max_duration_s", sa.Double(), nullable=False, comment="longest activation, s"),
        sa.Column(
            "energy_budget_kwh",
            sa.Double(),
            nullable=False,
            comment="largest reduction energy per activation, kWh",
        ),
        sa.Column(
            "recovery_ratio", sa.Double(), nullable=False, comment="energy paid back per energy reduced"
        ),
        sa.Column(
            "recovery_duration_s",
            sa.Double(),
            nullable=False,
            comment="time after release in which it is paid back, s",
        ),
        sa.Column("revision", sa.BigInteger(), nullable=False, comment="rises with every write, from 1"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when the row was first written, UTC",
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when the row was last written, UTC",
        ),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name="fk_resources_site_id"),
        sa.PrimaryKeyConstraint("resource_key", name="pk_resources"),
        sa.UniqueConstraint("site_id", "resource_id", name="uq_resources_site_id_resource_id"),
        comment="controllable assets and what they may be asked to do",
    )
    op.create_index("ix_resources_site_id_resource_key", "resources", ["site_id", "resource_key"])
    op.create_table(
        "statement_files",
        sa.Column("statement_id", ID, nullable=False, comment="the statement"),
        sa.Column("file_name", sa.Text(), nullable=False, comment="name of the file"),
        sa.Column("content", sa.LargeBinary(), nullable=False, comment="the file, byte for byte"),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["statements.statement_id"], name="fk_statement_files_statement_id"
        ),
        sa.PrimaryKeyConstraint("statement_id", "file_name", name="pk_statement_files"),
        comment="files of statements",
    )
    op.create_table(
        "telemetry_envelopes",
        sa.Column(
            "received_number",
            NUMBER,
            autoincrement=True,
            nullable=False,
            comment="order in which envelopes were received",
        ),
        sa.Column("site_id", ID, nullable=False, comment="whose readings"),
        sa.Column("sequence", sa.BigInteger(), nullable=False, comment="counts the site's batches from 1"),
        sa.Column(
            "start_at", sa.DateTime(timezone=True), nullable=False, comment="start of the first interval, UTC"
        ),
        sa.Column(
            "end_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="end of the last interval, exclusive, UTC",
        ),
        sa.Column(
            "sample_interval_s", sa.Double(), nullable=False, comment="length of the interval of a value, s"
        ),
        sa.Column("sample_count", sa.Integer(), nullable=False, comment="how many values there are"),
        sa.Column(
            "net_power_kw",
            sa.LargeBinary(),
            nullable=False,
            comment="mean net power, kW, consumption positive; float64, little-endian",
        ),
        sa.Column(
            "quality", sa.SmallInteger(), nullable=False, comment="1 ok, 2 estimated, 3 missing, 4 bad"
        ),
        sa.Column(
            "received_at", sa.DateTime(timezone=True), nullable=False, comment="when it was committed, UTC"
        ),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name="fk_telemetry_envelopes_site_id"),
        sa.PrimaryKeyConstraint("received_number", name="pk_telemetry_envelopes"),
        sa.UniqueConstraint("site_id", "sequence", name="uq_telemetry_envelopes_site_id_sequence"),
        comment="batches of readings, one row each; never updated",
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_telemetry_envelopes_site_id_end_at_start_at",
        "telemetry_envelopes",
        ["site_id", "end_at", "start_at"],
    )
    op.create_table(
        "awards",
        sa.Column("award_id", ID, nullable=False, comment="{event}-{bid}"),
        sa.Column("event_id", ID, nullable=False, comment="the event it serves"),
        sa.Column("bid_id", ID, nullable=False, comment="the bid it was made for"),
        sa.Column("site_id", ID, nullable=False, comment="the site"),
        sa.Column("resource_id", ID, nullable=False, comment="the flexible resource"),
        sa.Column(
            "delivery_start_at", sa.DateTime(timezone=True), nullable=False, comment="start of delivery, UTC"
        ),
        sa.Column(
            "delivery_end_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="end of delivery, exclusive, UTC",
        ),
        sa.Column(
            "reduction_kw", sa.JSON(), nullable=False, comment="awarded reduction per delivery interval, kW"
        ),
        sa.Column(
            "rebound_kw",
            sa.JSON(),
            nullable=False,
            comment="expected rebound per interval from the start on, kW",
        ),
        sa.Column(
            "price_per_mwh", sa.JSON(), nullable=False, comment="price per delivery interval, as decimal text"
        ),
        sa.Column(
            "make_whole",
            sa.BigInteger(),
            nullable=False,
            comment="paid once, millionths of the product's currency",
        ),
        sa.Column("reason", sa.Text(), nullable=False, comment="why it was accepted"),
        sa.Column("revision", sa.BigInteger(), nullable=False, comment="rises with every write, from 1"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when the row was first written, UTC",
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when the row was last written, UTC",
        ),
        sa.ForeignKeyConstraint(["bid_id"], ["bids.bid_id"], name="fk_awards_bid_id"),
        sa.ForeignKeyConstraint(["event_id"], ["events.event_id"], name="fk_awards_event_id"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name="fk_awards_site_id"),
        sa.PrimaryKeyConstraint("award_id", name="pk_awards"),
        comment="what was bought from each bid",
    )
    op.create_index("ix_awards_bid_id_award_id", "awards", ["bid_id", "award_id"])
    op.create_index("ix_awards_event_id_award_id", "awards", ["event_id", "award_id"])
    op.create_index("ix_awards_site_id_award_id", "awards", ["site_id", "award_id"])
    op.create_table(
        "baselines",
        sa.Column("baseline_id", ID, nullable=False, comment="{event}-{site}"),
        sa.Column("event_id", ID, nullable=False, comment="the event"),
        sa.Column("site_id", ID, nullable=False, comment="the site"),
        sa.Column(
            "delivery_start_at", sa.DateTime(timezone=True), nullable=False, comment="start of delivery, UTC"
        ),
        sa.Column(
            "delivery_end_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="end of delivery, exclusive, UTC",
        ),
        sa.Column(
            "method", sa.Text(), nullable=False, comment="the rule that was applied, or the named fallback"
        ),
        sa.Column(
            "days_used", sa.JSON(), nullable=False, comment="civil days that were averaged, YYYY-MM-DD"
        ),
        sa.Column("raw_kw", sa.JSON(), nullable=False, comment="before the same-day adjustment, kW"),
        sa.Column("adjustment_kw", sa.Double(), nullable=False, comment="added to every interval, kW"),
        sa.Column(
            "adjusted", sa.Boolean(), nullable=False, comment="whether the same-day adjustment could be made"
        ),
        sa.Column("adjusted_kw", sa.JSON(), nullable=False, comment="after it, kW"),
        sa.Column("revision", sa.BigInteger(), nullable=False, comment="rises with every write, from 1"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when the row was first written, UTC",
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when the row was last written, UTC",
        ),
        sa.ForeignKeyConstraint(["event_id"], ["events.event_id"], name="fk_baselines_event_id"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name="fk_baselines_site_id"),
        sa.PrimaryKeyConstraint("baseline_id", name="pk_baselines"),
        comment="what each site would have used, frozen for settlement",
    )
    op.create_index("ix_baselines_event_id_baseline_id", "baselines", ["event_id", "baseline_id"])
    op.create_index("ix_baselines_site_id_baseline_id", "baselines", ["site_id", "baseline_id"])
    op.create_table(
        "clearings",
        sa.Column("event_id", ID, nullable=False, comment="the event"),
        sa.Column(
            "document", sa.JSON(), nullable=False, comment="the clearing, with everything needed to check it"
        ),
        sa.Column("revision", sa.BigInteger(), nullable=False, comment="rises with every write, from 1"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when the row was first written, UTC",
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when the row was last written, UTC",
        ),
        sa.ForeignKeyConstraint(["event_id"], ["events.event_id"], name="fk_clearings_event_id"),
        sa.PrimaryKeyConstraint("event_id", name="pk_clearings"),
        comment="how each event was cleared",
    )
    op.create_table(
        "instructions",
        sa.Column("instruction_id", ID, nullable=False, comment="{event}-m{modification}-{site}"),
        sa.Column("event_id", ID, nullable=False, comment="the event"),
        sa.Column("site_id", ID, nullable=False, comment="the site"),
        sa.Column(
            "modification_number",
            sa.Integer(),
            nullable=False,
            comment="modification of the event that it belongs to",
        ),
        sa.Column(
            "delivery_start_at", sa.DateTime(timezone=True), nullable=False, comment="start of delivery, UTC"
        ),
        sa.Column(
            "delivery_end_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="end of delivery, exclusive, UTC",
        ),
        sa.Column("interval_s", sa.Double(), nullable=False, comment="length of a delivery interval, s"),
        sa.Column(
            "target_reduction_kw",
            sa.JSON(),
            nullable=False,
            comment="reduction below the baseline per delivery interval, kW",
        ),
        sa.Column(
            "resource_targets", sa.JSON(), nullable=False, comment="the part of each flexible resource, kW"
        ),
        sa.Column(
            "expires_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="not to be executed from then on, UTC",
        ),
        sa.Column(
            "state",
            ID,
            nullable=False,
            comment="created, delivered, accepted, partial, refused, started, completed, aborted, ...",
        ),
        sa.Column(
            "reason", sa.Text(), nullable=False, comment="why the site refuses, delivers less or stops"
        ),
        sa.Column("reason_detail", sa.Text(), nullable=False, comment="the same in the site's own words"),
        sa.Column(
            "accepted_reduction_kw",
            sa.Double(),
            nullable=True,
            comment="with partial: what the site delivers at most, kW",
        ),
        sa.Column("revision", sa.BigInteger(), nullable=False, comment="rises with every write, from 1"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when the row was first written, UTC",
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when the row was last written, UTC",
        ),
        sa.ForeignKeyConstraint(["event_id"], ["events.event_id"], name="fk_instructions_event_id"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name="fk_instructions_site_id"),
        sa.PrimaryKeyConstraint("instruction_id", name="pk_instructions"),
        comment="what each site is told to do for an event",
    )
    op.create_index("ix_instructions_event_id_instruction_id", "instructions", ["event_id", "instruction_id"])
    op.create_index("ix_instructions_site_id_instruction_id", "instructions", ["site_id", "instruction_id"])
    op.create_index("ix_instructions_state_instruction_id", "instructions", ["state", "instruction_id"])


def downgrade() -> None:
    """Drop every table."""
    op.drop_table("instructions")
    op.drop_table("clearings")
    op.drop_table("baselines")
    op.drop_table("awards")
    op.drop_table("telemetry_envelopes")
    op.drop_table("statement_files")
    op.drop_table("resources")
    op.drop_table("outbox_counters")
    op.drop_table("outbox")
    op.drop_table("forecasts")
    op.drop_table("events")
    op.drop_table("enrolments")
    op.drop_table("disputes")
    op.drop_table("bids")
    op.drop_table("statements")
    op.drop_table("sites")
    op.drop_table("auctions")
    op.drop_table("requests")
    op.drop_table("products")
    op.drop_table("parties")
    op.drop_table("deadlines")
    op.drop_table("audit")
