"""A modified event: every instruction again, scaled, under the next modification number."""

from collections.abc import Sequence
from dataclasses import replace

from vpp.dispatch.event import Event
from vpp.dispatch.instruction import (
    Instruction,
    InstructionState,
    RefusalReason,
    ResourceTarget,
    instruction_id,
)


def share_kept(
    awarded_kw: Sequence[float], old_target_kw: Sequence[float], new_target_kw: Sequence[float]
) -> tuple[float, ...]:
    """Compute what share of the award each interval keeps when the target is lowered.

    An award may exceed the target, to make good expected losses; it is lowered in the target's
    proportion. It may also fall short of it; then only a target below the award lowers it.

    Args:
        awarded_kw: Awarded reduction per interval, kW. Shape (N,).
        old_target_kw: Reduction asked for per interval before, kW. Shape (N,).
        new_target_kw: Reduction asked for per interval now, kW. Shape (M,), M <= N.

    Returns:
        Ratios in 0..1. Shape (M,). An interval whose target stays keeps all of its award.

    Example:
        >>> share_kept([105.0, 80.0, 80.0], [100.0, 100.0, 100.0], [50.0, 90.0, 40.0])
        (0.5, 1.0, 0.5)
    """
    count = len(new_target_kw)
    shares = []
    for awarded, old, new in zip(awarded_kw[:count], old_target_kw[:count], new_target_kw, strict=True):
        served = min(awarded, old)
        shares.append(min(1.0, new / served) if served > 0 and new != old else 1.0)
    return tuple(shares)


def modified_instruction(instruction: Instruction, event: Event, kept: Sequence[float]) -> Instruction:
    """Write an instruction again for a modified event.

    Args:
        instruction: The one that the modification supersedes.
        event: The event after the modification.
        kept: Share of the target that each interval keeps. Shape (M,).

    Returns:
        A new instruction in state CREATED with the event's modification number. What a site
        owed in intervals that keep everything is unchanged to the last bit.
    """

    def scaled(values_kw: Sequence[float]) -> tuple[float, ...]:
        return tuple(value * share for value, share in zip(values_kw[: len(kept)], kept, strict=True))

    return replace(
        instruction,
        instruction_id=instruction_id(event.event_id, event.modification_number, instruction.site_id),
        modification_number=event.modification_number,
        delivery=event.delivery,
        target_reduction_kw=scaled(instruction.target_reduction_kw),
        resource_targets=tuple(
            ResourceTarget(part.resource_id, scaled(part.reduction_kw))
            for part in instruction.resource_targets
        ),
        expires_at=event.delivery.end,
        state=InstructionState.CREATED,
        reason=RefusalReason.UNSPECIFIED,
        reason_detail="",
        accepted_reduction_kw=None,
        answer=None,
    )


def same_answer(fresh: Instruction, old: Instruction) -> Instruction:
    """Carry over what a site that is out has said: it is not asked again.

    Args:
        fresh: The instruction written again.
        old: The one before it, in a state that binds nobody.
    """
    return replace(
        fresh,
        state=old.state,
        reason=old.reason,
        reason_detail=old.reason_detail,
        accepted_reduction_kw=old.accepted_reduction_kw,
        answer=old.answer,
    )
