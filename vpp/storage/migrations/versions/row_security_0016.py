"""Rows of others are out of a caller's reach in the database itself.

Readings' months are made and dropped by functions of the tables' owner, so that the hub's user need not own
anything. Restores from backups are written down, so that a hub does not go on from one unawares; going back
forgets those that somebody has confirmed, and is refused while one waits for that.

The statements stand in a file of their own, as `row_rules` said them then: a later rule comes with a
migration of its own, and an older database becomes what it became before.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

POSTGRESQL = "postgresql"
TENANT_ROLE = "vpp_tenant"
STATEMENTS = Path(__file__).parents[1] / "row_security_0016.sql"
"""Divided by blank lines."""
POLICIES = sa.text("SELECT tablename, policyname FROM pg_policies WHERE policyname LIKE 'vpp_tenant_%'")
PROTECTED = sa.text(
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relrowsecurity"
)
ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
AT = sa.DateTime(timezone=True)


def _required(name: str, kind: sa.types.TypeEngine, comment: str) -> sa.Column:
    return sa.Column(name, kind, nullable=False, comment=comment)


def upgrade() -> None:
    """Put policies on every table; SQLite's views and triggers belong to connections."""
    op.create_table(
        "restorations",
        _required("restoration_id", ID, "restored-{instant}"),
        _required("backup_made_at", AT, "what the backup shows is how things were then, UTC"),
        _required("restored_at", AT, "when it was restored, UTC"),
        _required("manifest_sha256", ID, "SHA-256 of the backup's manifest"),
        sa.Column(
            "confirmed_at",
            AT,
            nullable=True,
            comment="when somebody let a hub go on from it, UTC; null until then",
        ),
        _required("revision", sa.BigInteger(), "rises with every write, from 1"),
        _required("created_at", AT, "when the row was first written, UTC"),
        _required("updated_at", AT, "when the row was last written, UTC"),
        sa.PrimaryKeyConstraint("restoration_id", name=op.f("pk_restorations")),
        comment="restores from backups: agents and operators may know what the hub has forgotten",
    )
    if op.get_bind().dialect.name != POSTGRESQL:
        return
    for statement in STATEMENTS.read_text(encoding="utf-8").strip().split("\n\n"):
        op.execute(statement)


def downgrade() -> None:
    """Take the policies away; the role stays, as other databases of the server may use it."""
    waiting = op.get_bind().scalar(sa.text("SELECT count(*) FROM restorations WHERE confirmed_at IS NULL"))
    if waiting:
        raise ValueError(
            f"{waiting} restores wait to be confirmed, expected none: the older hub would go on unawares"
        )
    if op.get_bind().dialect.name == POSTGRESQL:
        _lay_open()
    op.drop_table("restorations")


def _lay_open() -> None:
    for table, policy in op.get_bind().execute(POLICIES).all():
        op.execute(f"DROP POLICY {policy} ON {table}")
    for (table,) in op.get_bind().execute(PROTECTED).all():
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    op.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {TENANT_ROLE}")
    op.execute(f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {TENANT_ROLE}")
    for name in ("vpp_make_telemetry_month", "vpp_drop_telemetry_month"):
        op.execute(f"DROP FUNCTION {name}(timestamptz)")
