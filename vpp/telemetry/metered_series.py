"""A site's metered load on a regular grid, with the quality of every value."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp.foundation.errors import InvalidInput
from vpp.foundation.series import hours
from vpp.telemetry.grid import metering_step
from vpp.telemetry.quality import MeterQuality


@dataclass(frozen=True, slots=True, eq=False)
class MeteredSeries:
    """Readings of one site, regular, nothing filled in.

    Attributes:
        net_power_kw: Mean net active power, kW, consumption positive. Regular UTC index labelled by
            interval starts; NaN is a gap. Shape (T,).
        quality: `MeterQuality` codes; MISSING exactly where the power is NaN. Shape (T,), int8.
        conflict_count: Readings that a later one replaced by another value or quality.
    """

    net_power_kw: pd.Series
    quality: npt.NDArray[np.int8]
    conflict_count: int = 0

    def __post_init__(self) -> None:
        """Hold the promise that a value is missing in both places or in neither."""
        gaps = np.isnan(self.net_power_kw.to_numpy(dtype=np.float64))
        if gaps.shape != self.quality.shape or not np.array_equal(gaps, self.quality == MeterQuality.MISSING):
            raise InvalidInput(
                "quality must be MISSING exactly where net_power_kw is NaN", quality=str(self.quality.shape)
            )

    @property
    def step(self) -> timedelta:
        """Length of an interval."""
        return metering_step(self.net_power_kw)

    @property
    def energy_kwh(self) -> pd.Series:
        """Net energy of each interval, kWh, consumption positive; NaN is a gap. Shape (T,)."""
        return self.net_power_kw * hours(self.step)

    def usable_kw(self) -> pd.Series:
        """Return the power with bad readings turned into gaps: what baselines learn from.

        Returns:
            kW, consumption positive, NaN where missing or bad. Shape (T,).
        """
        return self.net_power_kw.mask(self.quality == MeterQuality.BAD)
