"""What the workflows need from outside to see who is claimed when, as a Protocol."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from vpp.dispatch.event import Event, EventState
from vpp.foundation.interval import Interval
from vpp.workflows.records import AwardRecord


@dataclass(frozen=True, slots=True)
class Claim:
    """An event that has bought something of a resource.

    Attributes:
        event_id: The event.
        site_id: The site.
        resource_id: The flexible resource.
    """

    event_id: str
    site_id: str
    resource_id: str


class ClaimRepository(Protocol):
    """Events by time and what they bought: in few statements, whatever the history's length."""

    def events_during(self, span: Interval, states: Iterable[EventState] | None = None) -> list[Event]:
        """Return the events whose delivery shares an instant with a span, by id; of some states or any."""
        ...

    def claims_of(self, event_ids: Iterable[str]) -> list[Claim]:
        """Return of which resources these events bought something, by event and award."""
        ...

    def awards_of(self, event_ids: Iterable[str]) -> list[AwardRecord]:
        """Return what these events bought, by event and award."""
        ...
