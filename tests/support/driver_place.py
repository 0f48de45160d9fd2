"""A place for a driver under test: a folder, a clock, and a memory that outlives the driver."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from vpp.agent.device_place import DevicePlace
from vpp.foundation.clock import Clock, ManualClock

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class SetClock(ManualClock):
    """A clock that can be set back."""

    def set_to(self, instant: datetime) -> None:
        self._now = instant


class KeptMemory:
    """A driver's memory without a disk."""

    def __init__(self) -> None:
        self._content: Mapping[str, object] = {}

    def recall(self) -> Mapping[str, object]:
        return dict(self._content)

    def remember(self, content: Mapping[str, object]) -> None:
        self._content = dict(content)


def place_for(
    tmp_path: Path,
    *,
    kind: str = "battery",
    clock: Clock | None = None,
    hold: timedelta = timedelta(minutes=15),
) -> DevicePlace:
    """Return where a driver of a resource of some kind finds itself."""
    return DevicePlace(
        resource_id="unit",
        kind=kind,
        where="driver.devices.unit",
        folder=tmp_path,
        clock=ManualClock(NOON) if clock is None else clock,
        memory=KeptMemory(),
        command_hold=hold,
    )
