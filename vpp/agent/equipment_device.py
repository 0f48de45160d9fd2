"""One commanded device of a site, as the agent's units want to see it."""

import math
import threading
from datetime import datetime, timedelta

from vpp.agent.equipment_mean import IntervalMeans
from vpp.agent.equipment_worker import DeviceWorker
from vpp.foundation.device_terms import Health, Reading
from vpp.foundation.errors import InvalidInput


class ReductionMeter:
    """The mean of a device's own `reduction_kw` over metering intervals."""

    def __init__(self, start: datetime, step: timedelta, longest_gap: timedelta, least_ratio: float) -> None:
        """Begin at the start of a metering interval, UTC."""
        self._step = step
        self._means = IntervalMeans(start, step, longest_gap, least_ratio)
        self._lock = threading.Lock()
        self._newest_kw = math.nan

    def take(self, reading: Reading) -> None:
        """Take up a reading; one without the quantity is a gap."""
        with self._lock:
            if "reduction_kw" in reading.quantities:
                self._means.power(reading.measured_at, reading.quantities["reduction_kw"])
            else:
                self._means.broken()

    def mean_kw(self, at: datetime) -> float:
        """Return the mean of the interval that ended last before an instant, kW; NaN if it is a gap."""
        with self._lock:
            if at < self._means.closed_until - self._step:
                self._means.reopen(at)  # the clock was set back
            for mean in self._means.close(at):
                self._newest_kw = mean
            return self._newest_kw


def state_of(worker: DeviceWorker, reduction: ReductionMeter, at: datetime) -> dict[str, float]:
    """Return what a device's instruments show, with `reduction_kw` as a mean and `available`.

    `recent_reduction_kw` is what it does now.

    A device that is not heard takes no part: it counts as unavailable, and whatever it does is part of
    the load that the meter shows. So its share is asked of others, and the site delivers what it
    promised whether or not the device still does its part.

    Raises:
        InvalidInput: The device has never been read.
    """
    reading = worker.reading
    if reading is None:
        raise InvalidInput(f"{worker.name} has not been read yet: {worker.condition(at).detail}")
    # One that does not tell what it does cannot be counted on either.
    is_well = worker.condition(at).health is Health.OK and "reduction_kw" in reading.quantities
    now_kw = reading.quantities.get("reduction_kw", 0.0)
    mean_kw = reduction.mean_kw(at)
    if not math.isfinite(mean_kw):  # after a start or a silence; what it does now is the best that is known
        mean_kw = now_kw
    return {
        **reading.quantities,
        "recent_reduction_kw": now_kw if is_well else 0.0,
        "reduction_kw": mean_kw if is_well else 0.0,
        "available": min(float(is_well), reading.quantities.get("available", 1.0)),
    }
