"""What the hub still has to tell sites, for all of them at once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from vpp.dispatch.instruction import UNANSWERED, Instruction, InstructionState
from vpp.workflows.delivery_contents import OpenDelivery, contents_of
from vpp.workflows.outbox_ports import MessageKind, OutboxMessage
from vpp.workflows.ports import Stored, UnitOfWorkFactory
from vpp.workflows.recording import HUB
from vpp.workflows.records import AuditRecord


@dataclass(frozen=True, slots=True)
class Owed:
    """Messages with what they say.

    Attributes:
        deliveries: What is to be sent, in the order asked for.
        over: Messages that order what must not be done any more.
    """

    deliveries: list[OpenDelivery]
    over: list[OutboxMessage]


@dataclass(frozen=True, slots=True)
class JustOwed:
    """What one transaction came to owe, told when it has been committed, so that it need not be read.

    Attributes:
        messages: Everything that it owes, in its order.
        instructions: Those that it made, by id; not those of events whose baselines are known.
        count_before: `OutboxRepository.appended_count` before it.
        count_after: The same after it.
    """

    messages: Sequence[OutboxMessage]
    instructions: Mapping[str, Stored[Instruction]]
    count_before: int
    count_after: int


class OwedNews:
    """Tells whoever listens what this process has just come to owe.

    It saves reading what was written a moment ago, and nothing depends on it: what a listener does not
    hear, because it was not there or came from another hub, is in the database.
    """

    def __init__(self) -> None:
        """Begin with nobody listening."""
        self._listeners: list[Callable[[JustOwed], None]] = []

    @property
    def is_heard(self) -> bool:
        """Whether anybody listens."""
        return bool(self._listeners)

    def listen(self, listener: Callable[[JustOwed], None]) -> None:
        """Call `listener` after every such transaction, in the thread that committed it."""
        self._listeners.append(listener)

    def tell(self, news: JustOwed) -> None:
        """Tell everybody."""
        for listener in self._listeners:
            listener(news)


def appended_count(units: UnitOfWorkFactory) -> int:
    """Return how many messages were ever owed to sites; while it stays the same, nothing new is owed."""
    with units(write=False) as uow:
        return uow.outbox.appended_count()


def open_messages(units: UnitOfWorkFactory, sequences: Mapping[str, int]) -> list[OutboxMessage]:
    """Return what sites have not acknowledged above a sequence each, by site and sequence."""
    with units(write=False) as uow:
        return uow.outbox.open_after(sequences)


def read_owed(units: UnitOfWorkFactory, messages: Sequence[OutboxMessage]) -> Owed:
    """Read what messages say now.

    Raises:
        BrokenPromise: A message is about something that is missing.
    """
    with units(write=False) as uow:
        read = contents_of(uow, messages)
        return Owed(
            [delivery for delivery in read if not delivery.is_over(uow.now)],
            [delivery.message for delivery in read if delivery.is_over(uow.now)],
        )


def close_over(units: UnitOfWorkFactory, messages: Iterable[OutboxMessage]) -> None:
    """Close instructions that came too late to be sent, in place of sending them.

    Those that nobody has answered are EXPIRED from now on.
    """
    with units() as uow:
        over = [message for message in messages if message.kind is MessageKind.INSTRUCTION]
        uow.outbox.close(over)
        known = uow.instructions.get_all([message.subject_id for message in over])
        waiting = {key: stored for key, stored in known.items() if stored.value.state in UNANSWERED}
        uow.instructions.update_all(
            {
                key: (replace(stored.value, state=InstructionState.EXPIRED), stored.revision)
                for key, stored in waiting.items()
            }
        )
        uow.audit.append_all(
            [
                AuditRecord(
                    uow.now,
                    HUB,
                    "close_unsent",
                    f"instructions/{message.subject_id}",
                    {"site": message.site_id, "sequence": str(message.sequence)},
                )
                for message in over
            ]
        )
        uow.audit.append_all(
            [
                AuditRecord(
                    uow.now,
                    HUB,
                    "expire_instruction",
                    f"instructions/{key}",
                    {"was": stored.value.state.name},
                )
                for key, stored in waiting.items()
            ]
        )
        uow.commit()
