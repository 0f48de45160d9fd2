"""What a light site keeps on its disk, and how it behaves."""

from dataclasses import dataclass, field
from datetime import datetime

from vpp.agent.deliveries import Deliveries
from vpp.agent.held_instruction import HeldInstruction
from vpp.agent.outbox import Batch, Status
from vpp.v1 import auction_pb2


@dataclass
class LightMemory:
    """What is on the site's disk.

    Attributes:
        deliveries: Which deliveries are held.
        instructions: By id.
        said: The newest status of each instruction, by id.
        statuses: What the hub may not hold yet, by number.
        batches: The same of readings, by sequence.
        bids: Requests by id, and whether they were answered.
    """

    deliveries: Deliveries = field(default_factory=Deliveries)
    instructions: dict[str, HeldInstruction] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    statuses: dict[int, Status] = field(default_factory=dict)
    status_count: int = 0
    batches: dict[int, Batch] = field(default_factory=dict)
    batch_sequence: int = 0
    metered_until: datetime | None = None
    bids: dict[str, tuple[auction_pb2.CreateBidRequest, bool]] = field(default_factory=dict)


@dataclass(frozen=True)
class Character:
    """How a site behaves.

    Attributes:
        refuse_ratio: Share of instructions that it refuses.
        partial_ratio: Share that it takes in part.
        abort_ratio: Share that it breaks off.
        is_forgetful: A defect: it applies whatever comes, however often.
    """

    refuse_ratio: float = 0.1
    partial_ratio: float = 0.1
    abort_ratio: float = 0.05
    is_forgetful: bool = False
