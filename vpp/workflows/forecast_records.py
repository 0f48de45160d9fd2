"""What is kept of forecasts: each making, what it turned out to be wrong by, and sites' own plans."""

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

from vpp.foundation.interval import Interval
from vpp.foundation.series import regular


class ForecastKind(enum.Enum):
    """Why a forecast was made."""

    DAY_AHEAD = "day_ahead"
    INTRADAY = "intraday"
    ON_REQUEST = "on_request"


@dataclass(frozen=True, slots=True)
class ForecastRecord:
    """A load forecast as it was made.

    Attributes:
        site_id: The site.
        made_at: When it was made; nothing later was known to it.
        horizon: The span it covers.
        step_s: Length of one interval, s.
        method: The models behind it, or the named fallback.
        p10_kw: Undercut in one case of ten, kW. Shape (N,).
        p50_kw: Undercut in one case of two, kW. Shape (N,).
        p90_kw: Exceeded in one case of ten, kW. Shape (N,).
        kind: Why it was made.
        point_kw: The mix of the models before bias correction, kW, from which its errors are counted;
            None for forecasts that are older than this column. Shape (N,).
        notes: What a reader must know, in words.
    """

    site_id: str
    made_at: datetime
    horizon: Interval
    step_s: int
    method: str
    p10_kw: tuple[float, ...]
    p50_kw: tuple[float, ...]
    p90_kw: tuple[float, ...]
    kind: ForecastKind = ForecastKind.DAY_AHEAD
    point_kw: tuple[float, ...] | None = None
    notes: tuple[str, ...] = ()

    @property
    def step(self) -> timedelta:
        """Length of one interval."""
        return timedelta(seconds=self.step_s)

    @property
    def centre_kw(self) -> tuple[float, ...]:
        """What its errors are counted from, kW. Shape (N,)."""
        return self.p50_kw if self.point_kw is None else self.point_kw

    def series(self, values_kw: tuple[float, ...]) -> pd.Series:
        """Return values of the horizon as a regular series, kW. Shape (N,)."""
        return regular(values_kw, self.horizon.start, self.step)


@dataclass(frozen=True, slots=True)
class ForecastErrorRecord:
    """What a forecast turned out to be wrong by.

    Attributes:
        site_id: The site.
        kind: Which kind of forecast.
        horizon_start_at: Start of the span that it covered.
        made_at: When the forecast was made.
        step_s: Length of one interval, s.
        error_kw: Metered load minus the forecast's centre, kW; NaN where nothing was metered or the
            load was not the site's own. Shape (N,).
    """

    site_id: str
    kind: ForecastKind
    horizon_start_at: datetime
    made_at: datetime
    step_s: int
    error_kw: tuple[float, ...]

    @property
    def step(self) -> timedelta:
        """Length of one interval."""
        return timedelta(seconds=self.step_s)

    def series(self, values_kw: tuple[float, ...]) -> pd.Series:
        """Return values of the horizon as a regular series, kW. Shape (N,)."""
        return regular(values_kw, self.horizon_start_at, self.step)


@dataclass(frozen=True, slots=True)
class SitePlanRecord:
    """Load that a site itself plans, such as a scheduler's backlog or maintenance.

    Attributes:
        site_id: The site.
        start_at: Start of the first interval.
        step: Length of one interval.
        plan_kw: Planned load, kW, consumption positive; finite. Shape (N,).
        received_at: When the hub was told.
    """

    site_id: str
    start_at: datetime
    step: timedelta
    plan_kw: tuple[float, ...]
    received_at: datetime

    @property
    def end_at(self) -> datetime:
        """End of the last interval, exclusive."""
        return self.start_at + len(self.plan_kw) * self.step

    def series(self) -> pd.Series:
        """Return the plan as a regular series, kW. Shape (N,)."""
        return regular(self.plan_kw, self.start_at, self.step)
