"""One site's readings out of a table, before anything is edited."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp.foundation.interval import Interval
from vpp.telemetry.grid import metering_step
from vpp.telemetry.reading_flag import ReadingFlag


@dataclass(frozen=True, slots=True)
class RegisterBridge:
    """What a register counted across a gap.

    Attributes:
        interval: From the last read before the gap to the first after it, UTC.
        energy_kwh: Net energy of the span, kWh, consumption positive.
    """

    interval: Interval
    energy_kwh: float


@dataclass(frozen=True, slots=True, eq=False)
class MeterReadings:
    """Readings of one site, regular, as the meter gave them.

    Attributes:
        site: Whose readings; "" where the table has no column of sites.
        net_power_kw: Mean net power, kW, consumption positive. Regular UTC index of interval starts; NaN
            is a gap, also where readings conflict. Shape (T,).
        flag: `ReadingFlag` bits found while reading. Shape (T,), int32.
        bridges: What a register counted across gaps, in order of time.
        notes: What was done to the table as a whole: sorted, repeats dropped, steps averaged.
    """

    site: str
    net_power_kw: pd.Series
    flag: npt.NDArray[np.int32]
    bridges: tuple[RegisterBridge, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def step(self) -> timedelta:
        """Length of an interval."""
        return metering_step(self.net_power_kw)

    def count(self, flag: ReadingFlag) -> int:
        """Return how many intervals carry a flag."""
        return int(np.count_nonzero(self.flag & flag))
