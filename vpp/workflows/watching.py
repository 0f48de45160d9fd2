"""The status of an event at one instant, for operators who watch."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from vpp.dispatch.event import Event, EventState
from vpp.dispatch.instruction import Instruction, InstructionState
from vpp.dispatch.tracking.delivery_state import DeliveryState
from vpp.workflows.following import follow
from vpp.workflows.identity import Principal
from vpp.workflows.ports import Stored, UnitOfWork, UnitOfWorkFactory
from vpp.workflows.recording import found
from vpp.workflows.reporting import instructions_of
from vpp.workflows.tracking_records import TrackingTick
from vpp.workflows.tracking_summary import tick_of
from vpp.workflows.visibility import MAX_PAGE_SIZE, own_site_ids, sees_whole, with_own_sites

TOLD = frozenset(
    {
        EventState.OFFERED,
        EventState.ACCEPTED,
        EventState.SCHEDULED,
        EventState.ACTIVE,
        EventState.ENDED,
        EventState.MEASURED,
        EventState.SETTLED,
        EventState.CANCELLED,
    }
)
"""States in which sites may have been told something."""
NO_LEAD = timedelta(0)


@dataclass(frozen=True, slots=True)
class EventStatus:
    """The status of an event at one instant.

    Attributes:
        event: The event.
        interval: Length of one delivery interval.
        instruction_counts: How many instructions are in each state.
        tick: The newest look at it, or one made for the caller; None before any site was told.
        status_at: The present instant.
    """

    event: Stored[Event]
    interval: timedelta
    instruction_counts: Mapping[InstructionState, int]
    tick: TrackingTick | None
    status_at: datetime

    @property
    def target_energy_kwh(self) -> float:
        """Target of the intervals metered so far, kWh."""
        return 0.0 if self.tick is None else self.tick.target_energy_kwh

    @property
    def delivered_energy_kwh(self) -> float:
        """Delivered in them, kWh; may be negative."""
        return 0.0 if self.tick is None else self.tick.delivered_energy_kwh

    @property
    def site_counts(self) -> Mapping[DeliveryState, int]:
        """How many sites are in each state of delivery."""
        return {} if self.tick is None else self.tick.site_counts


def watches_whole(units: UnitOfWorkFactory, principal: Principal, event_id: str) -> bool:
    """Tell whether a watcher sees all of an event, as everybody does who does; who buys it never changes."""
    with units(write=False) as uow:
        stored = uow.events.get(event_id)
    return stored is not None and sees_whole(principal, stored.value)


def event_status(units: UnitOfWorkFactory, principal: Principal, event_id: str) -> EventStatus:
    """Return what an operator wants to know about an event right now.

    While it is followed, that is what the newest look saw, whoever asks and however often; the meters
    are read anew only where nobody follows it. Sites see the figures of their own instructions only.

    Raises:
        NotFound: There is no such event, or none that concerns the caller.
    """
    with units(write=False) as uow:
        known, own = uow.events.get(event_id), own_site_ids(uow, principal)
        only = None if known is not None and sees_whole(principal, known.value) else own
        concerned = _instructions(uow, event_id, only)
        stored = found(known if only is None or concerned else None, f"events/{event_id}")
        interval = concerned[0].interval if concerned else timedelta(0)
        return EventStatus(
            event=with_own_sites(uow, principal, stored),
            interval=interval,
            instruction_counts=dict(Counter(item.state for item in concerned)),
            tick=_newest_look(uow, stored, only) if concerned else None,
            status_at=uow.now,
        )


def _newest_look(uow: UnitOfWork, stored: Stored[Event], only: frozenset[str] | None) -> TrackingTick | None:
    if stored.value.state not in TOLD:
        return None
    if only is None:
        newest = uow.tracking.newest(stored.value.event_id)
        if newest is not None:
            return newest
    following = follow(uow, stored, NO_LEAD, only=only)
    target_kw = np.array(stored.value.target_reduction_kw)
    is_readiness = stored.value.purpose.is_paid and not following.product.call.is_instructed
    if only is not None or is_readiness:  # what was bought as readiness is not asked for
        target_kw = following.outlook.instructed_by_interval_kw
    return tick_of(following, due_at=uow.now, target_kw=tuple(target_kw.tolist()), seen_before={})


def _instructions(uow: UnitOfWork, event_id: str, only: frozenset[str] | None) -> list[Instruction]:
    """Return an event's instructions; those to some sites are looked up site by site, and nothing else is."""
    if only is None:
        return [stored.value for stored in instructions_of(uow, event_id)]
    return [
        stored.value
        for site_id in sorted(only)
        for stored in uow.instructions.page(
            where={"event_id": event_id, "site_id": site_id}, limit=MAX_PAGE_SIZE
        )
    ]
