"""Baselines with the rule, the data and the score behind them; a product holds its whole rule.

Products that exist keep their meaning: the rule that their figures described is written out. Going
back, a product whose rule the older form cannot say is left out if nothing refers to it; otherwise the
way back is refused, because what is sold under it would be settled by another rule.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
AT = sa.DateTime(timezone=True)
BASELINES = {
    "rule_id": (ID, "the rule it was made by; null before rules had versions, and so below"),
    "rule_version": (sa.Integer(), "version of that rule"),
    "rule_digest": (ID, "SHA-256 of the rule's content"),
    "engine_version": (sa.Text(), "version of the software that applied it"),
    "data_version": (ID, "SHA-256 of the readings it was made from, after editing"),
    "adjustment_ratio": (sa.Double(), "what a ratio adjustment multiplied by; 1 for none"),
    "capped": (sa.Boolean(), "whether a cap made the adjustment smaller than measured"),
    "inputs": (sa.JSON(), "what else it was made from: spans, days left out, holidays, notice"),
    "notes": (sa.JSON(), "what a reader must know: fallbacks, estimates, unverified values"),
    "score": (sa.JSON(), "the rule's score on the site's placebo events; null if none was made"),
    "flags": (sa.JSON(), "signs that the baseline was raised, with figures and reasons"),
}
PRODUCTS = sa.table(
    "products",
    sa.column("product_id", ID),
    sa.column("version", sa.Integer()),
    sa.column("document", sa.JSON()),
)
REFERRING = ("auctions", "events")
OLD_KINDS = (("workday",), ("saturday", "sunday", "holiday"))
NO_SPAN = "PT0S"


def upgrade() -> None:
    """Add columns and tables, and write out the rules of products that exist."""
    for name, (kind, comment) in BASELINES.items():
        op.add_column("baselines", sa.Column(name, kind, nullable=True, comment=comment))
    op.create_table(
        "rule_choices",
        sa.Column("choice_id", ID, autoincrement=False, nullable=False, comment="{site}-{product}-{season}"),
        sa.Column("site_id", ID, nullable=False, comment="the site"),
        sa.Column("product_id", ID, nullable=False, comment="the product"),
        sa.Column(
            "product_version",
            sa.Integer(),
            nullable=False,
            comment="version of the product whose rules were scored",
        ),
        sa.Column("season_id", ID, nullable=False, comment="the season, such as 2026-winter"),
        sa.Column("baseline_id", ID, nullable=False, comment="the rule chosen"),
        sa.Column("rule_digest", ID, nullable=False, comment="SHA-256 of that rule's content"),
        sa.Column(
            "recommended",
            sa.Boolean(),
            nullable=False,
            comment="whether the scores chose it; otherwise it is the product's own",
        ),
        sa.Column("reason", sa.Text(), nullable=False, comment="why it was chosen, in words"),
        sa.Column(
            "scores",
            sa.JSON(),
            nullable=False,
            comment="every rule's scores on placebo events, ratios and kW",
        ),
        sa.Column("engine_version", sa.Text(), nullable=False, comment="version of the software that scored"),
        sa.Column(
            "data_version",
            ID,
            nullable=True,
            comment="SHA-256 of the readings scored on; null without any",
        ),
        *_tracked(),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name="fk_rule_choices_site_id"),
        sa.PrimaryKeyConstraint("choice_id", name="pk_rule_choices"),
        comment="which rule a site's baselines follow in a season; frozen",
    )
    op.create_index("ix_rule_choices_site_id_choice_id", "rule_choices", ["site_id", "choice_id"])
    op.create_index("ix_rule_choices_product_id_choice_id", "rule_choices", ["product_id", "choice_id"])
    op.create_table(
        "meter_edits",
        sa.Column("edits_id", ID, autoincrement=False, nullable=False, comment="{site}-{data version}"),
        sa.Column("site_id", ID, nullable=False, comment="the site"),
        sa.Column("data_version", ID, nullable=False, comment="SHA-256 of the readings after editing"),
        sa.Column("step_s", sa.Double(), nullable=False, comment="length of an interval, s"),
        sa.Column(
            "edits",
            sa.JSON(),
            nullable=False,
            comment="per span: start, end, flag, reason, raw and edited kW per interval",
        ),
        sa.Column(
            "editing_version", sa.Text(), nullable=False, comment="version of the software that edited"
        ),
        *_tracked(),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name="fk_meter_edits_site_id"),
        sa.PrimaryKeyConstraint("edits_id", name="pk_meter_edits"),
        comment="readings that were edited before a baseline used them, beside what was read",
    )
    op.create_index("ix_meter_edits_site_id_edits_id", "meter_edits", ["site_id", "edits_id"])
    for product_id, version, document in _products():
        terms = {"rule": _written_out(document), "alternatives": []}
        _replace(product_id, version, document | {"baseline": terms})


def downgrade() -> None:
    """Say the rules in the older form where it can, and drop the rest."""
    connection = op.get_bind()
    for product_id, version, document in _products():
        terms = document["baseline"]
        rule = None if terms["alternatives"] else _older(terms["rule"])
        if rule is not None:
            _replace(product_id, version, document | {"baseline": rule})
            continue
        for table in REFERRING:
            cited = sa.table(table, sa.column("product_id", ID), sa.column("product_version", sa.Integer()))
            statement = sa.select(sa.func.count()).where(
                cited.c.product_id == product_id, cited.c.product_version == version
            )
            if connection.execute(statement).scalar_one():
                raise RuntimeError(
                    f"product {product_id} version {version} is sold under a rule that the older hub "
                    "cannot apply; settle its events and keep this version"
                )
        connection.execute(
            sa.delete(PRODUCTS).where(PRODUCTS.c.product_id == product_id, PRODUCTS.c.version == version)
        )
    op.drop_table("meter_edits")
    op.drop_table("rule_choices")
    for name in reversed(BASELINES):
        op.drop_column("baselines", name)


def _tracked() -> list[sa.Column[Any]]:
    return [
        sa.Column("revision", sa.BigInteger(), nullable=False, comment="rises with every write, from 1"),
        sa.Column("created_at", AT, nullable=False, comment="when the row was first written, UTC"),
        sa.Column("updated_at", AT, nullable=False, comment="when the row was last written, UTC"),
    ]


def _products() -> list[tuple[str, int, dict[str, Any]]]:
    columns = PRODUCTS.c
    rows = op.get_bind().execute(sa.select(columns.product_id, columns.version, columns.document)).all()
    return [(product_id, version, document) for product_id, version, document in rows if document]


def _replace(product_id: str, version: int, document: dict[str, Any]) -> None:
    op.get_bind().execute(
        sa.update(PRODUCTS)
        .where(PRODUCTS.c.product_id == product_id, PRODUCTS.c.version == version)
        .values(document=document)
    )


def _written_out(product: dict[str, Any]) -> dict[str, Any]:
    """Return the rule that a product's figures described."""
    old, provenance = product["baseline"], product["provenance"]
    counts = (
        (old["day_count"], old["candidate_count"]),
        (old["holiday_day_count"], old["holiday_candidate_count"]),
    )
    is_adjusted = old["adjustment_begin"] != old["adjustment_end"]
    window = {
        "anchor": "start",
        "begin": f"-{old['adjustment_begin']}",
        "end": NO_SPAN if old["adjustment_end"] == NO_SPAN else f"-{old['adjustment_end']}",
    }
    return {
        "baseline_id": old["baseline_id"],
        "version": 1,
        "display_name": old["baseline_id"],
        "jurisdiction": product["jurisdiction"],
        "summary": f"The rule of product {product['product_id']} version {product['version']}.",
        "method": {"kind": "x_of_y", "pick": "high", "rank_by": "event_mean"},
        "days": {
            "classes": [
                {"kinds": list(kinds), "average": average, "candidates": candidates, "fewest": 1}
                for kinds, (average, candidates) in zip(OLD_KINDS, counts, strict=True)
            ],
            "lookback_days": old["lookback_days"],
            "latest_day_offset": old["latest_day_offset"],
            "low_use_ratio": old["low_use_ratio"],
            "shortage": ["use_available"],
        },
        "adjustment": {
            "kind": "additive",
            "windows": [window],
            "cap_ratio": old["adjustment_cap_ratio"],
        }
        if is_adjusted
        else None,
        "source": {
            "tag": provenance["source_tag"],
            "title": provenance["source"] or product["display_name"],
            "read_on": provenance["read_on"],
            "unverified": [
                field.removeprefix("baseline.")
                for field in provenance["unverified_fields"]
                if field.startswith("baseline.")
            ],
        },
    }


