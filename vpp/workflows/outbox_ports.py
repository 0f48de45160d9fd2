"""Messages that the hub owes to sites, and what the workflows need of where they are kept."""

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class MessageKind(enum.Enum):
    """What an outbox message tells a site."""

    INVITATION = "invitation"
    AWARD_NOTICE = "award_notice"
    INSTRUCTION = "instruction"
    BASELINE_NOTICE = "baseline_notice"
    CANCELLATION = "cancellation"


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """Something a site is owed until it acknowledges.

    Attributes:
        site_id: Who is owed it.
        sequence: Counts the site's messages from 1 without gaps.
        kind: What it tells the site.
        subject_id: Auction, event or instruction that it is about.
        created_at: When it was committed.
        trace_parent: W3C trace context of what made it; empty without tracing.
    """

    site_id: str
    sequence: int
    kind: MessageKind
    subject_id: str
    created_at: datetime
    trace_parent: str = ""


@dataclass(frozen=True, slots=True)
class Owed:
    """Something that a site is to be told.

    Attributes:
        site_id: Who is to be told.
        kind: What it tells the site.
        subject_id: Auction, event or instruction that it is about.
    """

    site_id: str
    kind: MessageKind
    subject_id: str


class OutboxRepository(Protocol):
    """Messages owed to sites."""

    def append(self, site_id: str, kind: MessageKind, subject_id: str) -> OutboxMessage:
        """Owe a site one more message, under its next sequence."""
        ...

    def append_all(self, owed: Sequence[Owed]) -> list[OutboxMessage]:
        """Owe many sites messages, each under its site's next sequence, in few statements."""
        ...

    def open(self, site_id: str) -> list[OutboxMessage]:
        """Return what the site has not acknowledged, in order of sequence."""
        ...

    def open_all(self, site_ids: Iterable[str] | None = None) -> list[OutboxMessage]:
        """Return what sites have not acknowledged, of some sites or of all, by site and sequence."""
        ...

    def open_after(self, sequences: Mapping[str, int]) -> list[OutboxMessage]:
        """Return what sites have not acknowledged above a sequence each, by site and sequence."""
        ...

    def appended_count(self) -> int:
        """Return how many messages were ever appended; it only grows, and is cheap to ask for."""
        ...

    def close(self, messages: Iterable[OutboxMessage]) -> None:
        """Close messages that no longer matter; those that are closed already stay as they are."""
        ...

    def oldest_open_at(self) -> datetime | None:
        """Return since when the oldest open message has been owed, or None."""
        ...

    def acknowledge(self, site_id: str, held_sequence: int) -> list[OutboxMessage]:
        """Close everything up to a sequence; returns what this call closed."""
        ...

    def acknowledge_all(self, held: Mapping[str, int]) -> list[OutboxMessage]:
        """Close everything up to a sequence per site, in few statements; returns what this call closed."""
        ...

    def leap(self, by: int) -> None:
        """Leave out so many sequences of every site, so that the next one given is above them."""
        ...

    def last_sequence(self, site_id: str) -> int:
        """Return the highest sequence given to the site, 0 for none."""
        ...

    def last_sequences(self, site_ids: Iterable[str]) -> dict[str, int]:
        """Return the highest sequence given to each of these sites; those without any are left out."""
        ...
