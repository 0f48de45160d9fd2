"""What sites have shown that they can do, and a row to see whether the database takes writes."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True)
NUMBER = sa.Double()


def _required(name: str, kind: sa.types.TypeEngine, comment: str) -> sa.Column:
    return sa.Column(name, kind, nullable=False, comment=comment)


def _optional(name: str, kind: sa.types.TypeEngine, comment: str) -> sa.Column:
    return sa.Column(name, kind, nullable=True, comment=comment)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "site_scores",
        _required("score_id", ID, "{event}-{site}"),
        _required("site_id", ID, "the site"),
        _required("event_id", ID, "the event in which it showed it"),
        _required("purpose", ID, "why the event called the site: test, market or mandatory"),
        _required("delivery_start_at", INSTANT, "start of delivery, UTC"),
        _required("target_kw", NUMBER, "mean reduction asked for, kW"),
        _required("event_observed_ratio", NUMBER, "share of the event's readings that came in time"),
        _required("month_observed_ratio", NUMBER, "share of the readings of the days before that there are"),
        _required("error_kw", NUMBER, "what a delivered kW may be off by, kW"),
        _required("error_source", ID, "what that was taken from: placebo, quiet_hours or none"),
        _required("doubtful_ratio", NUMBER, "share of the event's readings that are estimated or bad"),
        _required("reached_ratio", NUMBER, "delivered energy over energy asked for, what is above left out"),
        _optional("response_delay_s", NUMBER, "until a tenth of the target, s; null if never"),
        _optional("full_delay_s", NUMBER, "until nine tenths of the target, s; null if never"),
        _optional("ramp_kw_per_min", NUMBER, "between the two, kW per minute; null if never"),
        _optional(
            "steadiness_ratio", NUMBER, "how little delivery varied about the target, 0..1; null if not seen"
        ),
        _required("observability_ratio", NUMBER, "whether the site can be seen, 0..1"),
        _required("measurability_ratio", NUMBER, "whether its delivery can be told from noise, 0..1"),
        _required("controllability_ratio", NUMBER, "whether it does what it is asked, 0..1"),
        _required("revision", sa.BigInteger(), "rises with every write, from 1"),
        _required("created_at", INSTANT, "when the row was first written, UTC"),
        _required("updated_at", INSTANT, "when the row was last written, UTC"),
        sa.PrimaryKeyConstraint("score_id", name=op.f("pk_site_scores")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name=op.f("fk_site_scores_site_id")),
        sa.ForeignKeyConstraint(["event_id"], ["events.event_id"], name=op.f("fk_site_scores_event_id")),
        comment="scores of sites, one per event in which they were called; never changed",
    )
    op.create_index(op.f("ix_site_scores_site_id_score_id"), "site_scores", ["site_id", "score_id"])
    op.create_index(op.f("ix_site_scores_event_id_score_id"), "site_scores", ["event_id", "score_id"])
    op.create_index(op.f("ix_site_scores_delivery_start_at"), "site_scores", ["delivery_start_at"])
    op.create_table(
        "probes",
        _required("probe_id", ID, "always readiness"),
        _required("written_count", sa.BigInteger(), "how often it has been written"),
        _required("written_at", INSTANT, "when it was last written, UTC"),
        sa.PrimaryKeyConstraint("probe_id", name=op.f("pk_probes")),
        comment="one row that hubs write to see whether the database takes a write",
    )


def downgrade() -> None:
    """Drop the tables; what sites have shown is lost."""
    op.drop_table("probes")
    op.drop_table("site_scores")
