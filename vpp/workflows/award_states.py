"""Where awards are in their lives, read from their events and their sites' newest instructions."""

from collections.abc import Iterable, Sequence

from vpp.dispatch.award import AwardState, award_state
from vpp.dispatch.instruction import Instruction, InstructionState
from vpp.foundation.errors import BrokenPromise
from vpp.workflows.booking import EVERYTHING
from vpp.workflows.newest_instructions import newest_stored
from vpp.workflows.ports import Stored, UnitOfWork, UnitOfWorkFactory
from vpp.workflows.records import AwardRecord
from vpp.workflows.reporting import instructions_of

FEW = 5
"""So many sites of an event are asked for one by one; of more, the whole event is read."""


def award_states(units: UnitOfWorkFactory, awards: Iterable[AwardRecord]) -> dict[str, AwardState]:
    """Return where awards are in their lives, by award id.

    Raises:
        BrokenPromise: An award's event is missing, or is in a state in which it has no awards.
    """
    records = list(awards)
    sites: dict[str, set[str]] = {}
    for each in records:
        sites.setdefault(each.event_id, set()).add(each.site_id)
    with units(write=False) as uow:
        events = uow.events.get_all(sorted(sites))
        told: dict[tuple[str, str], InstructionState] = {
            (event_id, site_id): stored.value.state
            for event_id in events
            for site_id, stored in newest_stored(_told(uow, event_id, sites[event_id])).items()
        }
    found = {}
    for each in records:
        event = events.get(each.event_id)
        state = (
            None if event is None else award_state(event.value.state, told.get((each.event_id, each.site_id)))
        )
        if state is None:
            raise BrokenPromise(f"awards/{each.award_id} has no event that could have made it")
        found[each.award_id] = state
    return found


def _told(uow: UnitOfWork, event_id: str, site_ids: set[str]) -> Sequence[Stored[Instruction]]:
    """Return what an event tells sites, and perhaps others: a site that lists its awards reads its own."""
    if len(site_ids) > FEW:
        return instructions_of(uow, event_id)
    return [
        stored
        for site_id in sorted(site_ids)
        for stored in uow.instructions.page(
            where={"event_id": event_id, "site_id": site_id}, limit=EVERYTHING
        )
    ]
