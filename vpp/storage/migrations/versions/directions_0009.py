"""Which way auctions and events ask consumption to move, and how far resources can raise it.

Going back is refused while an auction or event asks for more consumption: the older hub would take it for a
call for less, and settle it the wrong way round. Without one, products that ask for more go, with the
standing bids and the enrolments for them, which the older hub could not read.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.Double()
LOAD_UP = "load_up"
DIRECTED = {
    "auctions": "load_up where an increase is asked for; null for load_down",
    "events": "load_up where consumption is raised; null for load_down",
    "instructions": "load_up where consumption is raised; null for load_down",
}
INCREASES = {
    "max_increase_kw": "largest increase, kW; null for 0",
    "increase_budget_kwh": "largest increase energy per activation, kWh; null for no budget",
}
PRODUCTS = sa.table(
    "products",
    sa.column("product_id", ID),
    sa.column("version", sa.Integer()),
    sa.column("document", sa.JSON()),
)
BIDS = sa.table("bids", sa.column("product_id", ID), sa.column("state", ID))
ENROLMENTS = sa.table("enrolments", sa.column("product_id", ID), sa.column("state", ID))


def upgrade() -> None:
    """Add the columns; everything there is asks for less."""
    for table, comment in DIRECTED.items():
        op.add_column(table, sa.Column("direction", ID, nullable=True, comment=comment))
    for name, comment in INCREASES.items():
        op.add_column("resources", sa.Column(name, NUMBER, nullable=True, comment=comment))


def downgrade() -> None:
    """Refuse what the older hub would take for the opposite; drop what it cannot read, and the columns."""
    for table in ("auctions", "events"):
        _refuse(table)
    _drop_products()
    for name in INCREASES:
        op.drop_column("resources", name)
    for table in DIRECTED:
        op.drop_column(table, "direction")


def _refuse(table: str) -> None:
    rows = sa.table(table, sa.column("direction", ID))
    count = op.get_bind().scalar(
        sa.select(sa.func.count()).select_from(rows).where(rows.c.direction == LOAD_UP)
    )
    if count:
        raise ValueError(
            f"{count} {table} ask for more consumption, expected none: the older hub would settle them the "
            "wrong way round"
        )


def _drop_products() -> None:
    bind = op.get_bind()
    found = bind.execute(sa.select(PRODUCTS.c.product_id, PRODUCTS.c.version, PRODUCTS.c.document)).all()
    asking_for_more = {
        (product_id, version)
        for product_id, version, document in found
        if document.get("call", {}).get("direction") == LOAD_UP
    }
    for product_id, version in sorted(asking_for_more):
        bind.execute(
            sa.delete(PRODUCTS).where(PRODUCTS.c.product_id == product_id, PRODUCTS.c.version == version)
        )
    gone = {product_id for product_id, _ in asking_for_more}
    gone -= {product_id for product_id, version, _ in found if (product_id, version) not in asking_for_more}
    for product_id in sorted(gone):
        bind.execute(
            sa.update(BIDS)
            .where(BIDS.c.product_id == product_id, BIDS.c.state == "submitted")
            .values(state="withdrawn")
        )
        bind.execute(
            sa.update(ENROLMENTS).where(ENROLMENTS.c.product_id == product_id).values(state="withdrawn")
        )
