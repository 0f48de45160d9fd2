"""Why events call sites, how starts are staggered, what a message is part of, and events by time.

Going back, ordered events (mandatory, test, dry run) that are not over are cancelled: the older hub
would take them for paid ones.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
EVENTS = sa.table("events", sa.column("state", ID), sa.column("purpose", ID))
PAID_OR_UNDER_WAY = ("settled", "cancelled", "failed")


def upgrade() -> None:
    """Add the columns; every event there is is a market event that starts and ends at once."""
    op.add_column(
        "events",
        sa.Column("purpose", ID, nullable=True, comment="mandatory, test or dry_run; null for market"),
    )
    op.add_column(
        "events",
        sa.Column(
            "site_ids",
            sa.JSON(none_as_null=True),
            nullable=True,
            comment="sites that an ordered event names; null for every active one of the zone",
        ),
    )
    op.add_column(
        "instructions",
        sa.Column(
            "purpose",
            ID,
            nullable=True,
            comment="why the event calls the site: mandatory, test or dry_run; null for market",
        ),
    )
    op.add_column(
        "instructions",
        sa.Column(
            "start_offset_s",
            sa.Double(),
            nullable=True,
            comment="the site begins this much after the start, s; null for none",
        ),
    )
    op.add_column(
        "instructions",
        sa.Column(
            "release_offset_s",
            sa.Double(),
            nullable=True,
            comment="the site lets go this much after the end, s; null for none",
        ),
    )
    op.add_column(
        "instructions",
        sa.Column(
            "answer",
            ID,
            nullable=True,
            comment="what the site reported last, whether or not it counts; null for nothing",
        ),
    )
    op.create_index("ix_events_delivery_end_at_event_id", "events", ["delivery_end_at", "event_id"])
    op.add_column(
        "outbox",
        sa.Column(
            "trace_parent",
            sa.Text(),
            nullable=True,
            comment="W3C trace context of what made it; null without tracing",
        ),
    )


def downgrade() -> None:
    """Cancel what the older hub would pay for, and drop the columns."""
    op.get_bind().execute(
        sa.update(EVENTS)
        .where(EVENTS.c.purpose.is_not(None), EVENTS.c.state.not_in(PAID_OR_UNDER_WAY))
        .values(state="cancelled")
    )
    op.drop_index("ix_events_delivery_end_at_event_id", "events")
    op.drop_column("outbox", "trace_parent")
    for name in ("answer", "release_offset_s", "start_offset_s", "purpose"):
        op.drop_column("instructions", name)
    for name in ("site_ids", "purpose"):
        op.drop_column("events", name)
