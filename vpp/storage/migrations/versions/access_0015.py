"""Principals that are suspended and certificates that count no more.

Going back is refused while anybody is suspended or any certificate revoked: the older hub would let them in.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the two tables, empty: everybody whom the settings name is let in."""
    op.create_table(
        "principal_standings",
        _required("principal_id", ID, "the principal; the hub's settings say who that is"),
        _required("is_suspended", sa.Boolean(), "whether it is refused"),
        _required("reason", sa.Text(), "why, in words"),
        _required("decided_by", ID, "principal of whoever decided"),
        *_tracked(),
        sa.PrimaryKeyConstraint("principal_id", name="pk_principal_standings"),
        comment="principals that are or were suspended; whoever has no row is let in",
    )
    op.create_table(
        "revoked_certificates",
        _required(
            "revocation_id",
            ID,
            "serial- and the certificate's number at its authority, hexadecimal",
        ),
        _required("reason", sa.Text(), "why, in words"),
        _required("revoked_by", ID, "principal of whoever revoked it"),
        *_tracked(),
        sa.PrimaryKeyConstraint("revocation_id", name="pk_revoked_certificates"),
        comment="certificates that count no more, beside those that their authority has revoked",
    )


def downgrade() -> None:
    """Refuse to let anybody in who is refused now; drop the tables."""
    standings = sa.table("principal_standings", sa.column("is_suspended", sa.Boolean()))
    certificates = sa.table("revoked_certificates", sa.column("revocation_id", ID))
    connection = op.get_bind()
    suspended = connection.scalar(
        sa.select(sa.func.count()).select_from(standings).where(standings.c.is_suspended)
    )
    revoked = connection.scalar(sa.select(sa.func.count()).select_from(certificates))
    if suspended or revoked:
        raise ValueError(
            f"{suspended} principals are suspended and {revoked} certificates revoked, expected none: "
            "the older hub would let them in"
        )
    op.drop_table("revoked_certificates")
    op.drop_table("principal_standings")


def _tracked() -> list[sa.Column]:
    return [
        _required("revision", sa.BigInteger(), "rises with every write, from 1"),
        _required("created_at", AT, "when the row was first written, UTC"),
        _required("updated_at", AT, "when the row was last written, UTC"),
    ]


def _required(name: str, kind: sa.types.TypeEngine, comment: str) -> sa.Column:
    return sa.Column(name, kind, nullable=False, comment=comment)
