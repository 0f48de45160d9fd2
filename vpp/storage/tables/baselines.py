"""Which rule a site's baselines follow, and which readings were edited for them."""

from sqlalchemy import JSON, Boolean, Integer, Table, Text

from vpp.storage.column_types import Span
from vpp.storage.tables.schema import ID, METADATA, key, lookup, optional, reference, required, tracked

RULE_CHOICES = Table(
    "rule_choices",
    METADATA,
    key("choice_id", "{site}-{product}-{season}"),
    reference("site_id", "the site", of="sites.site_id"),
    required("product_id", ID, "the product"),
    required("product_version", Integer, "version of the product whose rules were scored"),
    required("season_id", ID, "the season, such as 2026-winter"),
    required("baseline_id", ID, "the rule chosen"),
    required("rule_digest", ID, "SHA-256 of that rule's content"),
    required("recommended", Boolean, "whether the scores chose it; otherwise it is the product's own"),
    required("reason", Text, "why it was chosen, in words"),
    required("scores", JSON, "every rule's scores on placebo events, ratios and kW"),
    required("engine_version", Text, "version of the software that scored"),
    optional("data_version", ID, "SHA-256 of the readings scored on; null without any"),
    *tracked(),
    lookup("site_id", "choice_id"),  # the choices of a site
    lookup("product_id", "choice_id"),  # the choices for a product
    comment="which rule a site's baselines follow in a season; frozen",
)

METER_EDITS = Table(
    "meter_edits",
    METADATA,
    key("edits_id", "{site}-{data version}"),
    reference("site_id", "the site", of="sites.site_id"),
    required("data_version", ID, "SHA-256 of the readings after editing"),
    required("step_s", Span, "length of an interval, s"),
    required("edits", JSON, "per span: start, end, flag, reason, raw and edited kW per interval"),
    required("editing_version", Text, "version of the software that edited"),
    *tracked(),
    lookup("site_id", "edits_id"),  # what was ever edited at a site
    comment="readings that were edited before a baseline used them, beside what was read",
)
