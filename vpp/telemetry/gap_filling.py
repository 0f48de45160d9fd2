"""Gaps of one series, filled one after the other."""

from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp.foundation.series import hours
from vpp.telemetry.edit_rules import EditRules
from vpp.telemetry.estimation import like_mean_kw, linear_kw, neighbour_scale
from vpp.telemetry.grid import within
from vpp.telemetry.meter_readings import RegisterBridge
from vpp.telemetry.reading_flag import ReadingFlag
from vpp.telemetry.runs import Run


@dataclass(slots=True, eq=False)
class GapFilling:
    """One series while its gaps are being filled.

    Attributes:
        measured_kw: Readings to be believed, kW; NaN elsewhere. Shape (T,).
        donors_kw: Those of them that may stand for others. Shape (T,).
        flag: `ReadingFlag` bits; gains those of the estimates. Shape (T,), int32.
        step: Length of an interval.
        rules: The limits.
        like: Labels of like intervals; None where none are known. Shape (T,).
        result_kw: Readings and estimates so far, kW. Shape (T,).
        scale: What like days were multiplied by; NaN elsewhere. Shape (T,).
    """

    measured_kw: npt.NDArray[np.float64]
    donors_kw: npt.NDArray[np.float64]
    flag: npt.NDArray[np.int32]
    step: timedelta
    rules: EditRules
    like: npt.NDArray[np.int64] | None
    result_kw: npt.NDArray[np.float64] = field(init=False)
    scale: npt.NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        """Begin with what was measured."""
        self.result_kw = self.measured_kw.copy()
        self.scale = np.full(len(self.measured_kw), np.nan)

    def fill(self, gap: Run) -> None:
        """Estimate a gap, or flag it as too long.

        Args:
            gap: Its positions; the readings on either side of it, if any, are measured.
        """
        span = slice(gap.first, gap.end)
        length = gap.length * self.step
        has_both_ends = gap.first > 0 and gap.end < len(self.measured_kw)
        if has_both_ends and length <= self.rules.linear_gap:
            self.result_kw[span] = linear_kw(self.measured_kw, gap)
            self.flag[span] |= ReadingFlag.LINEAR
        elif self.like is not None and length <= self.rules.like_gap:
            self.result_kw[span] = self._from_like_days(gap, self.like)
            is_filled = ~np.isnan(self.result_kw[span])
            self.flag[span][is_filled] |= ReadingFlag.LIKE_DAYS
            self.flag[span][~is_filled] |= ReadingFlag.LONG_GAP
        else:
            self.flag[span] |= ReadingFlag.LONG_GAP

    def _from_like_days(self, gap: Run, like: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        reach = max(self.rules.neighbour_span // self.step, 1)
        before = np.arange(max(gap.first - reach, 0), gap.first)
        after = np.arange(gap.end, min(gap.end + reach, len(like)))
        beside, inside = np.concatenate([before, after]), np.arange(gap.first, gap.end)
        like_kw = like_mean_kw(
            self.donors_kw,
            like,
            np.concatenate([inside, beside]),
            count=self.rules.like_count,
            span=self.rules.like_span // self.step,
        )
        inside_kw, beside_kw = like_kw[: gap.length], like_kw[gap.length :]
        scale = neighbour_scale(self.donors_kw[beside], beside_kw, self.rules.max_scale_ratio)
        self.scale[gap.first : gap.end] = scale
        return scale * inside_kw

    def bridge(self, bridge: RegisterBridge, index: pd.DatetimeIndex, is_gap: npt.NDArray[np.bool_]) -> None:
        """Scale the estimates of a span so that it adds up to the register.

        Args:
            bridge: What the register counted; passed over where the span is not whole or not filled.
            index: Interval starts, UTC. Shape (T,).
            is_gap: Where values are estimates. Shape (T,).
        """
        inside = np.flatnonzero(within(index, bridge.interval))
        estimated = inside[is_gap[inside]]
        is_whole = len(inside) == bridge.interval.duration // self.step
        if not (is_whole and len(estimated)) or np.isnan(self.result_kw[inside]).any():
            return
        metered_kw = float(self.result_kw[inside[~is_gap[inside]]].sum())
        target_kw = bridge.energy_kwh / hours(self.step) - metered_kw
        estimated_kw = float(self.result_kw[estimated].sum())
        if estimated_kw * target_kw > 0.0:
            self.result_kw[estimated] *= target_kw / estimated_kw
        else:  # the shape of the estimates says nothing about such a sum
            self.result_kw[estimated] = target_kw / len(estimated)
        self.flag[estimated] |= ReadingFlag.BRIDGED
