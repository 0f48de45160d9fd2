"""Where a driver finds itself: whose device it drives, with what clock, files and memory."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from vpp.agent.device import DeviceMemory
from vpp.foundation.clock import Clock

METER = "meter"
"""Kind of a device that measures the site's net power and takes no commands."""


@dataclass(frozen=True, slots=True)
class DevicePlace:
    """What a site tells a driver beside the driver's own table.

    Attributes:
        resource_id: The flexible resource that the device belongs to, or the meter's name.
        kind: The resource's kind in the configuration, such as `battery`; `meter` for a meter.
        where: The driver's table in the configuration, for messages.
        folder: Folder of the configuration; relative paths start there.
        clock: The site's clock; readings and outcomes carry its time.
        memory: What the driver keeps over a restart.
        command_hold: How long a command stands without being repeated. Equipment that can let go
            by itself is told to do so after this.
    """

    resource_id: str
    kind: str
    where: str
    folder: Path
    clock: Clock
    memory: DeviceMemory
    command_hold: timedelta
