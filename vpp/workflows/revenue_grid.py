"""Readings of revenue meters on the settlement grid, the newest version that has one holding."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from vpp.foundation.interval import Interval
from vpp.telemetry.quality import MeterQuality, worst_quality
from vpp.workflows.revenue_records import NO_DEVICE, RevenuePiece


@dataclass(frozen=True, slots=True, eq=False)
class RevenueOnGrid:
    """What a revenue meter showed per settlement interval.

    Attributes:
        power_kw: Mean power, kW; NaN where nothing is known. Shape (N,).
        quality: `MeterQuality` codes. Shape (N,).
        version: The newest import that says something of the window; 0 for none.
        too_coarse: Length of intervals that make up no settlement interval, and were left out; None for none.
    """

    power_kw: npt.NDArray[np.float64]
    quality: npt.NDArray[np.int8]
    version: int
    too_coarse: timedelta | None = None


def revenue_on_grid(pieces: Iterable[RevenuePiece], window: Interval, step: timedelta) -> RevenueOnGrid:
    """Lay the pieces of one meter on a grid.

    A later version holds where it has a reading; where it has none, what was known before stands. A
    settlement interval counts as read only if all of it was.

    Args:
        pieces: Of one meter, by version.
        window: A whole number of `step`s.
        step: Length of a settlement interval.
    """
    count = window.duration // step
    power_kw = np.full(count, np.nan)
    quality = np.full(count, MeterQuality.MISSING, dtype=np.int8)
    version, too_coarse = 0, None
    for piece in pieces:
        readings = piece.readings
        if step % readings.step:
            too_coarse = readings.step
            continue
        ratio = step // readings.step
        span = readings.span
        first = max(-((window.start - span.start) // step), 0)
        last = min((span.end - window.start) // step, count)
        if first >= last:
            continue
        begin = (window.start + first * step - span.start) // readings.step
        cut = slice(begin, begin + (last - first) * ratio)
        codes = worst_quality(readings.quality[cut].reshape(-1, ratio))
        is_read = codes != MeterQuality.MISSING
        if not is_read.any():
            continue
        place = np.arange(first, last)[is_read]
        power_kw[place] = readings.net_power_kw[cut].reshape(-1, ratio).mean(axis=1)[is_read]
        quality[place] = codes[is_read]
        version = max(version, piece.version)
    return RevenueOnGrid(power_kw, quality, version, too_coarse)


def of_connection(pieces: Iterable[RevenuePiece]) -> list[RevenuePiece]:
    """Return the pieces of the meter at the point of connection."""
    return [piece for piece in pieces if piece.device_id == NO_DEVICE]


def device_power_kw(
    pieces: Sequence[RevenuePiece], window: Interval, step: timedelta
) -> npt.NDArray[np.float64] | None:
    """Add up the output of a site's devices that have a meter, kW, discharge positive; None without any.

    An interval in which one of them was not read, or was read badly, is a gap.
    """
    found = _of_devices(pieces, window, step)
    if not found:
        return None
    total_kw = np.zeros(window.duration // step)
    for each in found:
        total_kw += np.where(each.quality == MeterQuality.BAD, np.nan, each.power_kw)
    return total_kw


def is_device_estimated(
    pieces: Sequence[RevenuePiece], window: Interval, step: timedelta
) -> npt.NDArray[np.bool_]:
    """Tell in which intervals the output of a site's devices rests on an estimate. Shape (N,)."""
    estimated = np.zeros(window.duration // step, dtype=np.bool_)
    for each in _of_devices(pieces, window, step):
        estimated |= each.quality == MeterQuality.ESTIMATED
    return estimated


def _of_devices(pieces: Sequence[RevenuePiece], window: Interval, step: timedelta) -> list[RevenueOnGrid]:
    devices = sorted({piece.device_id for piece in pieces} - {NO_DEVICE})
    return [
        revenue_on_grid([piece for piece in pieces if piece.device_id == device_id], window, step)
        for device_id in devices
    ]
