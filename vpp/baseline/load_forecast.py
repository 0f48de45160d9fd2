"""A site's expected load with its uncertainty."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, slots=True, eq=False)
class LoadForecast:
    """Expected load of the days ahead.

    All three are finite, between 0 and 1.2 times the highest load seen, and in order.

    Attributes:
        p10_kw: Undercut in one case of ten, kW, on the horizon's intervals, UTC. Shape (N,).
        p50_kw: Undercut in one case of two, kW. Shape (N,).
        p90_kw: Exceeded in one case of ten, kW. Shape (N,).
        method: Which step of the history ladder it comes from.
        members: The models whose mean it is.
        notes: What the models' library warned of, and members that failed.
    """

    p10_kw: pd.Series
    p50_kw: pd.Series
    p90_kw: pd.Series
    method: str
    members: tuple[str, ...]
    notes: tuple[str, ...]
