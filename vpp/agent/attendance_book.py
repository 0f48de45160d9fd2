"""Whether meter and devices were there when they were looked for, counted since the agent started."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class AttendanceBook:
    """Counts of one site.

    Attributes:
        since: From when on it counts, UTC.
        step_count: Control steps.
        metered_count: Those at which the reading of the step that had just ended was there.
        healthy_count: Those at which a device was in good health, by resource id.
        until: The newest instant that was counted, UTC; None if none was.
    """

    since: datetime
    step_count: int = 0
    metered_count: int = 0
    healthy_count: dict[str, int] = field(default_factory=dict)
    until: datetime | None = None

    def see(self, at: datetime, *, is_metered: bool, is_healthy: Mapping[str, bool]) -> None:
        """Count one control step; one that began before the agent did, or is counted already, is none.

        Args:
            at: The control step, UTC.
            is_metered: Whether the reading was there in time.
            is_healthy: Whether each device is in good health, by resource id.
        """
        if at <= (self.until or self.since):
            return
        self.until = at
        self.step_count += 1
        self.metered_count += is_metered
        for resource_id, healthy in is_healthy.items():
            self.healthy_count[resource_id] = self.healthy_count.get(resource_id, 0) + healthy

    def document(self) -> dict[str, Any]:
        """Return the counts as JSON-able values."""
        return {
            "since": self.since.isoformat(),
            "step_count": self.step_count,
            "metered_count": self.metered_count,
            "healthy_count": dict(sorted(self.healthy_count.items())),
        }
