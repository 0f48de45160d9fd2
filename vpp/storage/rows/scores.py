"""Scores of sites."""

from sqlalchemy import RowMapping as Row

from vpp.dispatch.purpose import EventPurpose
from vpp.dispatch.site_score import ErrorSource, SiteScore
from vpp.storage.repository import TableMapping, Values
from vpp.storage.tables.observability import SITE_SCORES

SAME = (
    "event_id",
    "site_id",
    "delivery_start_at",
    "target_kw",
    "event_observed_ratio",
    "month_observed_ratio",
    "error_kw",
    "doubtful_ratio",
    "reached_ratio",
    "ramp_kw_per_min",
    "steadiness_ratio",
    "observability_ratio",
    "measurability_ratio",
    "controllability_ratio",
)
"""Columns that hold a field as it is."""


def _score_row(score: SiteScore) -> Values:
    return {name: getattr(score, name) for name in SAME} | {
        "purpose": score.purpose.value,
        "error_source": score.error_source.value,
        "response_delay_s": score.response_delay,
        "full_delay_s": score.full_delay,
    }


def score_of(row: Row) -> SiteScore:
    """Return the score that a row holds."""
    return SiteScore(
        **{name: row[name] for name in SAME},
        purpose=EventPurpose(row["purpose"]),
        error_source=ErrorSource(row["error_source"]),
        response_delay=row["response_delay_s"],
        full_delay=row["full_delay_s"],
    )


SCORE_MAPPING = TableMapping(SITE_SCORES, _score_row, score_of, frozenset({"site_id", "event_id"}))
