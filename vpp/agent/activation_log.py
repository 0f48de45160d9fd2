"""What a site's flexibility was used for, kept for more than a year: one entry per event that it served.

Instructions leave the journal two days after their end, and readings sooner; a year's figures need what
was metered then.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from vpp.agent.journal import Entry
from vpp.flexibility.envelope import FlexDirection
from vpp.flexibility.yearly_flexibility import Activation
from vpp.foundation.interval import Interval

KEPT = timedelta(days=400)
"""A year, and some days to look at it."""
log = logging.getLogger(__name__)


@dataclass(slots=True)
class ActivationLog:
    """Served events by name; made of journal entries alone.

    Attributes:
        since: From when on every served event is noted, UTC; None if none was ever looked for.
        by_event: What came of each, by `events/{event}`.
    """

    since: datetime | None = None
    by_event: dict[str, Activation] = field(default_factory=dict)

    def begin_entry(self, now: datetime) -> Entry:
        """Return the journal entry that says from when on events are noted."""
        return {"kind": "activations_since", "at": now.isoformat()}

    def entry(self, event: str, activation: Activation) -> Entry:
        """Return the journal entry of a served event."""
        return {
            "kind": "activation",
            "event": event,
            "start": activation.span.start.isoformat(),
            "end": activation.span.end.isoformat(),
            "direction": activation.direction.value,
            "changed_kwh": activation.changed_kwh,
        }

    def apply_since(self, entry: Entry) -> None:
        """Take up a journal entry of kind `activations_since`."""
        at = datetime.fromisoformat(entry["at"])
        self.since = at if self.since is None else min(at, self.since)

    def apply(self, entry: Entry) -> None:
        """Take up a journal entry of kind `activation`."""
        self.by_event[entry["event"]] = Activation(
            Interval(datetime.fromisoformat(entry["start"]), datetime.fromisoformat(entry["end"])),
            FlexDirection(entry["direction"]),
            entry["changed_kwh"],
        )

    def snapshot(self, now: datetime) -> Iterator[Entry]:
        """Give the entries from which it can be restored."""
        if self.since is not None:
            yield self.begin_entry(self.since)
        for event, activation in self.by_event.items():
            if activation.span.end + KEPT > now:
                yield self.entry(event, activation)
