"""Making one site's baseline from its readings: no storage, so that a worker process can do it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from vpp.baseline.rule_baseline import NoBaseline, NoBaselineReason, RuleBaseline
from vpp.baseline.rules.engine import compute_baseline
from vpp.baseline.scoring.gaming import gaming_flags
from vpp.baseline.scoring.provenance import Provenance, provenance_of
from vpp.foundation.direction import Direction
from vpp.foundation.errors import InvalidInput, NotFound
from vpp.foundation.interval import Interval
from vpp.portfolio.baseline_rule import BaselineRule
from vpp.telemetry.quality import MeterQuality
from vpp.workflows.baseline_records import MeterEdit
from vpp.workflows.site_readings import EditedMeter, SiteReadings, edited_meter

ESTIMATED = MeterQuality.ESTIMATED.name.lower()


@dataclass(frozen=True, slots=True, eq=False)
class BaselineJob:
    """What a baseline is made from.

    Attributes:
        readings: The site's readings.
        event: The event's delivery.
        notice_at: When the site was told of it.
        rules: The rules to try, in this order: the one chosen, then those that may stand in for it.
        library: Rules that they may refer to.
        direction: Which way the event asks consumption to move.
        beside: Windows before and after the event for which it is wanted too, for reports.
    """

    readings: SiteReadings
    event: Interval
    notice_at: datetime
    rules: tuple[BaselineRule, ...]
    library: Mapping[str, BaselineRule]
    direction: Direction = Direction.LOAD_DOWN
    beside: tuple[Interval, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class MadeBaseline:
    """A baseline, and all that is told with it.

    Attributes:
        rule: The rule that it was made by.
        baseline: The baseline.
        notes: Its own notes, and what else a reader must know.
        provenance: What it was made from, by name, version and content.
        flags: Signs that it was moved in the site's favour, as JSON-able documents.
        edits: The readings that were edited or flagged for it.
        editing_version: Of the editing rules in code.
    """

    rule: BaselineRule
    baseline: RuleBaseline
    notes: tuple[str, ...]
    provenance: Provenance
    flags: tuple[Mapping[str, Any], ...]
    edits: tuple[MeterEdit, ...]
    editing_version: str


@dataclass(frozen=True, slots=True)
class NotMade:
    """No rule gave a baseline.

    Attributes:
        refusals: What each rule lacked, in the order in which they were tried.
    """

    refusals: tuple[NoBaseline, ...]


def make_baseline(job: BaselineJob) -> MadeBaseline | NotMade:
    """Make a site's baseline by the first of its rules that gives one."""
    event_day = job.readings.calendar.civil_date(job.event.start)
    refusals: list[NoBaseline] = []
    try:
        meter = edited_meter(job.readings, event_day)
    except InvalidInput as error:
        reason = NoBaselineReason.MISSING_INPUT
        return NotMade(tuple(NoBaseline(rule.baseline_id, reason, str(error)) for rule in job.rules))
    for rule in job.rules:
        outcome = _outcome(rule, meter, job)
        if isinstance(outcome, NoBaseline):
            refusals.append(outcome)
            continue
        return _made(job, rule, outcome, meter, refusals)
    return NotMade(tuple(refusals))


def _outcome(rule: BaselineRule, meter: EditedMeter, job: BaselineJob) -> RuleBaseline | NoBaseline:
    """Apply a rule; what does not fit is that rule's and that site's alone, and holds up no others."""
    try:
        return compute_baseline(
            rule,
            meter.meter,
            job.event,
            notice_at=job.notice_at,
            library=job.library,
            beside=job.beside,
        )
    except (InvalidInput, NotFound) as error:
        return NoBaseline(rule.baseline_id, NoBaselineReason.MISSING_INPUT, str(error))


def _made(
    job: BaselineJob,
    rule: BaselineRule,
    baseline: RuleBaseline,
    meter: EditedMeter,
    refusals: list[NoBaseline],
) -> MadeBaseline:
    flags = gaming_flags(
        rule,
        meter.meter,
        job.event,
        baseline,
        notice_at=job.notice_at,
        library=job.library,
        direction=job.direction,
    )
    return MadeBaseline(
        rule=rule,
        baseline=baseline,
        notes=(*_stood_in(refusals), *baseline.notes, *_estimates(meter)),
        provenance=provenance_of(
            rule, meter.meter, job.event, notice_at=job.notice_at, quality=meter.quality
        ),
        flags=tuple(asdict(flag) | {"kind": flag.kind.value} for flag in flags),
        edits=meter.edits,
        editing_version=meter.version,
    )


def _stood_in(refusals: list[NoBaseline]) -> tuple[str, ...]:
    return tuple(
        f"rule {refusal.baseline_id} gives none ({refusal.reason.value}): {refusal.detail}"
        for refusal in refusals
    )


def _estimates(meter: EditedMeter) -> tuple[str, ...]:
    count = int((meter.quality == ESTIMATED).sum())
    return (f"{count} of {len(meter.quality)} readings looked at are estimates",) if count else ()
