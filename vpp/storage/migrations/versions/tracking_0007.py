"""Every look at an event in its course: what was seen, what was expected, what was done.

Going back, the looks go, and the deadlines for further ones are closed: the older hub knows no such
deadlines.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
AT = sa.DateTime(timezone=True)
DEADLINES = sa.table("deadlines", sa.column("kind", ID))


def upgrade() -> None:
    """Create the table; there are no looks yet."""
    op.create_table(
        "tracking_ticks",
        _column("event_id", ID, "the event"),
        _column("due_at", AT, "when the look fell due, UTC"),
        _column("looked_at", AT, "when it was made, UTC; what the meters had shown by then it saw"),
        _column("modification_number", sa.BigInteger(), "of the event, after what was done"),
        _column("target_kw", sa.JSON(), "reduction asked for per delivery interval, kW"),
        _column("instructed_kw", sa.JSON(), "what the sites were told together, kW"),
        _column("delivered_kw", sa.JSON(), "delivered so far per interval by the sites metered in it, kW"),
        _column("expected_kw", sa.JSON(), "delivered, with what is expected of what is not metered, kW"),
        _column("metered_ratio", sa.JSON(), "share of the samples that are metered, 0..1"),
        _column(
            "present_target_kw", sa.Double(), "target of the newest interval that every site metered, kW"
        ),
        _column("present_delivered_kw", sa.Double(), "delivered in it, kW"),
        _column("target_energy_kwh", sa.Double(), "told for the site intervals metered so far, kWh"),
        _column("delivered_energy_kwh", sa.Double(), "delivered in them, kWh; may be negative"),
        _column("planned_energy_kwh", sa.Double(), "target of all of delivery, kWh"),
        _column("expected_energy_kwh", sa.Double(), "expected to have been delivered at the end, kWh"),
        _column("reserve_kw", sa.Double(), "reduction that could still be bought from standing bids, kW"),
        _column("site_counts", sa.JSON(), "how many sites are in each state of delivery"),
        _column("changed_states", sa.JSON(), "sites that were in another state at the look before"),
        _column("actions", sa.JSON(), "what was done: kind, site, resource, change per interval, award"),
        sa.PrimaryKeyConstraint("event_id", "due_at", name="pk_tracking_ticks"),
        sa.ForeignKeyConstraint(["event_id"], ["events.event_id"], name="fk_tracking_ticks_event_id"),
        comment="every look at an event in its course, written once",
    )


def downgrade() -> None:
    """Drop the looks and the deadlines for further ones."""
    op.get_bind().execute(sa.delete(DEADLINES).where(DEADLINES.c.kind == "tracking"))
    op.drop_table("tracking_ticks")


def _column(name: str, kind: Any, comment: str) -> sa.Column[Any]:  # noqa: ANN401  SQLAlchemy's types share no base that it names
    return sa.Column(name, kind, nullable=False, comment=comment)
