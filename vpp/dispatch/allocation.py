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
        net_reduction_kw: Awarded reduction less the rebound that the award expects within delivery,
            per delivery interval, kW; negative where only rebound is left. Shape (N,).
    """

    site_id: str
    resource_id: str
    net_reduction_kw: tuple[float, ...]


def net_reduction(reduction_kw: Sequence[float], rebound_kw: Sequence[float]) -> tuple[float, ...]:
    """Take the rebound within delivery off a reduction: what the point of connection shows.

    Args:
        reduction_kw: Reduction per delivery interval, kW. Shape (N,).
        rebound_kw: Rebound per interval from the start of delivery on, kW. Shape (N or more,).

    Returns:
        Net reduction per delivery interval, kW; may be negative. Shape (N,).

    Example:
        >>> net_reduction([100.0, 100.0], [0.0, 30.0, 50.0])
        (100.0, 70.0)
    """
    within = tuple(rebound_kw[: len(reduction_kw)]) or (0.0,) * len(reduction_kw)
    return tuple(reduction - rebound for reduction, rebound in zip(reduction_kw, within, strict=True))


def allocate(
    event: Event, awards: Sequence[AwardedReduction], interval: timedelta, *, is_local: bool = False
) -> list[Instruction]:
    """Turn an event's awards into one instruction per site.

    Args:
        event: The cleared event.
        awards: Its awards; several of one site are summed.
        interval: Length of one delivery interval.
        is_local: Whether sites stand ready and act by themselves on what they measure: each is told of the
            event, and asked for 0 kW.

    Returns:
        Instructions in state CREATED, by site id. A site's target is the sum of its awards net of
        the rebound they expect within delivery, because that is what its meter will show and what
        clearing counted; never below zero. A site with nothing to do gets none.
    """
    by_site: dict[str, dict[str, list[float]]] = defaultdict(dict)
    for award in awards:
        known = by_site[award.site_id].setdefault(award.resource_id, [0.0] * len(award.net_reduction_kw))
        for n, net_kw in enumerate(award.net_reduction_kw):
            known[n] += net_kw
    instructions = []
    for site_id in sorted(by_site):
        nets = by_site[site_id]
        if is_local:
            nets = {resource_id: [0.0] * len(net_kw) for resource_id, net_kw in nets.items()}
        parts = tuple(
            ResourceTarget(resource_id, tuple(max(0.0, net_kw) for net_kw in nets[resource_id]))
            for resource_id in sorted(nets)
        )
        in_order = [nets[resource_id] for resource_id in sorted(nets)]
        target_kw = tuple(max(0.0, sum(values)) for values in zip(*in_order, strict=True))
        if is_local or any(target_kw):
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
                    purpose=event.purpose,
                    direction=event.direction,
                )
            )
    return instructions
