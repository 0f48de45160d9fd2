"""What a simulated site is made of: the free-form `[driver]` table of an agent's configuration."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vpp.foundation.errors import InvalidInput
from vpp.simulator.battery import Battery, BatteryPlant
from vpp.simulator.chiller import Chiller, ChillerPlant
from vpp.simulator.deferrable import Deferrable, DeferrablePlant
from vpp.simulator.device import Device
from vpp.simulator.ups import Ups, UpsPlant


class Fault(BaseModel):
    """A span in which a device ignores its commands and reports itself unavailable.

    Attributes:
        resource_id: The device.
        start: First instant of the fault, UTC.
        end: First instant after it, UTC.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    resource_id: str
    start: datetime
    end: datetime


class PlantSettings(BaseModel):
    """One simulated site.

    Attributes:
        load_file: Natural load, relative to the configuration's folder.
        state_file: Where the plant keeps its state and its meter's memory, relative to the same.
        seed: Of the meter's noise.
        noise_ratio: Standard deviation of the meter's noise as a share of the mean load.
        command_hold: A device releases a command that has not been repeated for this long.
        battery: Batteries by resource id.
        ups: UPS by resource id.
        chiller: Cooling plants by resource id.
        deferrable_load: Batch clusters by resource id.
        faults: When which device fails.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    load_file: Path
    state_file: Path
    seed: int = Field(default=0, ge=0)
    noise_ratio: float = Field(default=0.002, ge=0, le=0.2)
    command_hold: timedelta = Field(default=timedelta(minutes=15), gt=timedelta(0))
    battery: dict[str, BatteryPlant] = Field(default_factory=dict)
    ups: dict[str, UpsPlant] = Field(default_factory=dict)
    chiller: dict[str, ChillerPlant] = Field(default_factory=dict)
    deferrable_load: dict[str, DeferrablePlant] = Field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    def devices(self) -> dict[str, Device]:
        """Build the devices at rest, in a fixed order."""
        return {
            **{name: Battery(plant) for name, plant in self.battery.items()},
            **{name: Ups(plant) for name, plant in self.ups.items()},
            **{name: Chiller(plant) for name, plant in self.chiller.items()},
            **{name: Deferrable(plant) for name, plant in self.deferrable_load.items()},
        }


def plant_settings(table: Mapping[str, object]) -> PlantSettings:
    """Read a driver table.

    Raises:
        InvalidInput: A key is unknown or missing, or a value out of its bounds.
    """
    try:
        return PlantSettings.model_validate(table)
    except ValidationError as error:
        raise InvalidInput(f"[driver] is not a simulated site: {error}") from error
