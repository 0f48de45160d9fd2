"""From utilisation to electrical power: computers, cooling and fixed overheads."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from vpp.simulator.site_load import SiteLoad

HOTTEST_HOUR = 15.0
"""Hour of the day, UTC, at which the outside air is warmest."""
REFERENCE_CELSIUS = 20.0


@dataclass(frozen=True, slots=True)
class PowerModel:
    """A compute centre's power as a function of utilisation and outside air.

    Power of the computers: nameplate x (idle + (1 - idle) x utilisation). Cooling: the
    computers' heat over a coefficient of performance that falls as it gets warmer outside.
    Overheads: a fixed part (transformers, lights, idle UPS losses) and one in proportion to the
    computers (UPS losses, fans). The sum is the power at the point of connection.

    Attributes:
        nameplate_kw: Power of the computers at full utilisation, kW.
        idle_ratio: Their power at no utilisation as a share of the nameplate.
        fixed_ratio: Fixed overheads as a share of the nameplate.
        proportional_ratio: Overheads per power of the computers.
        reference_cop: Heat removed per chiller power at 20 Celsius outside.
        cop_slope_per_kelvin: Fall of the same per kelvin.
        mean_celsius: Mean outside temperature, Celsius.
        swing_kelvin: Half the difference between warmest and coldest hour, K.

    Source:
        Linear utilisation-to-power and PUE with a fixed and a proportional part: the domain
        reference "Flexibility models", section 9. The figures are the caller's.
    """

    nameplate_kw: float
    idle_ratio: float
    fixed_ratio: float
    proportional_ratio: float
    reference_cop: float
    cop_slope_per_kelvin: float
    mean_celsius: float
    swing_kelvin: float

    def load(self, start: datetime, step: timedelta, utilisation_ratio: npt.NDArray[np.float64]) -> SiteLoad:
        """Turn utilisation into a site's natural load.

        Args:
            start: Start of the first interval, UTC.
            step: Length of one interval.
            utilisation_ratio: Utilisation, clipped to 0..1. Shape (T,).

        Returns:
            The natural load. Shape (T,).
        """
        used_ratio = np.clip(utilisation_ratio, 0.0, 1.0)
        it_kw = self.nameplate_kw * (self.idle_ratio + (1.0 - self.idle_ratio) * used_ratio)
        first_hour = start.hour + start.minute / 60.0
        hour = first_hour + np.arange(len(it_kw)) * (step / timedelta(hours=1))
        phase = 2.0 * math.pi * (hour - HOTTEST_HOUR) / 24.0
        outside_celsius = self.mean_celsius + self.swing_kelvin * np.cos(phase)
        cop = self.reference_cop - self.cop_slope_per_kelvin * (outside_celsius - REFERENCE_CELSIUS)
        cooling_kw = it_kw / np.maximum(1.0, cop)
        overhead_kw = self.fixed_ratio * self.nameplate_kw + self.proportional_ratio * it_kw
        return SiteLoad(start, step, it_kw + cooling_kw + overhead_kw, it_kw, cooling_kw)
