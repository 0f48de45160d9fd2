"""What messages owed to sites say, read in bulk: an event concerns thousands of sites."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from vpp.auction.tender import Tender
from vpp.dispatch.instruction import Instruction
from vpp.foundation.direction import Direction
from vpp.portfolio.product import ProductProfile
from vpp.workflows.booking import EVERYTHING, recovery_interval_count
from vpp.workflows.buyer_terms import shown_to_sites
from vpp.workflows.movable import movable_of
from vpp.workflows.outbox_ports import MessageKind, OutboxMessage
from vpp.workflows.ports import Stored, UnitOfWork
from vpp.workflows.recording import product_of, promised
from vpp.workflows.records import AwardRecord, BaselineRecord, BidRecord, BidState


@dataclass(frozen=True, slots=True)
class InvitationContent:
    """Bids are wanted.

    Attributes:
        tender: The auction.
        interval: Length of one delivery interval.
        recovery_interval_count: Intervals after delivery that a rebound may reach into.
        sheddable_load_kw: How far the site can move at most per delivery interval by its forecast, in the
            auction's direction, kW; empty while its load is not forecast.
    """

    tender: Stored[Tender]
    interval: timedelta
    recovery_interval_count: int
    sheddable_load_kw: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class AwardNoticeContent:
    """What became of the site's bids.

    Attributes:
        event_id: The event.
        awards: The site's awards.
        rejected: The site's other bids with their reasons.
        direction: Which way the event moves consumption.
    """

    event_id: str
    awards: tuple[AwardRecord, ...]
    rejected: tuple[Stored[BidRecord], ...]
    direction: Direction = Direction.LOAD_DOWN


@dataclass(frozen=True, slots=True)
class InstructionContent:
    """What the site is to do.

    Attributes:
        instruction: The instruction.
        baseline_kw: Baseline per interval if it is frozen already, kW; else empty.
    """

    instruction: Stored[Instruction]
    baseline_kw: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class BaselineContent:
    """What the site is measured against.

    Attributes:
        baseline: The frozen baseline.
    """

    baseline: BaselineRecord


@dataclass(frozen=True, slots=True)
class CancellationContent:
    """What the site is no longer to do.

    Attributes:
        instruction_id: The instruction that ends.
        event_id: Its event.
        modification_number: Modification of the event that ends it.
    """

    instruction_id: str
    event_id: str
    modification_number: int


DeliveryContent = (
    InvitationContent | AwardNoticeContent | InstructionContent | BaselineContent | CancellationContent
)


@dataclass(frozen=True, slots=True)
class OpenDelivery:
    """A message that a site has not acknowledged.

    Attributes:
        message: The message.
        content: What it says.
    """

    message: OutboxMessage
    content: DeliveryContent

    @property
    def sequence(self) -> int:
        """Its number among the site's messages."""
        return self.message.sequence

    def is_over(self, now: datetime) -> bool:
        """Tell whether it says something that must not be done any more."""
        content = self.content
        return isinstance(content, InstructionContent) and now >= content.instruction.value.expires_at


def contents_of(uow: UnitOfWork, messages: Sequence[OutboxMessage]) -> list[OpenDelivery]:
    """Read what messages say, in few statements.

    Args:
        uow: Knows what the messages are about.
        messages: In any order, of any sites.

    Returns:
        The messages with their present content, in the same order.

    Raises:
        BrokenPromise: A message is about something that is missing.
    """
    content: dict[OutboxMessage, DeliveryContent] = {}
    for kind in MessageKind:
        of_kind = [message for message in messages if message.kind is kind]
        if of_kind:
            content |= _READERS[kind](uow, of_kind)
    return [OpenDelivery(message, content[message]) for message in messages]


def instructed(
    messages: Iterable[OutboxMessage], instructions: Mapping[str, Stored[Instruction]]
) -> list[OpenDelivery] | None:
    """Say what messages say without reading it, if they all are about known instructions.

    Args:
        messages: In any order.
        instructions: What is known, by id; no baselines are known for their sites.

    Returns:
        The messages with their content, or None if something would have to be read.
    """
    deliveries = []
    for message in messages:
        stored = instructions.get(message.subject_id)
        if stored is None or message.kind is not MessageKind.INSTRUCTION:
            return None
        deliveries.append(OpenDelivery(message, InstructionContent(stored, ())))
    return deliveries


_Contents = Mapping[OutboxMessage, DeliveryContent]


