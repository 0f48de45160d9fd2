"""What the workflows need from outside to keep the looks at events, as a Protocol."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from vpp.dispatch.tracking.delivery_state import DeliveryState
from vpp.workflows.tracking_records import TrackingTick


class TrackingRepository(Protocol):
    """Looks at events, written once and never changed."""

    def add(self, tick: TrackingTick) -> bool:
        """Keep a look; False, and nothing is kept, if there is one of that event and due instant."""
        ...

    def is_made(self, event_id: str, due_at: datetime) -> bool:
        """Tell whether there is a look of that event and due instant."""
        ...

    def newest(self, event_id: str) -> TrackingTick | None:
        """Return the newest look at an event, or None."""
        ...

    def page(self, event_id: str, *, after: datetime | None = None, limit: int = 1000) -> list[TrackingTick]:
        """List an event's looks, the first one first, after one due instant."""
        ...

    def states(self, event_id: str) -> Mapping[str, DeliveryState]:
        """Return the state in which each site was seen last, by site."""
        ...
