"""What looking after the hub itself needs from storage, as Protocols."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SiteBacklog:
    """What one site is owed.

    Attributes:
        open_count: Messages that it has not acknowledged.
        since: When the oldest of them was committed, UTC.
    """

    open_count: int
    since: datetime


class HealthRepository(Protocol):
    """Shows whether the database takes a write, and how much is owed."""

    def probe(self) -> None:
        """Write one row that is there for this alone."""
        ...

    def backlog(self) -> dict[str, SiteBacklog]:
        """Return what each site is owed that is owed anything, in one statement."""
        ...
