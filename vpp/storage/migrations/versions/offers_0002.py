"""Offers of every kind, and what a buyer asks beside a target.

Going back, what the older hub cannot read loses its offer: such a bid is withdrawn rather than sold
on other conditions than its own.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
AUCTIONS = {
    "terms": (sa.JSON(), "what the buyer asks beside the target; null for nothing"),
    "uniform_price": (ID, "which uniform price is published; null for fixed_binaries"),
    "tie_rule": (ID, "who serves when several ask the same; null for price_time"),
}
NO_OFFER = {"kind": "steps", "steps": []}
OFFER = "steps, block or store with kW and prices; prices as decimal text"
OLD_OFFER = "steps or block with kW and prices; prices as decimal text"
BIDS = sa.table(
    "bids",
    sa.column("bid_id", ID),
    sa.column("state", ID),
    sa.column("offer", sa.JSON()),
    sa.column("rebound", sa.JSON(none_as_null=True)),
    sa.column("conditions", sa.JSON(none_as_null=True)),
)


def upgrade() -> None:
    """Add the columns; rows that exist ask and offer nothing more than before."""
    for name, (kind, comment) in AUCTIONS.items():
        op.add_column("auctions", sa.Column(name, kind, nullable=True, comment=comment))
    op.add_column(
        "bids",
        sa.Column(
            "conditions", sa.JSON(), nullable=True, comment="run limits, migration, direction; null for none"
        ),
    )
    _comment_on_offer(OFFER, before=OLD_OFFER)


def downgrade() -> None:
    """Withdraw what the older hub cannot read, and drop the columns."""
    connection = op.get_bind()
    for bid_id, state, offer, rebound, conditions in connection.execute(
        sa.select(BIDS.c.bid_id, BIDS.c.state, BIDS.c.offer, BIDS.c.rebound, BIDS.c.conditions)
    ).all():
        is_store = offer["kind"] == "store"
        is_profile = rebound is not None and "ratios" in rebound
        if not (is_store or is_profile or conditions):
            continue
        values = {"state": "withdrawn" if state == "submitted" else state}
        if is_store:
            values["offer"] = NO_OFFER
        if is_profile:
            values["rebound"] = None
        connection.execute(sa.update(BIDS).where(BIDS.c.bid_id == bid_id).values(**values))
    _comment_on_offer(OLD_OFFER, before=OFFER)
    op.drop_column("bids", "conditions")
    for name in reversed(AUCTIONS):
        op.drop_column("auctions", name)


def _comment_on_offer(comment: str, *, before: str) -> None:
    if op.get_bind().dialect.name == "postgresql":  # SQLite keeps no comments
        op.alter_column(
            "bids",
            "offer",
            existing_type=sa.JSON(),
            existing_nullable=False,
            comment=comment,
            existing_comment=before,
        )
