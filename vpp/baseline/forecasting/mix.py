"""Mixes of members, and the point forecast each gives."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vpp.baseline.forecasting.autoreg import AUTOREG
from vpp.baseline.forecasting.boosted import BOOSTED
from vpp.baseline.forecasting.day_arx import DAY_ARX
from vpp.baseline.forecasting.fourier import FOURIER
from vpp.baseline.forecasting.member import ComputedBy, Member
from vpp.baseline.forecasting.panel import Floats, Ints, LoadPanel
from vpp.baseline.forecasting.persistence import held_load
from vpp.baseline.forecasting.robust_arx import ROBUST_ARX

ForecastMix = Literal["fast", "mean", "robust", "boosted"]

# Plain means: weights learnt from past errors did worse wherever they were tried. A member that learns from
# more history than the others, and from what they know, has half; the boosted one contains the robust one.
_MIXES: Mapping[ForecastMix, tuple[tuple[Member, float], ...]] = {
    "fast": ((FOURIER, 1.0), (DAY_ARX, 1.0)),
    "mean": ((FOURIER, 1.0), (AUTOREG, 1.0), (DAY_ARX, 1.0)),
    "robust": ((FOURIER, 1.0), (AUTOREG, 1.0), (DAY_ARX, 1.0), (ROBUST_ARX, 3.0)),
    "boosted": ((FOURIER, 1.0), (AUTOREG, 1.0), (DAY_ARX, 1.0), (BOOSTED, 3.0)),
}


@dataclass(frozen=True, slots=True, eq=False)
class MixPaths:
    """Point forecasts of a mix.

    Attributes:
        kw: NaN for sites where no member worked. Shape (S, O, lead).
        members: Names of the members.
    """

    kw: Floats
    members: tuple[str, ...]


def members_of(mix: ForecastMix) -> tuple[Member, ...]:
    """Return the members of a mix."""
    return tuple(member for member, _ in _MIXES[mix])


def mix_forecast(  # noqa: PLR0913  a member's arguments, the mix and the path
    panel: LoadPanel, origins: Ints, lead: int, fit_end: int, *, mix: ForecastMix, by: ComputedBy = "batched"
) -> MixPaths:
    """Forecast by the weighted mean of the members that worked, and by the held load as far as trusted.

    Args:
        panel: Load without gaps up to the latest origin.
        origins: Forecasts begin at these slots, all at the same slot of their day. Shape (O,).
        lead: How many slots to forecast from each origin, at most a week.
        fit_end: Coefficients come from slots before this one; at most the earliest origin.
        mix: Which members.
        by: Which computation.

    Returns:
        The mix.

    Raises:
        InvalidInput: The mix is "boosted" and LightGBM is not installed.
    """
    shape = (panel.site_count, len(origins), lead)
    total, weight = np.zeros(shape), np.zeros((panel.site_count, 1, 1))
    for member, share in _MIXES[mix]:
        path = member.forecast(panel, origins, lead, fit_end, by=by)
        works = np.isfinite(path).all(axis=(1, 2))
        total[works] += share * path[works]
        weight[works] += share
    mean = np.divide(total, weight, out=np.full(shape, np.nan), where=weight > 0)
    names = tuple(member.name for member in members_of(mix))
    return MixPaths(held_load(panel, origins, lead).mixed_with(mean), names)
