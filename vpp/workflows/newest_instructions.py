"""Of each site the instruction that counts: the one with the highest modification number."""

from collections.abc import Iterable, Sequence

from vpp.dispatch.instruction import Instruction
from vpp.workflows.ports import Stored


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
