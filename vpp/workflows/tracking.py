"""Follows an event in its course: looks at it at every interval, keeps what was seen, closes the gap."""

from collections.abc import Sequence
from datetime import datetime

from vpp.auction.clearing import clear
from vpp.auction.result import Clearing
from vpp.dispatch.event import EventState
from vpp.dispatch.tracking.delivery_state import DeliveryState
from vpp.dispatch.tracking.rules import TrackingRules
from vpp.foundation.errors import StaleWrite
from vpp.workflows.baselines import freeze_baselines
from vpp.workflows.booking import CLEARING_ATTEMPTS, barred_sites, claimed_resources, clearing_rules
from vpp.workflows.following import UNDER_WAY, Following, follow
from vpp.workflows.load_limits import beyond_connections
from vpp.workflows.looks import interval_of, look_after, of_look
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.one_direction import moved_otherwise
from vpp.workflows.ports import UnitOfWork, UnitOfWorkFactory, WorkerPool
from vpp.workflows.recording import HUB, audit, audit_all, promised
from vpp.workflows.records import AwardRecord
from vpp.workflows.tracking_changes import write_changes
from vpp.workflows.tracking_plan import TrackingPlan, plan_of
from vpp.workflows.tracking_records import TrackingAction, TrackingTick
from vpp.workflows.tracking_summary import tick_of

FOLLOWED = UNDER_WAY | {EventState.ENDED, EventState.MEASURED, EventState.SETTLED}
"""States in which there is something to look at; after its end only what has happened."""
NOT_DELIVERING = frozenset({DeliveryState.UNDER, DeliveryState.SILENT, DeliveryState.OUT})
"""States that are recorded when a site enters them."""


def track_event(
    units: UnitOfWorkFactory, pool: WorkerPool, rules: MarketRules, subject: str
) -> list[TrackingAction]:
    """Look at an event: keep what is seen, close the gap, owe the next look.

    All of it is one transaction, under the event's revision; a look that was made is not made again, and
    one that is late is made once, with what is known by then. The reserve is cleared before, outside of
    it; if anything changes meanwhile, the look begins again.

    Args:
        units: Makes the transactions.
        pool: Clears the reserve, and makes the baselines of sites that join.
        rules: The hub's rules.
        subject: The deadline's subject: event and instant.

    Returns:
        What was done.
    """
    if rules.tracking is None:
        return []
    event_id, due_at = of_look(subject)
    for attempt in range(CLEARING_ATTEMPTS):
        with units(write=False) as uow:
            stored = promised(uow.events.get(event_id), f"events/{event_id}")
            if stored.value.state not in FOLLOWED or uow.tracking.is_made(event_id, due_at):
                return []
            awards = uow.claims.awards_of([event_id])
            following = follow(uow, stored, rules.tracking.lead)
            # What cannot be settled with the others in several tries is left to the next look.
            is_last = attempt + 1 == CLEARING_ATTEMPTS
            plan = (
                TrackingPlan()
                if is_last
                else plan_of(uow, following, awards, rules.tracking, rules.reliability)
            )
        cleared = None
        if plan.book is not None:
            cleared = pool.run(clear, plan.book, clearing_rules(following.product, rules))
        try:
            actions = _keep(units, rules.tracking, following, plan, cleared, due_at)
        except StaleWrite:
            continue
        if actions is not None:
            _freeze_joining(units, pool, rules, following, awards, actions)
            return actions
    raise StaleWrite(f"events/{event_id} has changed during every look at it; look again", event=event_id)


def _keep(  # noqa: PLR0913, PLR0917  what was seen and decided
    units: UnitOfWorkFactory,
    rules: TrackingRules,
    following: Following,
    plan: TrackingPlan,
    cleared: Clearing | None,
    due_at: datetime,
) -> list[TrackingAction] | None:
    """Write a look and what follows from it; None if it has to begin again."""
    event_id = following.event.event_id
    with units() as uow:
        stored = promised(uow.events.get(event_id), f"events/{event_id}")
        if uow.tracking.is_made(event_id, due_at):
            return []
        if stored.revision != following.stored.revision or _is_claimed(uow, following, cleared):
            return None
        number, actions = write_changes(uow, stored, following, plan, cleared)
        tick = tick_of(
            following,
            due_at=due_at,
            target_kw=following.event.target_reduction_kw,
            seen_before=uow.tracking.states(event_id),
            reserve_kw=plan.reserve.available_kw,
            modification_number=number,
            actions=actions,
        )
        uow.tracking.add(tick)
        _record_not_delivering(uow, following, tick)
        following_look = look_after(
            stored.value,
            rules,
            max(due_at, uow.now),
            interval_of(following.sites.values(), rules),
            [each.value for each in following.newest.values()],
        )
        if following_look is not None:
            uow.due.add(following_look)
        uow.commit()
    return actions


def _record_not_delivering(uow: UnitOfWork, following: Following, tick: TrackingTick) -> None:
    """Record which sites do not deliver since this look, and whether silence was taken for that."""
    trusts_silence = following.outlook.trusts_silence
    if not trusts_silence:
        silent, count = tick.site_counts.get(DeliveryState.SILENT, 0), sum(tick.site_counts.values())
        audit(uow, HUB, "distrust_silence", f"events/{tick.event_id}", silent=silent, meters=count)
    audit_all(
        uow,
        HUB,
        "not_delivering",
        {
            f"instructions/{following.newest[site_id].value.instruction_id}": {
                "event": tick.event_id,
                "site": site_id,
                "delivery": state.name,
                "answer": following.newest[site_id].value.state.name,
            }
            for site_id, state in tick.changed_states.items()
            if state in NOT_DELIVERING and (trusts_silence or state is not DeliveryState.SILENT)
        },
    )


def _is_claimed(uow: UnitOfWork, following: Following, cleared: Clearing | None) -> bool:
    """Tell whether another event has claimed what the clearing awards since the reserve was read.

    Or moves its site the other way, has used up what the product may ask of it, or has sold what its
    connection bears of increases.
    """
    if cleared is None:
        return False
    event = following.event
    claimed = claimed_resources(uow, event.delivery, following.product.call.recovery_window)
    kept_out = moved_otherwise(uow, event.delivery, following.product, except_event=event.event_id)
    barred = barred_sites(uow, following.product, event.delivery, except_event=event.event_id)
    kept_out |= {site_id: why for site_id, why in barred.items() if site_id not in following.newest}
    return any(
        any(award.reduction_kw)
        and (
            claimed.get((award.site_id, award.resource_id), event.event_id) != event.event_id
            or award.site_id in kept_out
        )
        for award in cleared.awards
    ) or beyond_connections(uow, cleared)


def _freeze_joining(  # noqa: PLR0913, PLR0917  as the look was given
    units: UnitOfWorkFactory,
    pool: WorkerPool,
    rules: MarketRules,
    following: Following,
    awards: Sequence[AwardRecord],
    actions: Sequence[TrackingAction],
) -> None:
    """Freeze the baselines of sites that have joined, once those of the others are frozen.

    A site that joined at an earlier look whose hub died here is found again by its missing baseline.
    """
    if not following.has_baseline:
        return  # the deadline for all of them is still to come
    known = {award.site_id for award in awards}
    joins = {action.site_id for action in actions if action.award_id and action.site_id not in known}
    frame = following.frame
    waiting = {
        site_id
        for site_id, each in following.newest.items()
        if site_id not in following.has_baseline
        and each.value.modification_number > 0
        and each.created_at >= frame.now - 2 * frame.step
    }
    if joins | waiting:
        freeze_baselines(units, pool, rules, following.event.event_id)
