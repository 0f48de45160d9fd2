"""What is kept about baselines beside their figures: rules chosen, readings edited, where it came from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from vpp.foundation.interval import Interval


@dataclass(frozen=True, slots=True)
class BaselineProvenance:
    """By what rule and from which data a baseline was made, so that it can be made again years later.

    Attributes:
        rule_id: The rule it was made by.
        rule_version: Its version.
        rule_digest: SHA-256 of its content, which the product's version holds.
        engine_version: Version of the software that applied it.
        data_version: SHA-256 of the readings it was made from, after editing.
        adjustment_ratio: What a ratio adjustment multiplied by; 1 for additive ones and none.
        capped: Whether a cap made the adjustment smaller than measured.
        inputs: What else it was made from, as a JSON-able document; see `workflows.baseline_inputs`.
        notes: What a reader must know: fallbacks, estimates, unverified values, in plain words.
        score: The rule's score on the site's placebo events, None where none was made.
        flags: Signs that the baseline was raised, each with its figures and the reason.
    """

    rule_id: str
    rule_version: int
    rule_digest: str
    engine_version: str
    data_version: str
    adjustment_ratio: float
    capped: bool
    inputs: Mapping[str, Any]
    notes: tuple[str, ...]
    score: Mapping[str, Any] | None
    flags: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class RuleChoiceRecord:
    """Which rule a site's baselines follow for a season, frozen. Under `{site}-{product}-{season}`.

    Attributes:
        choice_id: Its id.
        site_id: The site.
        product_id: The product.
        product_version: Version of the product whose rules were scored.
        season_id: The season, such as `2026-winter`.
        baseline_id: The rule chosen: the product's own, or one of its alternatives.
        rule_digest: SHA-256 of that rule's content.
        recommended: Whether the scores chose it; False where none passed or none could be made.
        reason: Why it was chosen, in words.
        scores: Every rule's score on placebo events, as JSON-able documents, in the order of choice.
        engine_version: Version of the software that scored.
        data_version: SHA-256 of the readings scored on; None without any.
    """

    choice_id: str
    site_id: str
    product_id: str
    product_version: int
    season_id: str
    baseline_id: str
    rule_digest: str
    recommended: bool
    reason: str
    scores: tuple[Mapping[str, Any], ...]
    engine_version: str
    data_version: str | None


@dataclass(frozen=True, slots=True)
class MeterEdit:
    """Consecutive readings that were edited or flagged alike before a baseline used them.

    Attributes:
        span: When they were read, UTC.
        flag: What was found, such as `missing+linear`.
        reason: The rule that found or filled it, in words.
        raw_kw: What was read, kW; NaN where nothing was. Empty where the readings stand. Shape (N,).
        edited_kw: What was used in its place, kW; NaN is a gap. Empty where the readings stand.
            Shape (N,).
    """

    span: Interval
    flag: str
    reason: str
    raw_kw: tuple[float, ...] = ()
    edited_kw: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class MeterEditsRecord:
    """The readings that were edited for a baseline, beside what was read. Under `{site}-{data version}`.

    Attributes:
        edits_id: Its id.
        site_id: The site.
        data_version: SHA-256 of the readings after editing.
        step: Length of an interval.
        edits: The readings, in order of time.
        editing_version: Version of the software that edited.
    """

    edits_id: str
    site_id: str
    data_version: str
    step: timedelta
    edits: tuple[MeterEdit, ...]
    editing_version: str


@dataclass(frozen=True, slots=True)
class AggregateBaselineRecord:
    """What an event's sites together would have used, by a baseline of their sum. Under the event's id.

    Attributes:
        event_id: The event.
        delivery: When delivery takes place.
        method: The rule that was applied, or the named fallback.
        days_used: Civil days that were averaged.
        raw_kw: Before the same-day adjustment, kW. Shape (N,).
        adjustment_kw: Added to every interval, kW.
        adjusted: Whether the same-day adjustment could be made.
        adjusted_kw: After it, kW. Shape (N,).
        rule_id: The rule it was made by: the product's own.
        rule_digest: SHA-256 of its content.
        site_ids: The sites whose loads were added, by id.
        data_version: SHA-256 of the sum's readings.
        notes: What a reader must know.
    """

    event_id: str
    delivery: Interval
    method: str
    days_used: tuple[date, ...]
    raw_kw: tuple[float, ...]
    adjustment_kw: float
    adjusted: bool
    adjusted_kw: tuple[float, ...]
    rule_id: str
    rule_digest: str
    site_ids: tuple[str, ...]
    data_version: str
    notes: tuple[str, ...]
