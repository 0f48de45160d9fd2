"""Solar cells behind the meter: what they give is netted from the load."""

import math
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from vpp.simulator.chance import chance

_CLOUD_SPAN = timedelta(hours=1)


class PhotovoltaicsPlant(BaseModel):
    """The physical modules on the roof.

    Attributes:
        peak_kw: Power at noon under a clear sky, kW.
        noon_hour: Hour of the day, UTC, at which the sun stands highest.
        daylight_hours: Length of the day, h.
        cloud_ratio: Mean share of the light that clouds take, 0..1.
        seed: Of the clouds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    peak_kw: float = Field(gt=0)
    noon_hour: float = Field(default=12.0, ge=0, lt=24)
    daylight_hours: float = Field(default=12.0, gt=0, le=24)
    cloud_ratio: float = Field(default=0.4, ge=0, le=0.5)
    seed: int = Field(default=0, ge=0)

    def power_kw(self, at: datetime) -> float:
        """Return what the modules give at an instant, kW, 0 or more.

        A half sine over the daylight, less clouds that change within the hour.

        Example:
            >>> from datetime import UTC
            >>> roof = PhotovoltaicsPlant(peak_kw=100.0, cloud_ratio=0.0)
            >>> roof.power_kw(datetime(2026, 6, 1, 12, tzinfo=UTC))
            100.0
            >>> roof.power_kw(datetime(2026, 6, 1, 23, tzinfo=UTC))
            0.0
        """
        hour = at.hour + at.minute / 60.0 + at.second / 3600.0
        from_noon = (hour - self.noon_hour + 12.0) % 24.0 - 12.0
        if abs(from_noon) >= self.daylight_hours / 2.0:
            return 0.0
        clear_kw = self.peak_kw * math.cos(math.pi * from_noon / self.daylight_hours)
        return clear_kw * (1.0 - self._cloud(at))

    def _cloud(self, at: datetime) -> float:
        """Return the share that clouds take, linear between hourly draws."""
        hours, rest = divmod(timedelta(seconds=at.timestamp()), _CLOUD_SPAN)
        share = rest / _CLOUD_SPAN
        before, after = (2.0 * chance(self.seed, "clouds", hours + n) for n in (0, 1))
        return self.cloud_ratio * ((1.0 - share) * before + share * after)
