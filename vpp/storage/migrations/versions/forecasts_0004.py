"""Every making of a forecast, what it was wrong by, sites' own plans and the load they never shed.

Going back, the older hub has room for one forecast of a site and horizon: the first day-ahead one, as
it would have kept itself. The rest, the errors and the plans go.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
SHARED = (
    "site_id",
    "horizon_start_at",
    "horizon_end_at",
    "made_at",
    "step_s",
    "method",
    "p10_kw",
    "p50_kw",
    "p90_kw",
)
OLD, NEW = (
    sa.table(name, *(sa.column(column) for column in columns))
    for name, columns in (("forecasts", SHARED), ("load_forecasts", (*SHARED, "kind", "notes")))
)
KEY = ["site_id", "kind", "horizon_start_at", "made_at"]


def upgrade() -> None:
    """Move the day-ahead forecasts into a table that holds every making."""
    op.add_column(
        "sites",
        sa.Column(
            "minimum_load_kw", sa.Double(), nullable=True, comment="load that is never shed, kW; null for 0"
        ),
    )
    op.create_table(
        "load_forecasts",
        _column("site_id", ID, "the site"),
        _column("kind", ID, "day_ahead, intraday or on_request"),
        _column("horizon_start_at", AT, "start of the span it covers, UTC"),
        _column("made_at", AT, "when it was made, UTC; nothing later was known to it"),
        _column("horizon_end_at", AT, "end of the span it covers, exclusive, UTC"),
        _column("step_s", sa.Integer(), "length of an interval, s"),
        _column("method", sa.Text(), "the models behind it, or the named fallback"),
        _column("p10_kw", sa.JSON(), "undercut in one case of ten, kW"),
        _column("p50_kw", sa.JSON(), "undercut in one case of two, kW"),
        _column("p90_kw", sa.JSON(), "exceeded in one case of ten, kW"),
        sa.Column(
            "point_kw",
            sa.JSON(),
            nullable=True,
            comment="before bias correction, kW; null for forecasts older than this column",
        ),
        _column("notes", sa.JSON(), "what a reader must know, in words"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name="fk_load_forecasts_site_id"),
        sa.PrimaryKeyConstraint(*KEY, name="pk_load_forecasts"),
        comment="load forecasts, every one kept as it was made",
    )
    op.create_index(
        "ix_load_forecasts_site_id_horizon_end_at", "load_forecasts", ["site_id", "horizon_end_at"]
    )
    op.create_index("ix_load_forecasts_site_id_made_at", "load_forecasts", ["site_id", "made_at"])
    kept = sa.select(
        *(OLD.c[name] for name in SHARED), sa.literal("day_ahead"), sa.cast(sa.literal("[]"), sa.Text())
    )
    _copy(NEW, (*SHARED, "kind", "notes"), kept, json_columns=("notes",))
    op.drop_table("forecasts")
    op.create_table(
        "forecast_errors",
        _column("site_id", ID, "the site"),
        _column("kind", ID, "day_ahead, intraday or on_request"),
        _column("horizon_start_at", AT, "start of the span the forecast covered, UTC"),
        _column("made_at", AT, "when the forecast was made, UTC"),
        _column("step_s", sa.Integer(), "length of an interval, s"),
        _column("error_kw", sa.JSON(), "metered less forecast, kW; null where nothing tells it"),
        _column("noted_at", AT, "when it was noted, UTC"),
        sa.ForeignKeyConstraint(
            KEY,
            [f"load_forecasts.{name}" for name in KEY],
            name="fk_forecast_errors_site_id_kind_horizon_start_at_made_at",
        ),
        sa.PrimaryKeyConstraint(*KEY, name="pk_forecast_errors"),
        comment="what forecasts turned out to be wrong by",
    )
    op.create_table(
        "site_plans",
        sa.Column(
            "plan_number", NUMBER, autoincrement=True, nullable=False, comment="order in which plans came"
        ),
        _column("site_id", ID, "the site"),
        _column("start_at", AT, "start of the first interval, UTC"),
        _column("end_at", AT, "end of the last interval, exclusive, UTC"),
        _column("step_s", sa.Double(), "length of an interval, s"),
        _column("plan_kw", sa.JSON(), "load that the site plans, kW, consumption positive"),
        _column("received_at", AT, "when the hub was told, UTC"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name="fk_site_plans_site_id"),
        sa.PrimaryKeyConstraint("plan_number", name="pk_site_plans"),
        comment="load that sites plan themselves, every plan kept as it came",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_site_plans_site_id_end_at", "site_plans", ["site_id", "end_at"])


def downgrade() -> None:
    """Keep the first day-ahead forecast of each site and horizon, and drop the rest."""
    op.create_table(
        "forecasts",
        _column("site_id", ID, "the site"),
        _column("horizon_start_at", AT, "start of the span it covers, UTC"),
        _column("horizon_end_at", AT, "end of the span it covers, exclusive, UTC"),
        _column("made_at", AT, "when it was made, UTC; nothing later was known to it"),
        _column("step_s", sa.Integer(), "length of an interval, s"),
        _column("method", sa.Text(), "the models behind it, or the named fallback"),
        _column("p10_kw", sa.JSON(), "undercut in one case of ten, kW"),
        _column("p50_kw", sa.JSON(), "undercut in one case of two, kW"),
        _column("p90_kw", sa.JSON(), "exceeded in one case of ten, kW"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name="fk_forecasts_site_id"),
        sa.PrimaryKeyConstraint("site_id", "horizon_start_at", name="pk_forecasts"),
        comment="day-ahead load forecasts, kept as they were made",
    )
    earlier = NEW.alias("earlier")
    has_earlier = (
        sa.exists()
        .where(
            earlier.c.site_id == NEW.c.site_id,
            earlier.c.kind == NEW.c.kind,
            earlier.c.horizon_start_at == NEW.c.horizon_start_at,
            earlier.c.made_at < NEW.c.made_at,
        )
        .correlate(NEW)
    )
    first = sa.select(*(NEW.c[name] for name in SHARED)).where(NEW.c.kind == "day_ahead", ~has_earlier)
    _copy(OLD, SHARED, first)
    op.drop_index("ix_site_plans_site_id_end_at", "site_plans")
    op.drop_table("site_plans")
    op.drop_table("forecast_errors")
    op.drop_index("ix_load_forecasts_site_id_made_at", "load_forecasts")
    op.drop_index("ix_load_forecasts_site_id_horizon_end_at", "load_forecasts")
    op.drop_table("load_forecasts")
    op.drop_column("sites", "minimum_load_kw")


def _column(name: str, kind: Any, comment: str) -> sa.Column[Any]:  # noqa: ANN401  any column type
    return sa.Column(name, kind, autoincrement=False, nullable=False, comment=comment)


def _copy(
    target: sa.TableClause,
    names: tuple[str, ...],
    rows: sa.Select[Any],
    json_columns: tuple[str, ...] = (),
) -> None:
    """Copy rows inside the database, however many there are."""
    if json_columns and op.get_bind().dialect.name == "postgresql":
        chosen = list(rows.selected_columns)
        rows = rows.with_only_columns(
            *(
                sa.cast(column, sa.JSON()) if name in json_columns else column
                for name, column in zip(names, chosen, strict=True)
            )
        )
    op.get_bind().execute(sa.insert(target).from_select(list(names), rows))