def _older(rule: dict[str, Any]) -> dict[str, Any] | None:
    """Return a rule's figures in the older form, or None where it says something else."""
    days, adjustment = rule["days"], rule["adjustment"]
    method = {"kind": "x_of_y", "pick": "high", "rank_by": "event_mean"}
    if days is None or rule["method"] != method:
        return None
    classes = {tuple(each["kinds"]): each for each in days["classes"]}
    if set(classes) != set(OLD_KINDS) or any(each.get("weights") for each in classes.values()):
        return None
    window = {"anchor": "start", "begin": NO_SPAN, "end": NO_SPAN}
    if adjustment is not None:
        is_plain = adjustment["kind"] == "additive" and not (
            adjustment.get("up_only") or adjustment.get("before_notice") or adjustment.get("clock_windows")
        )
        if not is_plain or len(adjustment["windows"]) != 1 or adjustment.get("cap_ratio") is None:
            return None
        window = adjustment["windows"][0]
        if window["anchor"] != "start":
            return None
    workdays, others = (classes[kinds] for kinds in OLD_KINDS)
    return {
        "baseline_id": rule["baseline_id"],
        "day_count": workdays["average"],
        "candidate_count": workdays["candidates"],
        "holiday_day_count": others["average"],
        "holiday_candidate_count": others["candidates"],
        "lookback_days": days["lookback_days"],
        "low_use_ratio": days["low_use_ratio"],
        "latest_day_offset": days["latest_day_offset"],
        "adjustment_begin": window["begin"].removeprefix("-"),
        "adjustment_end": window["end"].removeprefix("-"),
        "adjustment_cap_ratio": 0.0 if adjustment is None else adjustment["cap_ratio"],
    }
