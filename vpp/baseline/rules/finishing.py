"""From a method's answer to the baseline that is settled: adjustment, limits, notes."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vpp.baseline.rule_baseline import NoBaseline, NoBaselineReason, RuleBaseline
from vpp.baseline.rules.adjusting import SameDayChange, same_day_change
from vpp.baseline.rules.event_view import EventView, Floats
from vpp.baseline.rules.load_model import LoadModel
from vpp.baseline.rules.rule_notes import rule_notes
from vpp.baseline.site_meter import SiteMeter
from vpp.portfolio.baseline_rule import BaselineRule


def finished(
    rule: BaselineRule, view: EventView, model: LoadModel, typical_kw: Floats | None
) -> RuleBaseline | NoBaseline:
    """Adjust a method's answer to the event's day, and hold it within the rule's limits.

    Args:
        rule: The rule.
        view: The event's view of the site; with a device split, of its load alone.
        model: The method's answer.
        typical_kw: With a device split, the device's typical output, which the baseline of the meter
            lies below that of the load. Shape (N,).
    """
    raw_kw = model.load_kw(view.event)
    gaps = int(np.isnan(raw_kw).sum())
    if gaps:
        return view.none(
            NoBaselineReason.WINDOW_NOT_METERED,
            f"{gaps} of {len(raw_kw)} intervals of the event are covered by none of the days used",
        )
    change = same_day_change(view, rule.adjustment, model, raw_kw)
    if isinstance(change, NoBaseline):
        return change
    found = assembled(rule, view, model, raw_kw, change)
    return found if typical_kw is None else less_typical(found, view, typical_kw)


def assembled(
    rule: BaselineRule, view: EventView, model: LoadModel, raw_kw: Floats, change: SameDayChange
) -> RuleBaseline:
    """Put a baseline together from its parts.

    Args:
        rule: The rule.
        view: The event's view of the site.
        model: Whence the baseline comes: days, steps and notes.
        raw_kw: What it says of the event, kW. Shape (N,).
        change: The same-day adjustment.
    """
    adjusted_kw, limit_notes = within_limits(rule, view.site, raw_kw, raw_kw * change.ratio + change.added_kw)
    said = (change.note,) if change.note else ()
    return RuleBaseline(
        raw_kw=view.series(raw_kw, "raw_kw"),
        adjusted_kw=view.series(adjusted_kw, "adjusted_kw"),
        adjustment_kw=change.added_kw + (change.ratio - 1.0) * float(raw_kw.mean()),
        adjustment_ratio=change.ratio,
        adjusted=change.made,
        capped=change.capped,
        days_used=model.days_used,
        method=method_name(rule.baseline_id, model.steps),
        notes=(*model.notes, *said, *limit_notes, *rule_notes(rule, view.notice_at)),
    )


def less_typical(found: RuleBaseline, view: EventView, typical_kw: Floats) -> RuleBaseline:
    """Lower the baseline of a load by what the device typically gives: the baseline of the meter."""
    return replace(
        found,
        raw_kw=found.raw_kw - typical_kw,
        adjusted_kw=found.adjusted_kw - typical_kw,
        device_typical_kw=view.series(typical_kw, "device_typical_kw"),
    )


def method_name(baseline_id: str, steps: Sequence[str]) -> str:
    """Name a rule and the fallbacks it took.

    Example:
        >>> method_name("high-4-of-5", ("extended-lookback", "mean-of-available-2"))
        'high-4-of-5/extended-lookback+mean-of-available-2'
    """
    return f"{baseline_id}/{'+'.join(steps)}" if steps else baseline_id


def within_limits(
    rule: BaselineRule, site: SiteMeter, raw_kw: Floats, load_kw: Floats
) -> tuple[Floats, tuple[str, ...]]:
    """Hold a baseline above its floor and below the contract capacity; kW, and what must be noted.

    The floor of 0 kW keeps an adjustment from turning a load into an export. Where the site exports
    without any event, the unadjusted baseline says so, and a floor of 0 kW would pay for that export as
    a reduction: there, and with rules that have no such floor, it is minus the export limit, if one is
    known.

    Args:
        rule: The rule.
        site: The site's limits.
        raw_kw: Before the adjustment. Shape (N,).
        load_kw: After it. Shape (N,).
    """
    notes = []
    export_kw = -(site.export_limit_kw if site.export_limit_kw is not None else np.inf)
    is_export = raw_kw < 0.0
    floor_kw = np.where(is_export, export_kw, 0.0) if rule.floor else np.full(len(raw_kw), export_kw)
    limited_kw = np.maximum(load_kw, floor_kw)
    if rule.floor and is_export.any():
        where = f"{int(is_export.sum())} of {len(raw_kw)} intervals"
        notes.append(f"{where} are an export before any adjustment, and not held at the floor of 0 kW")
    if raised := int((load_kw < floor_kw).sum()):
        where = f"{raised} of {len(load_kw)} intervals"
        highest_kw = float(floor_kw[load_kw < floor_kw].max()) + 0.0
        notes.append(f"{where} are held at the floor of {highest_kw:g} kW, above what the rule gives")
    if rule.contract_cap and site.contract_kw is not None:
        limited_kw = np.minimum(limited_kw, site.contract_kw)
    elif rule.contract_cap:
        notes.append("not held below the contract capacity: contract_kw is not given")
    return limited_kw, tuple(notes)
