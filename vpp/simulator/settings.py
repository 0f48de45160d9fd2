"""What a simulated site is made of: the free-form `[driver]` table of an agent's configuration."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vpp.foundation.errors import InvalidInput
from vpp.simulator.battery import Battery, BatteryPlant
from vpp.simulator.chiller import Chiller, ChillerPlant
from vpp.simulator.deferrable import Deferrable, DeferrablePlant
from vpp.simulator.device import SUBSTEP_S, Device
from vpp.simulator.faults import Fault
from vpp.simulator.generator import Generator, GeneratorPlant
from vpp.simulator.idle_servers import IdleServers, IdleServersPlant
from vpp.simulator.job_cluster import JobCluster, JobClusterPlant
from vpp.simulator.meter import MeterPlant
from vpp.simulator.photovoltaics import PhotovoltaicsPlant
from vpp.simulator.thermal_store import ThermalStore, ThermalStorePlant
from vpp.simulator.ups import Ups, UpsPlant


class PlantSettings(BaseModel):
    """One simulated site.

    Attributes:
        load_file: Natural load, relative to the configuration's folder.
        state_file: Where the plant keeps its state and its meter's memory, relative to the same.
        seed: Of the meter's noise.
        noise_ratio: Standard deviation of the meter's noise as a share of the mean load.
        command_hold: A device releases a command that has not been repeated for this long.
        substep_s: Longest step of the devices' equations, s.
        battery: Batteries by resource id.
        ups: UPS by resource id.
        chiller: Cooling plants by resource id.
        deferrable_load: Batch clusters by resource id.
        thermal_store: Tanks of chilled water by resource id.
        generator: Backup generators by resource id.
        job_groups: Clusters of jobs by resource id.
        idle_servers: Servers that may sleep, by resource id.
        photovoltaics: Solar cells behind the meter; None for none.
        meter: How far the meter can be trusted.
        instrument_error_ratio: Standard deviation of the factor by which each device's own power
            reading is off, always the same.
        instrument_noise_ratio: Standard deviation of its noise as a share of the reading.
        import_limit_kw: Hard limit of the connection that only the agent keeps, kW; None for none.
        faults: When what is wrong with which device.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    load_file: Path
    state_file: Path
    seed: int = Field(default=0, ge=0)
    noise_ratio: float = Field(default=0.002, ge=0, le=0.2)
    command_hold: timedelta = Field(default=timedelta(minutes=15), gt=timedelta(0))
    substep_s: float = Field(default=SUBSTEP_S, gt=0, le=300)
    battery: dict[str, BatteryPlant] = Field(default_factory=dict)
    ups: dict[str, UpsPlant] = Field(default_factory=dict)
    chiller: dict[str, ChillerPlant] = Field(default_factory=dict)
    deferrable_load: dict[str, DeferrablePlant] = Field(default_factory=dict)
    thermal_store: dict[str, ThermalStorePlant] = Field(default_factory=dict)
    generator: dict[str, GeneratorPlant] = Field(default_factory=dict)
    job_groups: dict[str, JobClusterPlant] = Field(default_factory=dict)
    idle_servers: dict[str, IdleServersPlant] = Field(default_factory=dict)
    photovoltaics: PhotovoltaicsPlant | None = None
    meter: MeterPlant = MeterPlant()
    instrument_error_ratio: float = Field(default=0.0, ge=0, le=0.2)
    instrument_noise_ratio: float = Field(default=0.0, ge=0, le=0.2)
    import_limit_kw: float | None = Field(default=None, gt=0)
    faults: tuple[Fault, ...] = ()

    def devices(self) -> dict[str, Device]:
        """Build the devices at rest, in a fixed order."""
        return {
            **{name: Battery(plant) for name, plant in self.battery.items()},
            **{name: Ups(plant) for name, plant in self.ups.items()},
            **{name: Chiller(plant) for name, plant in self.chiller.items()},
            **{name: Deferrable(plant) for name, plant in self.deferrable_load.items()},
            **{name: ThermalStore(plant) for name, plant in self.thermal_store.items()},
            **{name: Generator(plant) for name, plant in self.generator.items()},
            **{name: JobCluster(plant) for name, plant in self.job_groups.items()},
            **{name: IdleServers(plant) for name, plant in self.idle_servers.items()},
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
