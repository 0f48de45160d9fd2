"""The summary of a computation, for machines: JSON with stable keys."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime

import pandas as pd

from vpp.baseline.engine_version import ENGINE_VERSION
from vpp.baseline.rule_baseline import NoBaseline
from vpp.baseline.scoring.provenance import provenance_of
from vpp.cli.baseline.rule_words import unverified_words
from vpp.cli.baseline.site_outcome import ESTIMATED, MEASURED, NOT_METERED, SiteOutcome
from vpp.foundation.interval import Interval
from vpp.foundation.series import hours
from vpp.portfolio.baseline_rule import BaselineRule

Document = dict[str, object]


def compute_document(
    rule: BaselineRule,
    event: Interval,
    notice_at: datetime | None,
    outcomes: Sequence[SiteOutcome],
    rows: Mapping[str, pd.DataFrame],
) -> Document:
    """Sum a computation up.

    Args:
        rule: The rule that was applied.
        event: The event, UTC.
        notice_at: When notice was given; None if that was not said.
        outcomes: Outcome of each site.
        rows: Its interval rows, by site.
    """
    sites = []
    for outcome in outcomes:
        source = provenance_of(rule, outcome.meter, event, notice_at=notice_at, quality=outcome.quality)
        sites.append(_site(outcome, rows[outcome.site_id], source.data_version))
    found = [rows[outcome.site_id] for outcome in outcomes if outcome.found is not None]
    return {
        "rule": {
            "baseline_id": rule.baseline_id,
            "version": rule.version,
            "digest": rule.digest,
            "verified": rule.is_verified,
            "unverified": list(rule.source.unverified),
            "source": rule.source.title,
        },
        "engine_version": ENGINE_VERSION,
        "event": {"start_time": event.start.isoformat(), "end_time": event.end.isoformat()},
        "notice_time": None if notice_at is None else notice_at.isoformat(),
        "sites": sites,
        "site_count": len(sites),
        "baseline_count": len(found),
        "total": _energies(pd.concat(found)) if found else None,
        "warning": unverified_words(rule),
    }


def _site(outcome: SiteOutcome, rows: pd.DataFrame, data_version: str) -> Document:
    counts = rows["quality"].value_counts()
    document: Document = {
        "site": outcome.site_id,
        "time_zone": outcome.meter.calendar.time_zone,
        "meter": {
            "interval_count": len(outcome.edited.raw_kw),
            "edited_count": int(outcome.edited.is_edited.sum()),
            "flags": outcome.edited.counts(),
            "editing_version": outcome.edited.version,
            "notes": list(outcome.edited.notes),
        },
        "data_version": data_version,
        "event_intervals": {
            "count": len(rows),
            **{name: int(counts.get(name, 0)) for name in (MEASURED, ESTIMATED, NOT_METERED, "bad")},
        },
        "notes": list(outcome.notes),
        "gaming_flags": [
            {
                "kind": flag.kind.value,
                "value": number(flag.value),
                "limit": number(flag.limit),
                "reason": flag.reason,
            }
            for flag in outcome.flags
        ],
    }
    if isinstance(outcome.baseline, NoBaseline):
        reason = {"reason": outcome.baseline.reason.value, "detail": outcome.baseline.detail}
        return document | {"no_baseline": reason}
    found = outcome.baseline
    return document | {
        "method": found.method,
        "days_used": [day.isoformat() for day in found.days_used],
        "adjustment_kw": number(found.adjustment_kw),
        "adjustment_ratio": number(found.adjustment_ratio),
        "adjusted": found.adjusted,
        "capped": found.capped,
        **_energies(rows),
    }


def _energies(rows: pd.DataFrame) -> Document:
    """Add up energies; a reduction only over intervals where it is known."""
    step_h = hours((rows["end_time"] - rows["start_time"]).iloc[0].to_pytimedelta())
    known = rows["reduction_kwh"].notna()
    return {
        "baseline_raw_kwh": number(rows["baseline_raw_kw"].sum() * step_h),
        "baseline_kwh": number(rows["baseline_kw"].sum() * step_h),
        "metered_kwh": number(rows["metered_kw"].sum() * step_h) if known.any() else None,
        "reduction_kwh": number(rows["reduction_kwh"].sum()) if known.any() else None,
        "reduction_unknown_count": int((~known).sum()),
    }


def number(value: float) -> float | None:
    """Return a number that JSON can hold, without digits below a thousandth of a watt-hour.

    Example:
        >>> number(0.1 + 0.2), number(float("nan"))
        (0.3, None)
    """
    return round(float(value), 6) if math.isfinite(value) else None
