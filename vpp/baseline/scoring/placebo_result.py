"""A rule's baseline for one placebo event."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PlaceboResult:
    """A rule's baseline for one placebo event, beside the load that it should have equalled.

    Attributes:
        raw_kw: Baseline before the same-day adjustment, kW. Shape (N,).
        adjusted_kw: Baseline after it, kW. Shape (N,).
        actual_kw: Metered load, kW; NaN is a gap. Shape (N,).
        naive_kw: Load at the same wall times a week before, kW; NaN is a gap. Shape (N,).
    """

    raw_kw: Floats
    adjusted_kw: Floats
    actual_kw: Floats
    naive_kw: Floats
