"""The `[driver]` table of a site with real equipment."""

import math
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from vpp.agent.table import Table

Positive = Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(hours=1))]
Bounds = tuple[float, float]

FULL_RESPONSE: Mapping[str, timedelta] = MappingProxyType(
    {
        "battery": timedelta(minutes=1),
        "ups": timedelta(minutes=1),
        "generator": timedelta(minutes=5),
        "chiller": timedelta(minutes=15),
        "thermal_store": timedelta(minutes=15),
        "deferrable_load": timedelta(minutes=15),
        "job_groups": timedelta(minutes=15),
        "idle_servers": timedelta(minutes=15),
    }
)
"""When a device's own instruments must show what it was told, by kind, unless its table says otherwise.

Source: the response-time ladder: full response of batteries and UPSs within seconds, generators 1-2
minutes plus transfer, chillers and thermal stores 5-15 minutes, resized jobs 8-13 minutes; rounded up.
"""

UPS_STAGGER = timedelta(seconds=2)
"""Within what time the UPSs of all sites follow one command, each at its own moment, unless the table says
otherwise: a decision of this project, far inside any product's notice."""


class DeviceTable(BaseModel):
    """Keys that every device's table has, whatever its driver; the others are the driver's own.

    Attributes:
        kind: Which driver.
        poll_interval: Machine time between two readings.
        stale_after: Age of the last good reading, in the site's time, from which on it says nothing
            any more; None for four poll intervals and at least 30 s.
        attempt_count: How often a call that fails is made before it counts as failed.
        bounds: Least and largest plausible value by quantity; a reading outside them is refused.
        frozen_after: A reading that has not changed by a digit for this long is taken for stale:
            an instrument that has stopped; None for devices that may stand still.
        confirm_within: When the device's own instruments must show a reduction after the command; None
            for the kind's default.
        confirm_ratio: Least share of the commanded reduction that they must show by then; 0 for no
            such check.
        repeat_interval: The newest command is repeated to the device this often while it stands, for
            devices that let go sooner than the site speaks to them; None to repeat only what the
            site repeats.
        stagger: A command waits for the site's own share of this time, so that the devices of many sites do
            not move on one tick; None for 2 s for a UPS and no wait for others.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    kind: str
    poll_interval: Positive = timedelta(seconds=5)
    stale_after: Positive | None = None
    attempt_count: int = Field(default=2, ge=1, le=10)
    bounds: dict[str, Bounds] = Field(default_factory=dict)
    frozen_after: Annotated[timedelta, Field(gt=timedelta(0))] | None = None
    confirm_within: Annotated[timedelta, Field(gt=timedelta(0))] | None = None
    confirm_ratio: float = Field(default=0.75, ge=0, le=1)
    repeat_interval: Positive | None = None
    stagger: Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(minutes=15))] | None = None

    def stagger_of(self, kind: str) -> timedelta:
        """Return within what time a device of a kind follows a command."""
        if self.stagger is not None:
            return self.stagger
        return UPS_STAGGER if kind == "ups" else timedelta(0)

    @model_validator(mode="after")
    def _are_spans(self) -> Self:
        for name, (least, most) in self.bounds.items():
            if math.isnan(least) or math.isnan(most) or least > most:
                raise ValueError(f"bounds.{name} are {least} and {most}, expected the lower one first")
        return self

    @property
    def own(self) -> dict[str, Any]:
        """The driver's own keys."""
        return dict(self.model_extra or {})

    @property
    def staleness(self) -> timedelta:
        """Age from which on a reading says nothing any more."""
        if self.stale_after is not None:
            return self.stale_after
        return max(4 * self.poll_interval, timedelta(seconds=30))


class EquipmentTable(Table):
    """A site with real equipment.

    Attributes:
        kind: `equipment`.
        state_folder: Folder of what the site keeps: metered intervals, commands, drivers' memories;
            relative to the configuration's folder.
        command_hold: A command that the agent does not repeat for this long is taken back.
        release_on_stop: Release all devices when the agent stops. Otherwise they hold their commands
            until `command_hold` has passed, so that a short restart is not seen at the meter.
        stop_within: Longest that a stop waits for the devices, in the machine's time.
        least_coverage_ratio: Least share of a metering interval that readings must cover; an interval
            with less is a gap.
        meters: The site's meters by name; its net power is their sum.
        devices: Its devices by resource id.
    """

    kind: Literal["equipment"]
    state_folder: Path
    command_hold: Annotated[timedelta, Field(ge=timedelta(seconds=1), le=timedelta(days=1))] = timedelta(
        minutes=15
    )
    release_on_stop: bool = True
    stop_within: Positive = timedelta(seconds=10)
    least_coverage_ratio: float = Field(default=0.8, gt=0, le=1)
    meters: dict[str, DeviceTable] = Field(min_length=1)
    devices: dict[str, DeviceTable] = Field(default_factory=dict)
