"""The site's answer to an instruction: the guard's verdict over what the models say is possible."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

from vpp.agent.operation_tables import OnStaleMeter
from vpp.agent.plan import Phase, PlanItem, SitePlan
from vpp.agent.projection import CallOrder, deliverable_kw, outlook
from vpp.agent.settings import AgentSettings
from vpp.agent.unit import Unit
from vpp.flexibility.site_guard import (
    Accept,
    GuardReason,
    Order,
    Refuse,
    SiteLimits,
    Verdict,
    judge,
)
from vpp.foundation.direction import Direction
from vpp.foundation.interval import Interval

TOLERANCE_KW = 1e-6


@dataclass(frozen=True, slots=True)
class Situation:
    """What the site knows when it answers.

    Attributes:
        now: The site's clock, UTC.
        clock_skew: The hub's clock minus the site's, in the machine's time.
        price_per_mwh: What a further reduction costs, by resource id.
        faults: Why devices are left out, by resource id.
        is_meter_stale: Whether the meter has shown nothing for too long.
        load_kw: The site's load without any command as last known, kW; None while nothing was metered.
    """

    now: datetime
    clock_skew: timedelta
    price_per_mwh: Mapping[str, Decimal]
    faults: Mapping[str, str] = field(default_factory=dict)
    is_meter_stale: bool = False
    load_kw: float | None = None


def site_limits(settings: AgentSettings) -> SiteLimits:
    """Return the limits of a configuration in the guard's terms."""
    limits = settings.limits
    by_connection_kw = settings.site.largest_import_kw
    return SiteLimits(
        max_reduction_kw=by_connection_kw if limits.max_reduction_kw is None else limits.max_reduction_kw,
        import_limit_kw=by_connection_kw,
        max_clock_skew=limits.max_clock_skew,
        late_tolerance=limits.late_tolerance,
        blackouts=tuple(window.interval() for window in settings.maintenance),
        vetoed_resource_ids=frozenset(limits.vetoed_resources),
        site_vetoed=limits.site_vetoed,
        accepts_in_part=limits.accepts_in_part,
    )


def verdict_on(
    item: PlanItem,
    plan: SitePlan,
    units: Mapping[str, Unit[Any]],
    settings: AgentSettings,
    situation: Situation,
) -> Verdict:
    """Decide what becomes of an instruction.

    A modification of an instruction that the site had agreed to may arrive after its start: the
    site is delivering already, and lateness harms nobody. What ranks lower does not stand against an
    instruction; what ranks higher goes first, and a test is not made beside it at all.

    Args:
        item: The instruction.
        plan: What the site has promised otherwise.
        units: The site's resources by id.
        settings: The site's configuration.
        situation: What the site knows.
    """
    instruction = item.instruction
    outranking = plan.outranking(instruction, situation.now)
    refusal = _against(item, plan, settings, situation)
    if refusal is not None:
        return refusal
    limits = _limits_for(item, settings, plan, situation)
    order = Order(
        delivery=instruction.delivery,
        target_reduction_kw=instruction.target_reduction_kw,
        expires_at=instruction.delivery.end if item.continues else instruction.expires_at,
    )
    usable = [unit for unit in units.values() if unit.resource_id not in limits.vetoed_resource_ids]
    available_kw = dict.fromkeys(units, 0.0)
    if usable:
        available_kw = {"resources": _deliverable_kw(item, plan, usable, situation)}
    is_over = situation.now >= instruction.delivery.end
    judged_at = situation.now
    if item.continues and not is_over:
        judged_at = min(situation.now, instruction.delivery.start)
    verdict = judge(limits, order, available_kw, now=judged_at, clock_skew=situation.clock_skew)
    if isinstance(verdict, Accept) or verdict.reason is not GuardReason.RESOURCE_UNAVAILABLE:
        return verdict
    if outranking:
        detail = f"{verdict.detail} beside {_in_the_way(outranking)}"
        return replace(verdict, reason=GuardReason.OUTRANKED, detail=detail)
    if situation.faults:
        detail = f"{verdict.detail}; {said(situation.faults)}"
        return replace(verdict, reason=GuardReason.DEVICE_FAULT, detail=detail)
    return verdict


def said(faults: Mapping[str, str]) -> str:
    """Return in words which devices are left out."""
    return "left out: " + ", ".join(f"{key} ({why})" for key, why in sorted(faults.items()))


def _against(item: PlanItem, plan: SitePlan, settings: AgentSettings, situation: Situation) -> Refuse | None:
    """Return what stands against an instruction whatever the resources could do."""
    instruction = item.instruction
    for pattern in settings.limits.vetoed_events:
        if fnmatchcase(instruction.event, pattern):
            return Refuse(GuardReason.LOCAL_VETO, f"the site has said no to {pattern}")
    outranking = plan.outranking(instruction, situation.now)
    if outranking and instruction.purpose.gives_way:
        return Refuse(GuardReason.OUTRANKED, _in_the_way(outranking))
    rank = instruction.purpose.rank
    if not instruction.purpose.moves_devices:
        return None
    opposing = [
        other for other in plan.opposing(instruction, situation.now) if other.instruction.purpose.rank >= rank
    ]
    if opposing:
        way = opposing[0].instruction.direction.value.replace("_", " ")
        return Refuse(GuardReason.OUTRANKED, f"the site moves its {way} for {_in_the_way(opposing)}")
    if situation.is_meter_stale and instruction.delivery.start <= situation.now:
        return Refuse(GuardReason.STALE_METER, "the meter shows nothing, so delivery could not be steered")
    return None