def _invitations(uow: UnitOfWork, messages: Sequence[OutboxMessage]) -> _Contents:
    sites = uow.sites.get_all({message.site_id for message in messages})
    found: dict[str, tuple[Stored[Tender], ProductProfile]] = {}
    for subject in dict.fromkeys(message.subject_id for message in messages):
        tender = promised(uow.auctions.get(subject), f"auctions/{subject}")
        found[subject] = (tender, product_of(uow, tender.value.product_id, tender.value.product_version))
    content: dict[OutboxMessage, DeliveryContent] = {}
    for message in messages:
        tender, product = found[message.subject_id]
        site = promised(sites.get(message.site_id), f"sites/{message.site_id}").value
        step, delivery = product.settlement_interval, tender.value.delivery
        movable_kw = movable_of(
            uow, site, tender.value.direction, delivery.start, step, delivery.duration // step
        )
        shown = shown_to_sites(tender, frozenset({message.site_id}))
        content[message] = InvitationContent(shown, step, recovery_interval_count(product), movable_kw or ())
    return content


def _award_notices(uow: UnitOfWork, messages: Sequence[OutboxMessage]) -> _Contents:
    awards: dict[tuple[str, str], list[AwardRecord]] = {}
    rejected: dict[tuple[str, str], list[Stored[BidRecord]]] = {}
    for event_id in dict.fromkeys(message.subject_id for message in messages):
        for award in uow.awards.page(where={"event_id": event_id}, limit=EVERYTHING):
            awards.setdefault((event_id, award.value.site_id), []).append(award.value)
        for bid in uow.bids.page(where={"auction_id": event_id}, limit=EVERYTHING):
            if bid.value.state is BidState.REJECTED:
                rejected.setdefault((event_id, bid.value.bid.site_id), []).append(bid)
    events = uow.events.get_all({message.subject_id for message in messages})
    return {
        message: AwardNoticeContent(
            message.subject_id,
            tuple(awards.get((message.subject_id, message.site_id), ())),
            tuple(rejected.get((message.subject_id, message.site_id), ())),
            promised(events.get(message.subject_id), f"events/{message.subject_id}").value.direction,
        )
        for message in messages
    }


def _instructions(uow: UnitOfWork, messages: Sequence[OutboxMessage]) -> _Contents:
    told = _instructions_by_id(uow, messages)
    keys = {message: f"{told[message.subject_id].value.event_id}-{message.site_id}" for message in messages}
    baselines = uow.baselines.get_all(keys.values())
    content: dict[OutboxMessage, DeliveryContent] = {}
    for message in messages:
        instruction = told[message.subject_id]
        baseline = baselines.get(keys[message])
        adjusted_kw = () if baseline is None else baseline.value.adjusted_kw
        count = len(instruction.value.target_reduction_kw)
        content[message] = InstructionContent(instruction, adjusted_kw[:count])
    return content


def _baselines(uow: UnitOfWork, messages: Sequence[OutboxMessage]) -> _Contents:
    keys = {message: f"{message.subject_id}-{message.site_id}" for message in messages}
    baselines = uow.baselines.get_all(keys.values())
    return {
        message: BaselineContent(promised(baselines.get(key), f"baseline {key}").value)
        for message, key in keys.items()
    }


def _cancellations(uow: UnitOfWork, messages: Sequence[OutboxMessage]) -> _Contents:
    ended = _instructions_by_id(uow, messages)
    events = uow.events.get_all({stored.value.event_id for stored in ended.values()})
    content: dict[OutboxMessage, DeliveryContent] = {}
    for message in messages:
        event_id = ended[message.subject_id].value.event_id
        event = promised(events.get(event_id), f"events/{event_id}").value
        content[message] = CancellationContent(message.subject_id, event_id, event.modification_number)
    return content


def _instructions_by_id(uow: UnitOfWork, messages: Iterable[OutboxMessage]) -> dict[str, Stored[Instruction]]:
    wanted = dict.fromkeys(message.subject_id for message in messages)
    found = uow.instructions.get_all(wanted)
    return {key: promised(found.get(key), f"instructions/{key}") for key in wanted}


_READERS: Mapping[MessageKind, Callable[[UnitOfWork, Sequence[OutboxMessage]], _Contents]] = MappingProxyType(
    {
        MessageKind.INVITATION: _invitations,
        MessageKind.AWARD_NOTICE: _award_notices,
        MessageKind.INSTRUCTION: _instructions,
        MessageKind.BASELINE_NOTICE: _baselines,
        MessageKind.CANCELLATION: _cancellations,
    }
)
