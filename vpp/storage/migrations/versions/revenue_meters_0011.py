"""Readings of revenue meters, baselines beside their events, and baselines of summed loads."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True)
NUMBER = sa.Double()
BESIDE = {
    "before_kw": "the same in the window before delivery, for reports, kW; null for none",
    "after_kw": "the same in the window after delivery, for reports, kW; null for none",
}
FIXED = ("revenue_imports", "revenue_readings")
POSTGRESQL = "postgresql"


def _required(name: str, kind: sa.types.TypeEngine, comment: str) -> sa.Column:
    return sa.Column(name, kind, nullable=False, comment=comment)


def upgrade() -> None:
    """Make the tables and columns, and let the database keep what was imported."""
    for name, comment in BESIDE.items():
        op.add_column("baselines", sa.Column(name, sa.JSON(), nullable=True, comment=comment))
    _make_aggregates()
    _make_revenue()
    for table in FIXED:
        if op.get_bind().dialect.name == POSTGRESQL:
            op.execute(
                f"CREATE TRIGGER {table}_keeps_rows BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION vpp_keep()"
            )
            continue
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_keeps_{change} BEFORE {change} ON {table}\n"
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )


def downgrade() -> None:
    """Refuse to lose what the utility's meters showed; drop the rest."""
    count = op.get_bind().scalar(sa.select(sa.func.count()).select_from(sa.table("revenue_imports")))
    if count:
        raise ValueError(
            f"{count} imports of revenue meters are kept, expected none: the older hub would settle without "
            "them"
        )
    for table in ("revenue_readings", "revenue_imports", "aggregate_baselines"):
        op.drop_table(table)
    for name in BESIDE:
        op.drop_column("baselines", name)


def _make_aggregates() -> None:
    op.create_table(
        "aggregate_baselines",
        _required("event_id", ID, "the event"),
        _required("delivery_start_at", INSTANT, "start of delivery, UTC"),
        _required("delivery_end_at", INSTANT, "end of delivery, exclusive, UTC"),
        _required("method", sa.Text(), "the rule that was applied, or the named fallback"),
        _required("days_used", sa.JSON(), "civil days that were averaged, YYYY-MM-DD"),
        _required("raw_kw", sa.JSON(), "before the same-day adjustment, kW"),
        _required("adjustment_kw", NUMBER, "added to every interval, kW"),
        _required("adjusted", sa.Boolean(), "whether the same-day adjustment could be made"),
        _required("adjusted_kw", sa.JSON(), "after it, kW"),
        _required("rule_id", ID, "the rule it was made by"),
        _required("rule_digest", ID, "SHA-256 of the rule's content"),
        _required("site_ids", sa.JSON(), "the sites whose loads were added"),
        _required("data_version", ID, "SHA-256 of the sum's readings"),
        _required("notes", sa.JSON(), "what a reader must know"),
        _required("revision", sa.BigInteger(), "rises with every write, from 1"),
        _required("created_at", INSTANT, "when the row was first written, UTC"),
        _required("updated_at", INSTANT, "when the row was last written, UTC"),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_aggregate_baselines")),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.event_id"], name=op.f("fk_aggregate_baselines_event_id")
        ),
        comment="what an event's sites together would have used, by a baseline of their summed load; frozen",
    )


def _make_revenue() -> None:
    op.create_table(
        "revenue_imports",
        _required("site_id", ID, "whose meter"),
        _required("device_id", ID, "the device that it meters; empty for the point of connection"),
        _required("version", sa.Integer(), "counts the imports of this meter from 1"),
        _required("start_at", INSTANT, "start of the first reading, UTC"),
        _required("end_at", INSTANT, "end of the last one, exclusive, UTC"),
        _required("step_s", NUMBER, "length of an interval, s"),
        _required("reading_count", sa.BigInteger(), "readings, gaps left out"),
        _required("source_name", sa.Text(), "name of the file that they came in"),
        _required("sha256", ID, "SHA-256 of the readings"),
        _required("imported_by", sa.Text(), "principal who brought them"),
        _required("imported_at", INSTANT, "when, UTC"),
        sa.PrimaryKeyConstraint("site_id", "device_id", "version", name=op.f("pk_revenue_imports")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name=op.f("fk_revenue_imports_site_id")),
        comment="imports of revenue meters' readings; a corrected file is another version; never changed",
    )
    op.create_table(
        "revenue_readings",
        _required("site_id", ID, "whose meter"),
        _required("device_id", ID, "the device that it meters; empty for the point of connection"),
        _required("start_at", INSTANT, "start of the first interval, UTC"),
        _required("version", sa.Integer(), "import that they came in"),
        _required("end_at", INSTANT, "end of the last interval, exclusive, UTC, of the same day"),
        _required("step_s", NUMBER, "length of an interval, s"),
        _required(
            "net_power_kw",
            sa.LargeBinary(),
            "mean power, kW, NaN for a gap; consumption positive, of a device its output; float64, "
            "little-endian",
        ),
        _required(
            "quality", sa.LargeBinary(), "1 ok, 2 estimated, 3 missing, 4 bad; one byte for each interval"
        ),
        _required("imported_at", INSTANT, "when they were imported, UTC"),
        sa.PrimaryKeyConstraint(
            "site_id", "device_id", "start_at", "version", name=op.f("pk_revenue_readings")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name=op.f("fk_revenue_readings_site_id")),
        comment="readings of revenue meters, one row for each import and day UTC; never changed",
    )
    op.create_index(op.f("ix_revenue_readings_site_id_start_at"), "revenue_readings", ["site_id", "start_at"])
