"""The newest readings of many sites at once, on one grid, as tracking needs them."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from vpp.dispatch.tracking.frame import Frame
from vpp.foundation.interval import Interval
from vpp.portfolio.site import Site
from vpp.telemetry.batch import TelemetryBatch
from vpp.telemetry.quality import MeterQuality
from vpp.workflows.ports import UnitOfWork

NOT_USABLE = frozenset({MeterQuality.MISSING, MeterQuality.BAD})
"""Readings that count as gaps, as in a site's usable load."""
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, eq=False)
class LiveReadings:
    """What a site has metered in the course of an event.

    Attributes:
        net_power_kw: Per sample, kW; NaN where there is no usable reading. Shape (M,).
        before_kw: Mean of the delivery interval before the start, kW; NaN where none of it is known.
    """

    net_power_kw: npt.NDArray[np.float64]
    before_kw: float


def live_readings(uow: UnitOfWork, sites: Iterable[Site], frame: Frame) -> Mapping[str, LiveReadings]:
    """Return what sites have metered in the course of an event, and just before.

    As in a site's assembled series the reading received last holds; a site that meters in longer
    intervals than the frame's samples has its reading in each of them, and one that meters in shorter ones
    the mean of what is known in each.

    Args:
        uow: The transaction.
        sites: The sites; longer metering intervals are whole multiples of the frame's samples.
        frame: The grid.

    Returns:
        Readings by site.
    """
    every = list(sites)
    span = Interval(frame.delivery.start - frame.step, frame.delivery.end)
    loaded = uow.telemetry.load_many([site.site_id for site in every], span)
    return {site.site_id: _on_grid(loaded.get(site.site_id, ()), site, frame) for site in every}


def _on_grid(batches: Iterable[TelemetryBatch], site: Site, frame: Frame) -> LiveReadings:
    origin = frame.delivery.start - frame.step
    sample_count = frame.per_interval + frame.sample_count
    length = min(site.metering_interval, frame.sample)
    repeats = site.metering_interval // length
    power_kw = np.full(-(-sample_count * frame.sample // length), np.nan)
    for batch in batches:
        values = np.repeat(np.nan if batch.quality in NOT_USABLE else 1.0, len(batch.net_power_kw))
        values = np.repeat(values * batch.net_power_kw, repeats)
        position = (batch.start_at - origin) // length
        first, last = max(position, 0), min(position + len(values), len(power_kw))
        if first < last:
            power_kw[first:last] = values[first - position : last - position]
    if length < frame.sample:
        places = np.arange(len(power_kw)) * (length // _TICK) // (frame.sample // _TICK)
        power_kw = _means(power_kw, places, sample_count)
    before = power_kw[: frame.per_interval]
    known = before[~np.isnan(before)]
    before_kw = float(known.mean()) if len(known) else math.nan
    return LiveReadings(power_kw[frame.per_interval :], before_kw)


def _means(
    values: npt.NDArray[np.float64], places: npt.NDArray[np.int64], count: int
) -> npt.NDArray[np.float64]:
    """Average what is known of each place; NaN where nothing is. Shape (count,)."""
    is_known = ~np.isnan(values)
    sums = np.bincount(places[is_known], weights=values[is_known], minlength=count)[:count]
    numbers = np.bincount(places[is_known], minlength=count)[:count]
    means: npt.NDArray[np.float64] = np.where(numbers > 0, sums / np.maximum(numbers, 1), np.nan)
    return means
