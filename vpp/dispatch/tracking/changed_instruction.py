"""An instruction that tracking changes: only the sites concerned are told anew."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from vpp.dispatch.event import Event
from vpp.dispatch.instruction import (
    Instruction,
    InstructionState,
    RefusalReason,
    ResourceTarget,
    instruction_id,
)

NEGLIGIBLE_KW = 1e-9


def changed_instruction(
    instruction: Instruction, modification_number: int, change_kw: Mapping[str, npt.NDArray[np.float64]]
) -> Instruction:
    """Write a site's instruction again with other targets for some of its resources.

    Args:
        instruction: The one in force, which this one supersedes.
        modification_number: Of the event after the change.
        change_kw: Change per delivery interval, kW, by resource. Shape (N,) each.

    Returns:
        A new instruction in state CREATED. A resource's part never falls below zero; the site's target
        changes by as much as its parts.
    """
    parts = {part.resource_id: np.array(part.reduction_kw) for part in instruction.resource_targets}
    target = np.array(instruction.target_reduction_kw)
    for resource_id, change in change_kw.items():
        before = parts.get(resource_id, np.zeros_like(target))
        after = np.maximum(0.0, before + change)
        after[after < NEGLIGIBLE_KW] = 0.0
        parts[resource_id] = after
        target += after - before
    target = np.maximum(0.0, target)
    target[target < NEGLIGIBLE_KW] = 0.0
    return replace(
        instruction,
        instruction_id=instruction_id(instruction.event_id, modification_number, instruction.site_id),
        modification_number=modification_number,
        target_reduction_kw=tuple(target.tolist()),
        resource_targets=tuple(ResourceTarget(name, tuple(parts[name].tolist())) for name in sorted(parts)),
        state=InstructionState.CREATED,
        reason=RefusalReason.UNSPECIFIED,
        reason_detail="",
        accepted_reduction_kw=None,
        answer=None,
    )


def first_instruction(
    event: Event,
    site_id: str,
    modification_number: int,
    interval: timedelta,
    target_kw: Mapping[str, npt.NDArray[np.float64]],
) -> Instruction:
    """Write the instruction of a site that joins an event in its course.

    Args:
        event: The event.
        site_id: The site.
        modification_number: Of the event after the change.
        interval: Length of one delivery interval.
        target_kw: Reduction per delivery interval, kW, by resource; 0 before the site joins. Shape (N,)
            each.
    """
    count = event.delivery.duration // interval
    nothing = Instruction(
        instruction_id="",
        event_id=event.event_id,
        site_id=site_id,
        modification_number=modification_number,
        delivery=event.delivery,
        interval=interval,
        target_reduction_kw=(0.0,) * count,
        resource_targets=(),
        expires_at=event.delivery.end,
        state=InstructionState.CREATED,
        purpose=event.purpose,
        direction=event.direction,
    )
    return changed_instruction(nothing, modification_number, target_kw)
