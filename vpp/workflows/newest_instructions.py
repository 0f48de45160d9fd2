"""Of each site the instruction that counts: the one with the highest modification number."""

from collections.abc import Iterable, Sequence

from vpp.dispatch.instruction import Instruction
from vpp.workflows.ports import Stored, UnitOfWork

MOST_INSTRUCTIONS = 1_000_000
"""Page limit of a listing that must be complete; far above any event."""


def newest_stored(every: Iterable[Stored[Instruction]]) -> dict[str, Stored[Instruction]]:
    """Keep each site's newest instruction as stored, by site, in order of site."""
    newest: dict[str, Stored[Instruction]] = {}
    for each in sorted(every, key=lambda one: (one.value.site_id, one.value.modification_number)):
        newest[each.value.site_id] = each
    return newest


def newest_instructions(every: Sequence[Instruction]) -> list[Instruction]:
    """Keep each site's newest instruction, by site."""
    newest: dict[str, Instruction] = {}
    for item in sorted(every, key=lambda item: (item.site_id, item.modification_number)):
        newest[item.site_id] = item
    return list(newest.values())


def newest_of_event(uow: UnitOfWork, event_id: str, *, site_id: str = "") -> list[Instruction]:
    """Read an event's newest instruction of each site, or of one site only, by site."""
    where = {"event_id": event_id, **({"site_id": site_id} if site_id else {})}
    return newest_instructions(
        [one.value for one in uow.instructions.page(where=where, limit=MOST_INSTRUCTIONS)]
    )
