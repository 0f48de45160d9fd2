"""Awards to instructions: what each site is told to do."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from vpp.dispatch.event import Event
from vpp.dispatch.instruction import Instruction, InstructionState, ResourceTarget, instruction_id


@dataclass(frozen=True, slots=True)
class AwardedReduction:
    """The part of an award that dispatch needs.

    Attributes:
        site_id: The site.
        resource_id: The flexible resource.
        reduction_kw: Awarded reduction per delivery interval, kW. Shape (N,).
    """

    site_id: str
    resource_id: str
    reduction_kw: tuple[float, ...]


def allocate(event: Event, awards: Sequence[AwardedReduction], interval: timedelta) -> list[Instruction]:
    """Turn an event's awards into one instruction per site.

    Args:
        event: The cleared event.
        awards: Its awards; several of one site are summed.
        interval: Length of one delivery interval.

    Returns:
        Instructions in state CREATED, by site id. Their targets sum to the awards' in every
        interval; a site whose awards are all zero gets none.
    """
    by_site: dict[str, dict[str, list[float]]] = defaultdict(dict)
    for award in awards:
        known = by_site[award.site_id].setdefault(award.resource_id, [0.0] * len(award.reduction_kw))
        for n, reduction_kw in enumerate(award.reduction_kw):
            known[n] += reduction_kw
    instructions = []
    for site_id in sorted(by_site):
        parts = tuple(
            ResourceTarget(resource_id, tuple(by_site[site_id][resource_id]))
            for resource_id in sorted(by_site[site_id])
        )
        target_kw = tuple(sum(values) for values in zip(*(part.reduction_kw for part in parts), strict=True))
        if any(target_kw):
            instructions.append(
                Instruction(
                    instruction_id=instruction_id(event.event_id, event.modification_number, site_id),
                    event_id=event.event_id,
                    site_id=site_id,
                    modification_number=event.modification_number,
                    delivery=event.delivery,
                    interval=interval,
                    target_reduction_kw=target_kw,
                    resource_targets=parts,
                    expires_at=event.delivery.end,
                    state=InstructionState.CREATED,
                )
            )
    return instructions
