"""A site's day in one row: what holds of its readings, with quality and coverage."""

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from vpp.foundation.interval import Interval
from vpp.telemetry.batch import TelemetryBatch
from vpp.telemetry.day_cuts import ONE_DAY
from vpp.telemetry.laying import lay
from vpp.telemetry.quality import MeterQuality, worst_quality


class RollUpLevel(enum.IntEnum):
    """How far a day's readings are summed up.

    Attributes:
        METERING: Every metering interval, the last received reading holding.
        SETTLEMENT: Means over longer intervals; kept when the readings have been forgotten.
    """

    METERING = 0
    SETTLEMENT = 1


@dataclass(frozen=True, slots=True, eq=False)
class RollUp:
    """A site's load of one day UTC.

    Attributes:
        site_id: Whose load.
        day_at: Midnight UTC that the day begins with.
        level: How far it is summed up.
        step: Length of an interval, dividing a day.
        net_power_kw: Mean net power, kW, consumption positive; NaN where a sample is missing. Shape (N,).
        quality: Worst `MeterQuality` code of each interval. Shape (N,), int8.
        sample_count: Samples of each interval that there are. Shape (N,), uint32.
        samples_per_interval: Samples that each interval should have.
        conflict_count: Readings of the day that a later one replaced by another value or quality.
        last_number: Number of the site's newest batch that was known when it was made.
    """

    site_id: str
    day_at: datetime
    level: RollUpLevel
    step: timedelta
    net_power_kw: npt.NDArray[np.float64]
    quality: npt.NDArray[np.int8]
    sample_count: npt.NDArray[np.uint32]
    samples_per_interval: int
    conflict_count: int
    last_number: int

    @property
    def coverage_ratio(self) -> npt.NDArray[np.float64]:
        """Share of each interval's samples that there are. Shape (N,)."""
        return self.sample_count / self.samples_per_interval


def roll_up_day(  # noqa: PLR0913  whose day, how long intervals are, how new it is
    batches: Iterable[TelemetryBatch],
    site_id: str,
    day_at: datetime,
    *,
    step: timedelta,
    settlement_step: timedelta,
    last_number: int,
) -> list[RollUp]:
    """Sum a site's day up on both levels.

    Args:
        batches: The day's batches, or pieces of them, in the order they were received.
        site_id: Whose they are.
        day_at: Midnight UTC that the day begins with.
        step: Length of the site's metering intervals, dividing a day.
        settlement_step: Length of the longer intervals, dividing a day; the metering interval stands
            in for it where it is no whole multiple of that.
        last_number: Number of the site's newest batch.

    Returns:
        One of each level; nothing if there are no batches, or some have other intervals than `step`.
    """
    found = list(batches)
    if not found or any(batch.sample_interval != step for batch in found):
        return []
    metered = lay(found, Interval(day_at, day_at + ONE_DAY), step)
    ratio, rest = divmod(settlement_step, step)
    power_kw = metered.net_power_kw
    is_present = metered.quality != MeterQuality.MISSING

    def made(level: RollUpLevel, samples: int) -> RollUp:
        return RollUp(
            site_id=site_id,
            day_at=day_at,
            level=level,
            step=samples * step,
            # A mean of one would make 0.0 of -0.0. One missing sample makes the whole interval missing,
            # as in `metering_energy`.
            net_power_kw=power_kw if samples == 1 else power_kw.reshape(-1, samples).mean(axis=1),
            quality=worst_quality(metered.quality.reshape(-1, samples)),
            sample_count=is_present.reshape(-1, samples).sum(axis=1, dtype=np.uint32),
            samples_per_interval=samples,
            conflict_count=metered.conflict_count,
            last_number=last_number,
        )

    return [made(RollUpLevel.METERING, 1), made(RollUpLevel.SETTLEMENT, ratio if ratio and not rest else 1)]
