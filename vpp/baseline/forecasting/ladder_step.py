"""What one step of the history ladder says about some sites, and the band around it."""

from dataclasses import dataclass

import numpy as np

from vpp.baseline.forecast_request import PastErrors
from vpp.baseline.forecasting.bands import error_band
from vpp.baseline.forecasting.bias import recent_bias
from vpp.baseline.forecasting.horizon import HorizonMap
from vpp.baseline.forecasting.panel import Floats, Ints
from vpp.baseline.forecasting.site_panels import SitePanel


@dataclass(frozen=True, slots=True, eq=False)
class LadderStep:
    """What one step says about some sites of a panel.

    Attributes:
        sites: Their numbers in the panel. Shape (S,).
        method: Name of the step.
        members: The models behind it.
        point_kw: Shape (S, N).
        low_kw: What to add for the quantile that is undercut in one case of ten. Shape (S, N).
        bias_kw: What to add for the median. Shape (S, N).
        high_kw: What to add for the quantile that is exceeded in one case of ten. Shape (S, N).
        days_back: How many days before the horizon each past error lies. Shape (K,).
        errors_kw: Errors that the band comes from; None where it comes from the load. Shape (S, K, N).
        given: Past errors that were given, by site, instead of replayed ones.
    """

    sites: Ints
    method: str
    members: tuple[str, ...]
    point_kw: Floats
    low_kw: Floats
    bias_kw: Floats
    high_kw: Floats
    days_back: Ints | None = None
    errors_kw: Floats | None = None
    given: tuple[PastErrors, ...] | None = None


def with_replayed_errors(  # noqa: PLR0913, PLR0917  one step's description and its paths
    sites: SitePanel,
    rows: Ints,
    method: str,
    members: tuple[str, ...],
    paths_kw: Floats,
    days_back: Ints,
) -> list[LadderStep]:
    """Take the last path as the forecast and the errors of those before it for its band.

    Args:
        sites: The panel.
        rows: Sites of it. Shape (S,).
        method: Name of the step.
        members: The models behind it.
        paths_kw: Paths from earlier days on, oldest first, then the forecast's. Shape (S, K + 1, lead).
        days_back: How many days before the end of history each of the former begins. Shape (K,).

    Returns:
        One step, or none; sites without a single known error are left to the next step.
    """
    on_horizon = HorizonMap.of(sites)
    m, end = sites.panel.slots_per_day, sites.panel.length
    load_kw = sites.panel.load_kw[rows]
    before_kw = load_kw[:, end - 1 - np.append(days_back, 0) * m]
    before_kw = np.where(np.isnan(before_kw), paths_kw[:, :, 0], before_kw)
    values_kw = on_horizon.values(before_kw, paths_kw)
    errors_kw = on_horizon.actual(sites, rows, days_back) - values_kw[:, :-1]
    is_known = (
        (~np.isnan(errors_kw)).any(axis=(1, 2)) if len(days_back) else np.zeros(len(rows), dtype=np.bool_)
    )
    if not is_known.any():
        return []
    point_kw = values_kw[is_known, -1]
    return [around(sites, rows[is_known], method, members, point_kw, days_back, errors_kw[is_known])]


def around(  # noqa: PLR0913, PLR0917  one step's description and its errors
    sites: SitePanel,
    rows: Ints,
    method: str,
    members: tuple[str, ...],
    point_kw: Floats,
    days_back: Ints,
    errors_kw: Floats,
) -> LadderStep:
    """Put the band of past errors around a point forecast.

    Args:
        sites: The panel.
        rows: Sites of it. Shape (S,).
        method: Name of the step.
        members: The models behind it.
        point_kw: Shape (S, N).
        days_back: How many days before the horizon the errors lie, oldest first. Shape (K,).
        errors_kw: Actual minus point forecast; at least one of each site is known. Shape (S, K, N).

    Returns:
        The step.
    """
    on_horizon = HorizonMap.of(sites)
    ahead = on_horizon.is_off(np.zeros(1, dtype=np.int64))[0]
    band = error_band(errors_kw, on_horizon.is_off(days_back), ahead, on_horizon.intervals_per_day)
    bias_kw = np.broadcast_to(recent_bias(errors_kw)[:, None], point_kw.shape)
    return LadderStep(
        rows,
        method,
        members,
        point_kw,
        np.minimum(band.low_kw, bias_kw),
        bias_kw,
        np.maximum(band.high_kw, bias_kw),
        days_back,
        errors_kw,
    )
