"""What each site is expected to use, what that was wrong by, and what sites plan themselves."""

from sqlalchemy import JSON, ForeignKeyConstraint, Index, Integer, Table, Text

from vpp.storage.column_types import Profile, Span, UtcDateTime
from vpp.storage.tables.schema import METADATA, key, numbered, optional, reference, required

LOAD_FORECASTS = Table(
    "load_forecasts",
    METADATA,
    key("site_id", "the site", of="sites.site_id"),
    key("kind", "day_ahead, intraday or on_request"),
    key("horizon_start_at", "start of the span it covers, UTC", kind=UtcDateTime),
    key("made_at", "when it was made, UTC; nothing later was known to it", kind=UtcDateTime),
    required("horizon_end_at", UtcDateTime, "end of the span it covers, exclusive, UTC"),
    required("step_s", Integer, "length of an interval, s"),
    required("method", Text, "the models behind it, or the named fallback"),
    required("p10_kw", Profile, "undercut in one case of ten, kW"),
    required("p50_kw", Profile, "undercut in one case of two, kW"),
    required("p90_kw", Profile, "exceeded in one case of ten, kW"),
    optional("point_kw", Profile, "before bias correction, kW; null for forecasts older than this column"),
    required("notes", JSON, "what a reader must know, in words"),
    # What covers an instant, and a site's list from the newest on.
    Index(None, "site_id", "horizon_end_at"),
    Index(None, "site_id", "made_at"),
    comment="load forecasts, every one kept as it was made",
)

FORECAST_ERRORS = Table(
    "forecast_errors",
    METADATA,
    key("site_id", "the site"),
    key("kind", "day_ahead, intraday or on_request"),
    key("horizon_start_at", "start of the span the forecast covered, UTC", kind=UtcDateTime),
    key("made_at", "when the forecast was made, UTC", kind=UtcDateTime),
    required("step_s", Integer, "length of an interval, s"),
    required("error_kw", Profile, "metered less forecast, kW; null where nothing tells it"),
    required("noted_at", UtcDateTime, "when it was noted, UTC"),
    ForeignKeyConstraint(
        ["site_id", "kind", "horizon_start_at", "made_at"],
        [
            "load_forecasts.site_id",
            "load_forecasts.kind",
            "load_forecasts.horizon_start_at",
            "load_forecasts.made_at",
        ],
    ),
    comment="what forecasts turned out to be wrong by",
)

SITE_PLANS = Table(
    "site_plans",
    METADATA,
    numbered("plan_number", "order in which plans came"),
    reference("site_id", "the site", of="sites.site_id"),
    required("start_at", UtcDateTime, "start of the first interval, UTC"),
    required("end_at", UtcDateTime, "end of the last interval, exclusive, UTC"),
    required("step_s", Span, "length of an interval, s"),
    required("plan_kw", Profile, "load that the site plans, kW, consumption positive"),
    required("received_at", UtcDateTime, "when the hub was told, UTC"),
    Index(None, "site_id", "end_at"),
    comment="load that sites plan themselves, every plan kept as it came",
    sqlite_autoincrement=True,
)
