"""An answer that a site gave in time and the hub hears of late."""

from datetime import datetime, timedelta

from vpp.dispatch.instruction import ANSWERS, Instruction, InstructionState, asked_from

ANSWER_GRACE = timedelta(minutes=15)
"""How long after an instruction was written off its answer may arrive: a restart of the hub, and the time
an agent takes to come back after a partition. The site acts on what it agreed to whether or not the hub has
heard of it, so that knowing it later is better than not knowing it."""


def was_answered_in_time(
    instruction: Instruction,
    answer: InstructionState,
    *,
    answered_at: datetime,
    expired_at: datetime,
    now: datetime,
) -> bool:
    """Tell whether a late message holds an answer that counts.

    Args:
        instruction: The site's newest instruction for the event.
        answer: What the site reports.
        answered_at: When it decided so, by its own clock.
        expired_at: When the hub wrote the instruction off.
        now: The present instant.

    Returns:
        Whether the instruction has expired, the report is an answer, the site gave it before
        anything was asked for, and it arrives within the grace and before the end.

    Example:
        >>> from datetime import UTC
        >>> from vpp.foundation.interval import Interval
        >>> noon, hour = datetime(2026, 3, 2, 12, tzinfo=UTC), timedelta(hours=1)
        >>> expired = Instruction(
        ...     "evening-m0-north-1", "evening", "north-1", 0, Interval(noon, noon + hour), hour, (10.0,), (),
        ...     noon + hour, InstructionState.EXPIRED,
        ... )
        >>> was_answered_in_time(
        ...     expired, InstructionState.ACCEPTED, answered_at=noon - hour,
        ...     expired_at=noon, now=noon + timedelta(minutes=1),
        ... )
        True
        >>> was_answered_in_time(
        ...     expired, InstructionState.ACCEPTED, answered_at=noon,
        ...     expired_at=noon, now=noon + timedelta(minutes=1),
        ... )
        False
    """
    return (
        instruction.state is InstructionState.EXPIRED
        and answer in ANSWERS
        and answered_at < asked_from(instruction)
        and now < min(expired_at + ANSWER_GRACE, instruction.delivery.end)
    )
