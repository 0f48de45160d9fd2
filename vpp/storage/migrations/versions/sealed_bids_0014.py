"""Bids are sealed until their gate closes; products change by two people.

Bids that stand in the clear are sealed by the hub when it starts, as no migration has its key. Going back is
refused while a bid is sealed that can still be called, because the older hub could not read it. Of a bid that
was taken back, or whose auction was, the offer is lost then; and of products what two people decided, while
the versions that they put in force stay.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True)
PERSONS = (
    ("adjustments", "proposed_person", "person behind who proposed it; null where it was not kept"),
    ("rule_corrections", "proposed_person", "person behind who proposed it; null where it was not kept"),
    ("disputes", "raised_person", "person behind who objected; null where it was not kept"),
)
BID_COLUMNS = (
    ("sealed", sa.Text(), "all that the bid offers, encrypted, base64; null once it is open"),
    ("sealing_key", ID, "key that it is encrypted with; null once it is open"),
    ("commitment", ID, "SHA-256 of nonce and content, hexadecimal; null where none was made"),
    ("commitment_nonce", sa.Text(), "random bytes of the commitment, hexadecimal; null while it is sealed"),
    ("currency", ID, "currency of its prices as it was entered; null where it was not kept"),
)


NO_OFFER = {"kind": "steps", "steps": []}


def _required(name: str, kind: sa.types.TypeEngine, comment: str) -> sa.Column:
    return sa.Column(name, kind, nullable=False, comment=comment)


def _optional(name: str, kind: sa.types.TypeEngine, comment: str) -> sa.Column:
    return sa.Column(name, kind, nullable=True, comment=comment)


def upgrade() -> None:
    """Make room for what is sealed, for who stands behind whom, and for changes of products."""
    for name, kind, comment in BID_COLUMNS:
        op.add_column("bids", _optional(name, kind, comment))
    for table, name, comment in PERSONS:
        op.add_column(table, _optional(name, sa.Text(), comment))
    op.create_table(
        "sealing_keys",
        _required("key_id", ID, "name of the key; the key itself is in the hub's file"),
        _required("created_at", INSTANT, "when a hub first began to seal with it, UTC"),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_sealing_keys")),
        comment="keys that bids are or were sealed with, so that a hub without them does not start",
    )
    op.create_table(
        "product_changes",
        _required("change_id", ID, "last part of productChanges/{product_change}"),
        _required("product_id", ID, "the product"),
        _required("version", sa.Integer(), "the version that it becomes"),
        _required("from_version", sa.Integer(), "the version in force when it was proposed; 0 for none"),
        _required("document", sa.JSON(), "the whole profile as proposed"),
        _required("reason", sa.Text(), "why, in words"),
        _required("state", ID, "found, proposed, approved, rejected or withdrawn"),
        _required("proposed_by", sa.Text(), "who answers for it; empty while nobody does"),
        _required("proposed_person", sa.Text(), "person behind who answers for it; empty while nobody does"),
        _required("proposed_party", sa.Text(), "party that they acted for; empty while nobody does"),
        _required("decided_by", sa.Text(), "who decided; empty while it waits"),
        _optional("decided_at", INSTANT, "when, UTC; null while it waits"),
        _required("revision", sa.BigInteger(), "rises with every write, from 1"),
        _required("created_at", INSTANT, "when the row was first written, UTC"),
        _required("updated_at", INSTANT, "when the row was last written, UTC"),
        sa.PrimaryKeyConstraint("change_id", name=op.f("pk_product_changes")),
        sa.CheckConstraint(
            "state <> 'approved' OR (proposed_by <> '' AND decided_by NOT IN ('', proposed_by))",
            name="ck_product_changes_two_people",
        ),
        comment="versions of products that one person proposes and another puts in force",
    )
    op.create_index(
        op.f("ix_product_changes_product_id_change_id"), "product_changes", ["product_id", "change_id"]
    )
    op.create_index(op.f("ix_product_changes_state_change_id"), "product_changes", ["state", "change_id"])


def downgrade() -> None:
    """Refuse while a bid is sealed that can still be called; drop the rest."""
    bids = sa.table("bids", *map(sa.column, ("sealed", "state", "auction_id")), sa.column("offer", sa.JSON()))
    auctions = sa.table("auctions", sa.column("auction_id"), sa.column("state"))
    is_open = bids.c.auction_id.is_(None) | (auctions.c.state == "open")
    sealed = op.get_bind().scalar(
        sa.select(sa.func.count())
        .select_from(bids.outerjoin(auctions, bids.c.auction_id == auctions.c.auction_id))
        .where(bids.c.sealed.is_not(None), bids.c.state == "submitted", is_open)
    )
    if sealed:
        raise ValueError(
            f"{sealed} bids are sealed, expected none: the older hub cannot read them; let their gates "
            "close, and let sites withdraw standing bids"
        )
    op.execute(bids.update().where(bids.c.sealed.is_not(None)).values(offer=NO_OFFER))
    op.drop_table("product_changes")
    op.drop_table("sealing_keys")
    for table, name, _ in reversed(PERSONS):
        op.drop_column(table, name)
    for name, _, _ in reversed(BID_COLUMNS):
        op.drop_column("bids", name)
