"""The site's answer to an instruction: the guard's verdict over what the models say is possible."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

from vpp.agent.plan import PlanItem, SitePlan
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
from vpp.foundation.interval import Interval


@dataclass(frozen=True, slots=True)
class Situation:
    """What the site knows when it answers.

    Attributes:
        now: The site's clock, UTC.
        clock_skew: The hub's clock minus the site's, in the machine's time.
        price_per_mwh: What a further reduction costs, by resource id.
    """

    now: datetime
    clock_skew: timedelta
    price_per_mwh: Mapping[str, Decimal]


def site_limits(settings: AgentSettings) -> SiteLimits:
    """Return the limits of a configuration in the guard's terms."""
    limits = settings.limits
    by_connection_kw = settings.site.import_limit_kw
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
    for pattern in settings.limits.vetoed_events:
        if fnmatchcase(instruction.event, pattern):
            return Refuse(GuardReason.LOCAL_VETO, f"the site has said no to {pattern}")
    outranking = plan.outranking(instruction, situation.now)
    if outranking and instruction.purpose.gives_way:
        return Refuse(GuardReason.OUTRANKED, _in_the_way(outranking))
    limits = site_limits(settings)
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
    if isinstance(verdict, Accept) or not outranking:
        return verdict
    if verdict.reason is not GuardReason.RESOURCE_UNAVAILABLE:
        return verdict
    detail = f"{verdict.detail} beside {_in_the_way(outranking)}"
    return replace(verdict, reason=GuardReason.OUTRANKED, detail=detail)


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
        plan.promised_kw(at, without=instruction.event, least_rank=instruction.purpose.rank) for at in starts
    ]
    awards = plan.awards.get(instruction.event, ())
    awarded_kw = {
        award.resource_id: [award.peak_kw(Interval(at, at + instruction.step)) for at in starts]
        for award in awards
    }
    others = {
        unit.resource_id: [each for each in plan.committed(unit.resource_id) if each not in awards]
        for unit in usable
    }
    ahead = outlook(usable, others, situation.now, start, instruction.step)
    order = CallOrder(awarded_kw, situation.price_per_mwh)
    return deliverable_kw(ahead, targets_kw, also_promised_kw, instruction.step, order)


def stop_reason(
    item: PlanItem, plan: SitePlan, units: Mapping[str, Unit[Any]], settings: AgentSettings, now: datetime
) -> Refuse | None:
    """Return why an instruction that was accepted must not go on; None if it may.

    Before its start, planned work anywhere in its span counts, and so does what outranks a test; after
    it, only what has begun.
    """
    delivery = item.instruction.delivery
    if item.instruction.purpose.gives_way:
        outranking = [
            other
            for other in plan.outranking(item.instruction, now)
            if now < delivery.start or other.instruction.delivery.start <= now
        ]
        if outranking:
            return Refuse(GuardReason.OUTRANKED, _in_the_way(outranking))
    for pattern in settings.limits.vetoed_events:
        if fnmatchcase(item.instruction.event, pattern):
            return Refuse(GuardReason.LOCAL_VETO, f"the site has said no to {pattern}")
    if settings.limits.site_vetoed:
        return Refuse(GuardReason.LOCAL_VETO, "the site has said no to all events")
    for window in settings.maintenance:
        begins_at = delivery.end if now < delivery.start else now + timedelta(microseconds=1)
        if window.start < begins_at and max(now, delivery.start) < window.end:
            return Refuse(GuardReason.MAINTENANCE, f"planned work since {window.start.isoformat()}")
    vetoed = settings.limits.vetoed_resources
    if now >= delivery.start and not any(
        unit.is_available for unit in units.values() if unit.resource_id not in vetoed
    ):
        return Refuse(GuardReason.RESOURCE_UNAVAILABLE, "no flexible resource takes commands")
    return None
