"""One method's forecast of one civil day."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class DayForecast:
    """What a method said at midnight of the day ahead.

    Attributes:
        p50_kw: Expected load, kW. Shape (N,).
        p10_kw: Undercut in one case of ten, kW; None without quantiles. Shape (N,).
        p90_kw: Exceeded in one case of ten, kW; None without quantiles. Shape (N,).
        step: Which step of the method it comes from, by name.
    """

    p50_kw: Floats
    p10_kw: Floats | None
    p90_kw: Floats | None
    step: str


@dataclass(frozen=True, slots=True, eq=False)
class SeriesForecasts:
    """One method's forecasts of one series.

    Attributes:
        by_day: By civil day counted from 1970-01-01; None where the method could not run.
        cpu_s: Processor time, seconds; a batch is shared out evenly.
    """

    by_day: dict[int, DayForecast | None]
    cpu_s: float
