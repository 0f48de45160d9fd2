"""Readings of revenue meters as the hub keeps them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from vpp.foundation.interval import Interval

NO_DEVICE = ""
"""In place of a device's id: the meter at the point of connection."""


@dataclass(frozen=True, slots=True, eq=False)
class RevenueReadings:
    """What a revenue meter showed, regular.

    Attributes:
        start_at: Start of the first interval, UTC.
        step: Length of an interval, dividing an hour.
        net_power_kw: Mean power, kW, NaN for a gap; consumption positive, of a device its output with
            discharge positive. Shape (N,).
        quality: `MeterQuality` codes; MISSING where there is no reading, BAD also where several disagree.
            Shape (N,), int8.
    """

    start_at: datetime
    step: timedelta
    net_power_kw: npt.NDArray[np.float64]
    quality: npt.NDArray[np.int8]

    @property
    def span(self) -> Interval:
        """From the first interval's start to the last one's end."""
        return Interval(self.start_at, self.start_at + len(self.net_power_kw) * self.step)


@dataclass(frozen=True, slots=True, eq=False)
class RevenuePiece:
    """Part of an import on one day UTC.

    Attributes:
        device_id: The device that it meters; empty for the point of connection.
        version: Import that it came in, counted from 1 for each meter.
        readings: The readings.
    """

    device_id: str
    version: int
    readings: RevenueReadings


@dataclass(frozen=True, slots=True)
class RevenueImport:
    """One import of a revenue meter's readings.

    Attributes:
        site_id: Whose meter.
        device_id: The device that it meters; empty for the point of connection.
        version: Counts the imports of this meter from 1.
        span: From the first reading to the last.
        step: Length of an interval.
        reading_count: Readings, gaps left out.
        source_name: Name of the file that they came in.
        sha256: SHA-256 of the readings.
        imported_by: Principal who brought them.
        imported_at: When.
    """

    site_id: str
    device_id: str
    version: int
    span: Interval
    step: timedelta
    reading_count: int
    source_name: str
    sha256: str
    imported_by: str
    imported_at: datetime
