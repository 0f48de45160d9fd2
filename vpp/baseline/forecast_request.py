"""One site's part of a forecast, and the errors that its band comes from."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp.baseline.calendar import SiteCalendar
from vpp.foundation.interval import Interval

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PastErrors:
    """What earlier forecasts at the same lead were wrong by.

    Attributes:
        days: Civil day of each earlier forecast's horizon, oldest first. Length K.
        error_kw: Actual minus point forecast before bias correction, kW; NaN where nothing was metered.
            Column n is the interval at the wall time of the horizon's interval n. Shape (K, N).
    """

    days: tuple[date, ...]
    error_kw: Floats


@dataclass(frozen=True, slots=True, eq=False)
class ForecastRequest:
    """What a site's load is to be forecast from.

    Attributes:
        site_id: Whose load.
        metered_kw: Net power, kW, consumption positive; regular UTC index labelled by interval starts;
            NaN is a gap. What lies at or after the horizon's start is never looked at. Shape (T,).
        horizon: The span to forecast, UTC, a whole number of the series' intervals long.
        calendar: The site's civil time and public holidays.
        masked: Spans whose readings are hidden and imputed: events and their rebound.
        temperature_c: Outdoor temperature, measured then forecast, degrees Celsius; its own grid.
        plan_kw: The load that the site itself plans, past and future, kW.
        past_errors: Errors of the site's own earlier forecasts; None has them replayed from history.
    """

    site_id: str
    metered_kw: pd.Series
    horizon: Interval
    calendar: SiteCalendar
    masked: Sequence[Interval] = field(default=())
    temperature_c: pd.Series | None = None
    plan_kw: pd.Series | None = None
    past_errors: PastErrors | None = None