def _limits_for(item: PlanItem, settings: AgentSettings, plan: SitePlan, situation: Situation) -> SiteLimits:
    """Return the site's limits for an instruction: upwards, what its load leaves below the import limit."""
    limits = site_limits(settings)
    if item.instruction.direction is Direction.LOAD_DOWN:
        return limits
    announced = plan.baselines.get(item.instruction.event)
    baseline_kw = item.instruction.baseline_kw or (announced.baseline_kw if announced else ())
    loads_kw = [*baseline_kw, *([] if situation.load_kw is None else [situation.load_kw])]
    room_kw = max(0.0, limits.import_limit_kw - max(loads_kw)) if loads_kw else 0.0
    return replace(limits, max_reduction_kw=room_kw)


def _in_the_way(outranking: Sequence[PlanItem]) -> str:
    return ", ".join(f"{item.instruction.event} ({item.instruction.purpose.value})" for item in outranking)


def _deliverable_kw(
    item: PlanItem, plan: SitePlan, usable: Sequence[Unit[Any]], situation: Situation
) -> float:
    """Return the cap under which what is left of the instruction can be delivered, kW."""
    instruction = item.instruction
    if situation.now >= instruction.delivery.end:
        return 0.0
    start = max(instruction.delivery.start, situation.now)
    first = instruction.interval_at(start)
    targets_kw = instruction.target_reduction_kw[first:]
    starts = [instruction.delivery.start + (first + n) * instruction.step for n in range(len(targets_kw))]
    also_promised_kw = [
        plan.promised_kw(
            at,
            without=instruction.event,
            least_rank=instruction.purpose.rank,
            direction=instruction.direction,
        )
        for at in starts
    ]
    awards = plan.awards.get(instruction.event, ())
    awarded_kw: dict[str, list[float]] = {}
    for award in awards:  # a resource may have sold more than one bid
        before_kw = awarded_kw.get(award.resource_id, [0.0] * len(starts))
        more_kw = [award.peak_kw(Interval(at, at + instruction.step)) for at in starts]
        awarded_kw[award.resource_id] = [kw + more for kw, more in zip(before_kw, more_kw, strict=True)]
    others = {
        unit.resource_id: [each for each in plan.committed(unit.resource_id, None) if each not in awards]
        for unit in usable
    }
    ahead = outlook(usable, others, situation.now, start, instruction.step)
    order = CallOrder(awarded_kw, situation.price_per_mwh)
    return deliverable_kw(ahead, targets_kw, also_promised_kw, instruction.step, order, instruction.direction)


def stop_reason(
    item: PlanItem,
    plan: SitePlan,
    units: Mapping[str, Unit[Any]],
    settings: AgentSettings,
    situation: Situation,
) -> Refuse | None:
    """Return why an instruction that was accepted must not go on; None if it may.

    Before its start, planned work anywhere in its span counts, and so does what outranks a test; after
    it, only what has begun. What moves the site the other way and ranks higher ends it when that begins.
    """
    now, delivery = situation.now, item.instruction.delivery
    outranking = plan.outranking(item.instruction, now)
    if item.instruction.purpose.gives_way:
        in_the_way = [
            other for other in outranking if now < delivery.start or other.instruction.delivery.start <= now
        ]
    else:
        in_the_way = [
            other
            for other in outranking
            if other.instruction.direction is not item.instruction.direction
            and other.instruction.delivery.start <= now
        ]
    if in_the_way:
        return Refuse(GuardReason.OUTRANKED, _in_the_way(in_the_way))
    for pattern in settings.limits.vetoed_events:
        if fnmatchcase(item.instruction.event, pattern):
            return Refuse(GuardReason.LOCAL_VETO, f"the site has said no to {pattern}")
    if settings.limits.site_vetoed:
        return Refuse(GuardReason.LOCAL_VETO, "the site has said no to all events")
    for window in settings.maintenance:
        begins_at = delivery.end if now < delivery.start else now + timedelta(microseconds=1)
        if window.start < begins_at and max(now, delivery.start) < window.end:
            return Refuse(GuardReason.MAINTENANCE, f"planned work since {window.start.isoformat()}")
    if now < delivery.start or not item.instruction.purpose.moves_devices:
        return None
    return _unable(item, units, settings, situation)


def _unable(
    item: PlanItem, units: Mapping[str, Unit[Any]], settings: AgentSettings, situation: Situation
) -> Refuse | None:
    """Return why the site can no longer deliver, once it should: no device left, or a blind meter."""
    vetoed = settings.limits.vetoed_resources
    usable = [unit for unit in units.values() if unit.is_available and unit.resource_id not in vetoed]
    if not usable:
        detail = "no flexible resource takes commands"
        if situation.faults:
            return Refuse(GuardReason.DEVICE_FAULT, f"{detail}; {said(situation.faults)}")
        return Refuse(GuardReason.RESOURCE_UNAVAILABLE, detail)
    if situation.is_meter_stale:
        has_begun = item.phase is Phase.RUNNING or item.begun_at is not None or item.takes_over
        if not has_begun or settings.faults.on_stale_meter is OnStaleMeter.RELEASE:
            return Refuse(GuardReason.STALE_METER, "the meter shows nothing, so delivery cannot be steered")
    if situation.faults and item.instruction.direction is Direction.LOAD_DOWN:
        step = settings.control_step
        left_kw = sum(unit.available_kw(unit.observed, step) for unit in usable if unit.state is not None)
        is_inside = situation.now in item.instruction.delivery
        promised_kw = item.promised_kw(situation.now) if is_inside else 0.0
        if left_kw < settings.faults.abort_below_ratio * promised_kw - TOLERANCE_KW:
            detail = f"{left_kw:.1f} kW are left of {promised_kw:.1f} kW promised; {said(situation.faults)}"
            return Refuse(GuardReason.DEVICE_FAULT, detail)
    return None
