"""The site's meter: a little noise, and an error that drifts while nobody calibrates it."""

from pydantic import BaseModel, ConfigDict, Field


class MeterPlant(BaseModel):
    """How far the meter's readings are from the truth, beside its noise.

    Attributes:
        gain_error_ratio: Error at the plant's first interval, as a share of the reading.
        drift_ratio_per_day: By how much that error grows in a day.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    gain_error_ratio: float = Field(default=0.0, ge=-0.1, le=0.1)
    drift_ratio_per_day: float = Field(default=0.0, ge=-0.01, le=0.01)

    def shown_kw(self, true_kw: float, days: float) -> float:
        """Return what the meter shows, kW.

        Args:
            true_kw: Net power at the point of connection, kW.
            days: Since the plant's first interval.

        Example:
            >>> MeterPlant(gain_error_ratio=0.01, drift_ratio_per_day=0.001).shown_kw(1000.0, 10.0)
            1020.0
        """
        return true_kw * (1.0 + self.gain_error_ratio + self.drift_ratio_per_day * days)
