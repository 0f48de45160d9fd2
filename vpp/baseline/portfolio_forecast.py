"""What several sites together are expected to use: quantiles of the sum, not sums of quantiles."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from vpp.baseline.civil_clock import ONE_DAY
from vpp.baseline.earlier_days import FEWEST_DAYS, EarlierDays
from vpp.baseline.forecast_request import Floats
from vpp.baseline.forecasting.bands import error_band
from vpp.baseline.forecasting.bias import recent_bias
from vpp.foundation.series import regular

LEAST_KNOWN_RATIO = 0.5
"""An interval of a past day counts if sites with this share of the load are known in it."""


@dataclass(frozen=True, slots=True, eq=False)
class PortfolioPart:
    """One site's share of a sum.

    Attributes:
        site_id: The site.
        point_kw: Its forecast before bias correction, kW. Shape (N,).
        p10_kw: Undercut in one case of ten, kW. Shape (N,).
        p50_kw: Undercut in one case of two, kW. Shape (N,).
        p90_kw: Exceeded in one case of ten, kW. Shape (N,).
        error_kw: Metered load minus point forecast on the earlier days, kW; NaN where unknown.
            Shape (K, N).
    """

    site_id: str
    point_kw: Floats
    p10_kw: Floats
    p50_kw: Floats
    p90_kw: Floats
    error_kw: Floats


@dataclass(frozen=True, slots=True, eq=False)
class PortfolioForecast:
    """Expected load of several sites together.

    Attributes:
        site_ids: The sites that are counted, by id.
        p10_kw: Undercut in one case of ten, kW, UTC. Shape (N,).
        p50_kw: Undercut in one case of two, kW. Shape (N,).
        p90_kw: Exceeded in one case of ten, kW. Shape (N,).
        error_day_count: Past days that the band comes from; 0 if it is the sum of the sites' bands.
        notes: What a reader must know, in words.
    """

    site_ids: tuple[str, ...]
    p10_kw: pd.Series
    p50_kw: pd.Series
    p90_kw: pd.Series
    error_day_count: int
    notes: tuple[str, ...]


def sum_forecasts(
    parts: Sequence[PortfolioPart], earlier: EarlierDays, start_at: datetime, step: timedelta
) -> PortfolioForecast:
    """Add up the forecasts of several sites, with the band of the sum.

    The past errors of the sites are added day by day and interval by interval, which keeps how they
    go together: a heat wave moves all of them at once, a failed job one. The band then comes from the
    sums as a single site's comes from its own errors. Any subset of the sites is summed from the same
    errors, so that parts and the whole agree, and a portfolio of one site is that site.

    A site that is unknown in an interval of a past day is taken to have erred in proportion to its
    load as the known ones did; intervals in which less than half of the load is known count for nothing.

    Args:
        parts: The sites' shares, at least one, in any order; rows of errors as in `earlier`.
        earlier: The days that the errors are of.
        start_at: Start of the first interval, UTC.
        step: Length of an interval.

    Returns:
        The sum. With fewer than fourteen days of errors its band is the sum of the sites' bands, which
        is too wide, and a note says so.
    """
    ordered = sorted(parts, key=lambda part: part.site_id)
    error_kw = summed_errors(ordered)
    is_day = ~np.isnan(error_kw).all(axis=1)
    site_ids = tuple(part.site_id for part in ordered)
    if np.count_nonzero(is_day) < FEWEST_DAYS:
        bands = ((part.p10_kw, part.p50_kw, part.p90_kw) for part in ordered)
        rows = (np.sum(rows, axis=0) for rows in zip(*bands, strict=True))
        p10_kw, p50_kw, p90_kw = (regular(row, start_at, step) for row in rows)
        note = (
            f"the band is the sum of the sites' bands: errors of {FEWEST_DAYS} days are needed to add them up"
        )
        return PortfolioForecast(site_ids, p10_kw, p50_kw, p90_kw, 0, (note,))
    known_kw = error_kw[None, is_day]
    band = error_band(known_kw, earlier.is_off[is_day], earlier.is_off_ahead, ONE_DAY // step)
    point_kw = np.sum([part.point_kw for part in ordered], axis=0)
    middle_kw = point_kw + recent_bias(known_kw)[0]
    p10_kw, p50_kw, p90_kw = (
        regular(row, start_at, step)
        for row in (
            np.minimum(point_kw + band.low_kw[0], middle_kw),
            middle_kw,
            np.maximum(point_kw + band.high_kw[0], middle_kw),
        )
    )
    return PortfolioForecast(site_ids, p10_kw, p50_kw, p90_kw, int(np.count_nonzero(is_day)), ())


def summed_errors(parts: Sequence[PortfolioPart]) -> Floats:
    """Add the sites' past errors day by day, kW; NaN where too little is known. Shape (K, N)."""
    weight_kw = np.array([float(np.abs(part.point_kw).mean()) for part in parts])
    if not weight_kw.any():
        weight_kw = np.ones(len(parts))
    shape = parts[0].error_kw.shape
    total_kw, known_weight_kw = np.zeros(shape), np.zeros(shape)
    for part, weight in zip(parts, weight_kw, strict=True):
        is_known = ~np.isnan(part.error_kw)
        total_kw += np.where(is_known, part.error_kw, 0.0)
        known_weight_kw += weight * is_known
    known_ratio = known_weight_kw / weight_kw.sum()
    enough = known_ratio >= LEAST_KNOWN_RATIO
    summed_kw = np.full(shape, np.nan)
    np.divide(total_kw, known_ratio, out=summed_kw, where=enough)
    return summed_kw
