"""What a delivery says, read off the wire before anything is kept of it."""

from dataclasses import dataclass

from vpp.agent.announced_baseline import Baseline
from vpp.agent.commitment import Commitment
from vpp.agent.held_instruction import HeldInstruction, held_instruction
from vpp.agent.wire import direction_of, interval
from vpp.foundation.names import resource_ids
from vpp.v1 import session_pb2


@dataclass(frozen=True, slots=True)
class Awarded:
    """What became of the site's bids.

    Attributes:
        event: `events/{event}`.
        commitments: What was bought.
        answered_bids: Names of the bids that are no longer open.
    """

    event: str
    commitments: tuple[Commitment, ...]
    answered_bids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Announced:
    """What the site is measured against.

    Attributes:
        event: `events/{event}`.
        baseline: The baseline.
    """

    event: str
    baseline: Baseline


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What the site is no longer to do.

    Attributes:
        event: `events/{event}`.
        instruction: `instructions/{instruction}`.
        modification_number: Modification of the event that ends it.
    """

    event: str
    instruction: str
    modification_number: int


@dataclass(frozen=True, slots=True)
class Invited:
    """Bids are wanted; the bids that follow are kept, not the invitation."""


Delivered = HeldInstruction | Awarded | Announced | Cancelled | Invited


def delivered(delivery: session_pb2.Delivery) -> Delivered:
    """Read a delivery.

    Raises:
        InvalidInput: It is empty, or says something that cannot be.
    """
    match delivery.WhichOneof("content"):
        case "instruction":
            return held_instruction(delivery.instruction)
        case "award_notice":
            notice = delivery.award_notice
            commitments = tuple(
                Commitment(
                    resource_ids(award.resource)[1],
                    interval(award.delivery_interval),
                    tuple(award.reduction_kw),
                    direction_of(notice.direction),
                )
                for award in notice.awards
                if award.reduction_kw
            )
            answered = {award.bid for award in notice.awards} | {bid.name for bid in notice.rejected_bids}
            return Awarded(notice.event, commitments, frozenset(answered))
        case "baseline_notice":
            announced = delivery.baseline_notice
            span = interval(announced.delivery_interval)
            return Announced(announced.event, Baseline(span, tuple(announced.baseline_kw)))
        case "cancellation":
            ended = delivery.cancellation
            return Cancelled(ended.event, ended.instruction, ended.modification_number)
        case _:
            return Invited()  # or something that only a newer agent understands
