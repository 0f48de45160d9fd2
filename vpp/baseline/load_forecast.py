"""A site's expected load with its uncertainty."""

from dataclasses import dataclass

import pandas as pd

from vpp.baseline.forecast_request import PastErrors


@dataclass(frozen=True, slots=True, eq=False)
class LoadForecast:
    """Expected load of the days ahead.

    The three quantiles are finite, in order, at most 1.2 times the highest load seen and at least 0; at
    a site that was seen exporting, at least 1.2 times its largest export below it.

    Attributes:
        p10_kw: Undercut in one case of ten, kW, on the horizon's intervals, UTC. Shape (N,).
        p50_kw: Undercut in one case of two, kW. Shape (N,).
        p90_kw: Exceeded in one case of ten, kW. Shape (N,).
        point_kw: What the members say, before the correction by recent errors and before the limits
            above, kW. Shape (N,).
        method: Which step of the history ladder it comes from.
        members: The models whose mean it is.
        notes: What was not used or failed, in plain words.
        past_errors: The errors that the band comes from; None where it comes from the load itself.
    """

    p10_kw: pd.Series
    p50_kw: pd.Series
    p90_kw: pd.Series
    point_kw: pd.Series
    method: str
    members: tuple[str, ...]
    notes: tuple[str, ...]
    past_errors: PastErrors | None = None
