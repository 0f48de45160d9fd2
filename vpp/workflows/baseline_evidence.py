"""A site's frozen baseline in an event, what of it counts for others, and the load beside the event."""

import math
from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from vpp.dispatch.attribution import Claim, common_step, own_claim, taken_by_others
from vpp.foundation.errors import InvalidInput
from vpp.foundation.money import energy_kwh
from vpp.foundation.series import hours
from vpp.portfolio.baseline_rule import BaselineRule
from vpp.settlement.evidence import AroundEvent, BaselineEvidence
from vpp.settlement.evidence_delivery import counted_kw
from vpp.telemetry.quality import MeterQuality
from vpp.workflows.event_frame import EventFrame, SiteParts
from vpp.workflows.metered_site import MeteredSite, finer_kw, plain_powers, without_nan

Floats = npt.NDArray[np.float64]


def baseline_evidence(
    frame: EventFrame, parts: SiteParts, rule: BaselineRule, metered: MeteredSite
) -> BaselineEvidence:
    """Take the frozen baseline, and what of the delivery counts for other events.

    Args:
        frame: The event.
        parts: What was read of the site.
        rule: The rule that the baseline was made by.
        metered: The site's readings.

    Raises:
        InvalidInput: It has fewer intervals than are paid.
    """
    record = parts.baseline
    if record is None:
        return no_baseline(rule, frame.count)
    adjusted_kw = record.adjusted_kw[: frame.count]
    if len(adjusted_kw) != frame.count:
        raise InvalidInput(f"it has {len(adjusted_kw)} intervals, expected {frame.count}")
    raw_kw = record.raw_kw[: frame.count]
    if np.isinf((*raw_kw, *adjusted_kw)).any() or (np.isnan(raw_kw) != np.isnan(adjusted_kw)).any():
        raise InvalidInput("it is infinite, or a gap only before or only after its adjustment")
    elsewhere_kw = _counted_elsewhere(frame, parts, metered, adjusted_kw)
    source = record.provenance
    return BaselineEvidence(
        rule_id=record.method,
        rule_digest=source.rule_digest if source else "",
        days_used=record.days_used,
        raw_kw=without_nan(raw_kw),
        adjusted_kw=without_nan(adjusted_kw),
        elsewhere_kw=plain_powers(elsewhere_kw),
        loss_ratio=float(rule.loss_ratio),
        note=_note(rule, parts.others if elsewhere_kw.any() else ()),
        remarks=source.notes if source else (),
        data_version=source.data_version if source else "",
    )


def no_baseline(rule: BaselineRule, count: int) -> BaselineEvidence:
    """Stand in for a baseline that there is not: gaps throughout.

    Args:
        rule: The product's own.
        count: Settlement intervals.
    """
    nothing = (math.nan,) * count
    return BaselineEvidence(
        "", "", (), nothing, nothing, (0.0,) * count, float(rule.loss_ratio), _note(rule, ())
    )


def _counted_elsewhere(
    frame: EventFrame, parts: SiteParts, metered: MeteredSite, baseline_kw: Sequence[float]
) -> Floats:
    """Return what counts for other events per interval in the own event's direction, kW.

    Exactly 0 where there are none.
    """
    if not parts.others:
        return np.zeros(frame.count)
    step, span, load = frame.product.settlement_interval, frame.span, parts.load
    own = own_claim(parts.instruction, until=frame.event.cancelled_at)
    shared_step = common_step(step, span, parts.others)
    is_own = not metered.is_revenue and not load.fault and metered.device_kw is None
    if is_own and shared_step % load.step:  # the meter sees nothing shorter
        shared_step = step
    ratio = step // shared_step
    if ratio == 1:
        metered_kw = np.asarray(counted_kw(metered.meter), dtype=np.float64)
    elif is_own:
        first = frame.first * ratio
        metered_kw = load.averaged(shared_step)[0][first : first + frame.count * ratio]
    else:
        metered_kw = finer_kw(frame, parts, metered, shared_step)
    expected_kw = np.repeat(np.asarray(baseline_kw, dtype=np.float64), ratio)
    delivered_kw = own.direction.delivered(expected_kw, metered_kw)
    taken_kw = taken_by_others(own, parts.others, delivered_kw, span, shared_step)
    return taken_kw.reshape(-1, ratio).mean(axis=1) if ratio > 1 else taken_kw


def _note(rule: BaselineRule, others: Sequence[Claim]) -> str:
    """Say what a reader of the baseline must know."""
    notes = [] if rule.is_verified else [f"baseline rule {rule.baseline_id} has unverified values"]
    if others:
        names = ", ".join(sorted({claim.event_id for claim in others}))
        notes.append(f"baseline less what counts for {names}")
    return "; ".join(notes)


def around_event(
    frame: EventFrame, parts: SiteParts, rule: BaselineRule, metered: MeteredSite
) -> AroundEvent:
    """Compare the load before and after with the frozen baseline there; never paid.

    Args:
        frame: The event.
        parts: What was read of the site.
        rule: The rule that the baseline was made by.
        metered: The site's readings.

    Returns:
        Energies; None where a reading or the baseline is not known, or another event called the site there.
    """
    record = parts.baseline
    if record is None or parts.is_called_beside or record.delivery.start != frame.span.start:
        return AroundEvent(None, None)
    end = frame.first + frame.count
    before_kwh = _beyond(frame, rule, metered, record.before_kw, slice(0, frame.first))
    # Of an event that was cut short the baseline after its end was made for another hour.
    is_whole = record.delivery.end == frame.span.end
    after_kwh = _beyond(frame, rule, metered, record.after_kw, slice(end, None)) if is_whole else None
    return AroundEvent(before_kwh, after_kwh)


def _beyond(
    frame: EventFrame, rule: BaselineRule, metered: MeteredSite, baseline_kw: Sequence[float], place: slice
) -> Decimal | None:
    """Return metered less baseline energy of a window, kWh; None unless all of it is known."""
    metered_kw, quality = metered.power_kw[place], metered.quality[place]
    if not len(metered_kw) or len(metered_kw) != len(baseline_kw) or (quality == MeterQuality.BAD).any():
        return None
    beyond_kw = float((metered_kw - np.asarray(baseline_kw)).sum()) * rule.loss_ratio
    if math.isnan(beyond_kw):
        return None
    return energy_kwh(beyond_kw * hours(frame.product.settlement_interval))
