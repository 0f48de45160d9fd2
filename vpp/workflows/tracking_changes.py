"""Writes what a look at an event leads to: awards, new instructions of the sites concerned, what is owed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from vpp.auction.result import Clearing
from vpp.dispatch.allocation import net_reduction
from vpp.dispatch.event import Event
from vpp.dispatch.instruction import OPEN_STATES, Instruction, InstructionState
from vpp.dispatch.tracking.adjusting import Key
from vpp.dispatch.tracking.changed_instruction import changed_instruction, first_instruction
from vpp.foundation.errors import StaleWrite
from vpp.workflows.following import Following
from vpp.workflows.outbox_ports import MessageKind, Owed
from vpp.workflows.ports import Stored, UnitOfWork
from vpp.workflows.recording import HUB, audit_all
from vpp.workflows.records import AuditRecord, AwardRecord
from vpp.workflows.tracking_plan import TrackingPlan
from vpp.workflows.tracking_records import ActionKind, TrackingAction

NO_CHANGE: Mapping[str, npt.NDArray[np.float64]] = {}
Profile = npt.NDArray[np.float64]


def top_up_awards(event: Event, clearing: Clearing, number: int, first: int) -> list[AwardRecord]:
    """Turn a clearing of the reserve into awards of the event: nothing before they count.

    Args:
        event: The event.
        clearing: What was bought, from an interval on.
        number: The event's modification number after the change; part of the awards' ids, so that a
            bid can be called more than once.
        first: That interval.
    """
    nothing = (0.0,) * first
    return [
        AwardRecord(
            award_id=f"{event.event_id}-{award.bid_id}-m{number}",
            event_id=event.event_id,
            bid_id=award.bid_id,
            site_id=award.site_id,
            resource_id=award.resource_id,
            delivery=event.delivery,
            reduction_kw=nothing + award.reduction_kw,
            rebound_kw=nothing + award.rebound_kw,
            price_per_mwh=(event.price_cap_per_mwh * 0,) * first + award.price_per_mwh,
            make_whole=award.make_whole,
            reason=award.reason.name,
        )
        for award in clearing.awards
        if any(award.reduction_kw)
    ]


def write_changes(
    uow: UnitOfWork,
    stored: Stored[Event],
    following: Following,
    plan: TrackingPlan,
    clearing: Clearing | None,
) -> tuple[int, list[TrackingAction]]:
    """Write what a look at an event leads to; the caller commits.

    Args:
        uow: The transaction.
        stored: The event as it is now, at the revision that the plan was made from.
        following: What the plan was made from.
        plan: What is to be done.
        clearing: What was bought for the plan's book.

    Returns:
        The event's modification number afterwards, and what was done.

    Raises:
        StaleWrite: A site that was to be told anew has refused or stopped since the plan was made.
    """
    event = stored.value
    number = event.modification_number + 1
    awards = [] if clearing is None else top_up_awards(event, clearing, number, plan.reserve.first)
    actions = _actions(plan, awards)
    changes = _changes(actions)
    site_ids = sorted(changes.keys() | plan.held.keys())
    if not site_ids:
        return event.modification_number, []
    fresh = {
        site_id: _instruction(following, event, site_id, number, changes.get(site_id, NO_CHANGE), plan.held)
        for site_id in site_ids
    }
    before = _still_open(uow, following, site_ids)
    uow.instructions.update_all(
        {
            each.value.instruction_id: (replace(each.value, state=InstructionState.SUPERSEDED), each.revision)
            for each in before
        }
    )
    audit_all(
        uow,
        HUB,
        "supersede",
        {f"instructions/{each.value.instruction_id}": {"was": each.value.state.name} for each in before},
    )
    uow.instructions.add_all({each.instruction_id: each for each in fresh.values()})
    uow.awards.add_all({award.award_id: award for award in awards})
    buyers = sorted({award.site_id for award in awards})
    uow.outbox.append_all(
        [Owed(site_id, MessageKind.AWARD_NOTICE, event.event_id) for site_id in buyers]
        + [Owed(each.site_id, MessageKind.INSTRUCTION, each.instruction_id) for each in fresh.values()]
    )
    awarded = np.array(event.awarded_reduction_kw) if event.awarded_reduction_kw else None
    for award in awards:
        net = np.array(net_reduction(award.reduction_kw, award.rebound_kw))
        awarded = net if awarded is None else awarded + net
    uow.events.update(
        event.event_id,
        replace(
            event,
            modification_number=number,
            awarded_reduction_kw=() if awarded is None else tuple(np.maximum(0.0, awarded).tolist()),
        ),
        revision=stored.revision,
    )
    uow.audit.append_all([_record(uow, event, action, number) for action in actions])
    return number, actions


def _record(uow: UnitOfWork, event: Event, action: TrackingAction, number: int) -> AuditRecord:
    detail = {
        "site": action.site_id,
        "resource": action.resource_id,
        "most_kw": _largest_kw(action.change_kw),
        "award": action.award_id,
        "modification_number": str(number),
    }
    return AuditRecord(uow.now, HUB, f"tracking_{action.kind.value}", f"events/{event.event_id}", detail)


def _actions(plan: TrackingPlan, awards: Sequence[AwardRecord]) -> list[TrackingAction]:
    actions = [
        TrackingAction(kind, key[0], key[1], tuple(kw.tolist()))
        for kind, changes in plan.change_kw.items()
        for key, kw in sorted(changes.items())
    ]
    actions += [
        TrackingAction(
            ActionKind.TOP_UP,
            award.site_id,
            award.resource_id,
            net_reduction(award.reduction_kw, award.rebound_kw),
            award.award_id,
        )
        for award in awards
    ]
    actions += [
        TrackingAction(ActionKind.HOLD, site_id, offset_s=offset.total_seconds())
        for site_id, offset in sorted(plan.held.items())
    ]
    return actions


def _changes(actions: Sequence[TrackingAction]) -> dict[str, dict[str, Profile]]:
    """Sum what was decided, by site and resource."""
    total: dict[Key, Profile] = {}
    for action in actions:
        if action.change_kw:
            key = (action.site_id, action.resource_id)
            change = np.array(action.change_kw)
            total[key] = total[key] + change if key in total else change
    by_site: dict[str, dict[str, Profile]] = {}
    for (site_id, resource_id), change in total.items():
        by_site.setdefault(site_id, {})[resource_id] = change
    return by_site


def _instruction(  # noqa: PLR0913, PLR0917  what it follows from, and what changes
    following: Following,
    event: Event,
    site_id: str,
    number: int,
    change_kw: Mapping[str, Profile],
    held: Mapping[str, timedelta],
) -> Instruction:
    before = following.newest.get(site_id)
    if before is None:
        return first_instruction(event, site_id, number, following.frame.step, change_kw)
    changed = changed_instruction(before.value, number, change_kw)
    return replace(changed, release_offset=held[site_id]) if site_id in held else changed


def _largest_kw(change_kw: Sequence[float]) -> str:
    low, high = min(change_kw, default=0.0), max(change_kw, default=0.0)
    return f"{high if high >= -low else low:.3f}"


def _still_open(uow: UnitOfWork, following: Following, site_ids: Sequence[str]) -> list[Stored[Instruction]]:
    known = [
        following.newest[site_id].value.instruction_id for site_id in site_ids if site_id in following.newest
    ]
    stored = list(uow.instructions.get_all(known).values())
    for each in stored:
        if each.value.state not in OPEN_STATES:
            raise StaleWrite(
                f"instructions/{each.value.instruction_id} is {each.value.state.name} by now; look again",
                state=each.value.state.name,
            )
    return stored
