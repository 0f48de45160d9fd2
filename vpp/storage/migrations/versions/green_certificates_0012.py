"""Green certificates; what was used up or withdrawn is kept as it is by the database itself.

Going back is refused once there are any: the older hub would forget what was used.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
AT = sa.DateTime(timezone=True)
KEPT = "OLD.state IN ('retired', 'withdrawn')"
FIXED = ("certificate_id", "issuer", "serial", "party_id", "kind", "first_day", "last_day")
MOVED = (
    "OLD.state = 'allocated' AND NEW.state IN ('allocated', 'retired') "
    "AND (OLD.site_id <> NEW.site_id OR OLD.period <> NEW.period)"
)
IS_WRONG = " OR ".join([KEPT, *(f"OLD.{name} <> NEW.{name}" for name in FIXED), f"({MOVED})"])
WRONG = "a certificate is used once and keeps what it is"
NEVER_FORGOTTEN = "certificates are never deleted"


def upgrade() -> None:
    """Make the table, and let the database guard it."""
    op.create_table(
        "green_certificates",
        _required("certificate_id", ID, "{issuer}-{serial}, lower case, hyphens for other signs"),
        _required("issuer", ID, "who issued it"),
        _required("serial", sa.Text(), "the registry's number as the registry writes it"),
        _required("party_id", ID, "who holds it"),
        _required("kind", ID, "wind, solar, hydro, biomass, geothermal or other"),
        _required("first_day", ID, "first civil day of its generation, YYYY-MM-DD"),
        _required("last_day", ID, "last one, inclusive, YYYY-MM-DD"),
        _required("state", ID, "held, allocated, retired or withdrawn"),
        sa.Column("site_id", ID, nullable=True, comment="site whose use it covers; null for none"),
        sa.Column("period", ID, nullable=True, comment="civil month of that use, YYYY-MM; null for none"),
        _required("revision", sa.BigInteger(), "rises with every write, from 1"),
        _required("created_at", AT, "when the row was first written, UTC"),
        _required("updated_at", AT, "when the row was last written, UTC"),
        sa.PrimaryKeyConstraint("certificate_id", name="pk_green_certificates"),
        sa.ForeignKeyConstraint(["party_id"], ["parties.party_id"], name="fk_green_certificates_party_id"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name="fk_green_certificates_site_id"),
        sa.CheckConstraint(
            "state IN ('held', 'allocated', 'retired', 'withdrawn')", name="ck_green_certificates_state"
        ),
        sa.CheckConstraint(
            "(state IN ('allocated', 'retired')) = (site_id IS NOT NULL)",
            name="ck_green_certificates_site_of_use",
        ),
        sa.CheckConstraint(
            "(site_id IS NULL) = (period IS NULL)", name="ck_green_certificates_period_of_use"
        ),
        comment="green certificates of 1 MWh; once retired or withdrawn, never changed",
    )
    for columns in (
        ["party_id", "certificate_id"],
        ["party_id", "state", "last_day", "certificate_id"],
        ["site_id", "period", "state", "certificate_id"],
        ["period", "certificate_id"],
        ["state", "certificate_id"],
    ):
        op.create_index(f"ix_green_certificates_{'_'.join(columns)}", "green_certificates", columns)
    _guard()


def downgrade() -> None:
    """Refuse to forget what was used; drop the table."""
    rows = sa.table("green_certificates", sa.column("certificate_id", ID))
    count = op.get_bind().scalar(sa.select(sa.func.count()).select_from(rows))
    if count:
        raise ValueError(f"{count} certificates are there, expected none: the older hub would forget them")
    op.drop_table("green_certificates")  # and its triggers with it
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION vpp_keep_certificate()")


def _guard() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER green_certificates_are_used_once BEFORE UPDATE ON green_certificates\n"
            f"WHEN {IS_WRONG}\n"
            f"BEGIN SELECT RAISE(ABORT, '{WRONG}'); END"
        )
        op.execute(
            "CREATE TRIGGER green_certificates_are_kept BEFORE DELETE ON green_certificates\n"
            f"BEGIN SELECT RAISE(ABORT, '{NEVER_FORGOTTEN}'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION vpp_keep_certificate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n"
        "IF TG_OP <> 'UPDATE' THEN\n"
        f"RAISE EXCEPTION USING ERRCODE = 'VP001', MESSAGE = '{NEVER_FORGOTTEN}';\n"
        "END IF;\n"
        f"IF {IS_WRONG} THEN\n"
        f"RAISE EXCEPTION USING ERRCODE = 'VP001', MESSAGE = '{WRONG}: ' || OLD.certificate_id;\n"
        "END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER green_certificates_are_used_once BEFORE UPDATE OR DELETE ON green_certificates "
        "FOR EACH ROW EXECUTE FUNCTION vpp_keep_certificate()"
    )
    op.execute(
        "CREATE TRIGGER green_certificates_are_kept BEFORE TRUNCATE ON green_certificates "
        "FOR EACH STATEMENT EXECUTE FUNCTION vpp_keep_certificate()"
    )


def _required(name: str, kind: sa.types.TypeEngine, comment: str) -> sa.Column:
    return sa.Column(name, kind, nullable=False, comment=comment)
