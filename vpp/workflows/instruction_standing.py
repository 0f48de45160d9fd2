"""Where instructions are in their lives, without what they order: all that most answers ask for."""

from dataclasses import dataclass

from vpp.dispatch.instruction import Instruction, InstructionState, RefusalReason


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an instruction is in its life.

    Attributes:
        instruction_id: The instruction.
        event_id: Its event.
        site_id: Its site.
        state: Where it is.
        answer: What the site reported last; None while it has said nothing.
        revision: Rises with every write.
    """

    instruction_id: str
    event_id: str
    site_id: str
    state: InstructionState
    answer: InstructionState | None
    revision: int

    def answered(self, answered: "Answered") -> "Standing":
        """Return where it is once that is written, before the revision is counted up."""
        return Standing(
            self.instruction_id, self.event_id, self.site_id, answered.state, answered.answer, self.revision
        )


@dataclass(frozen=True, slots=True)
class Answered:
    """What answers make of an instruction; the rest stays what it was ordered to be.

    Attributes:
        revision: Which revision was answered.
        state: Where the instruction is from now on.
        answer: What the site reported.
        reason: Why the site refuses, delivers less or stops.
        reason_detail: The same in the site's own words.
        accepted_reduction_kw: What the site delivers at most, kW; None leaves what is known.
    """

    revision: int
    state: InstructionState
    answer: InstructionState
    reason: RefusalReason
    reason_detail: str
    accepted_reduction_kw: float | None


def standing_of(instruction: Instruction, revision: int) -> Standing:
    """Leave out of an instruction what it orders."""
    return Standing(
        instruction.instruction_id,
        instruction.event_id,
        instruction.site_id,
        instruction.state,
        instruction.answer,
        revision,
    )
