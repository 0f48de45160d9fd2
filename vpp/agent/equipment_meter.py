"""The site's net power from one or several meters, as whole metering intervals that survive a restart."""

import logging
import math
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from vpp.agent.equipment_mean import IntervalMeans
from vpp.agent.equipment_meter_file import EPOCH, MeterFile
from vpp.foundation.clock import Clock
from vpp.foundation.device_terms import Reading

log = logging.getLogger(__name__)


class SiteMeter:
    """Sums the meters: net power is the sum of all, and a gap where one of them has a gap."""

    def __init__(
        self,
        file: MeterFile,
        clock: Clock,
        step: timedelta,
        least_coverage_ratio: float,
        limit_kw: float,
    ) -> None:
        """Begin with the present interval.

        Args:
            file: Intervals of earlier runs.
            clock: The site's.
            step: Metering interval.
            least_coverage_ratio: Least share of an interval that readings must cover.
            limit_kw: Largest mean power that a counter can be believed.
        """
        self._file = file
        self._step = step
        self._clock = clock
        self._start = EPOCH + file.number(clock.now()) * step
        self._least_coverage_ratio = least_coverage_ratio
        self._limit_kw = limit_kw
        self._lock = threading.Lock()
        self._means: dict[str, IntervalMeans] = {}
        self._closed_until = self._start
        self._unsaved = b""

    def sink_for(self, name: str, longest_gap: timedelta) -> Callable[[Reading], None]:
        """Return what takes up the readings of one meter; one whose readings are further apart has gaps."""
        means = IntervalMeans(self._start, self._step, longest_gap, self._least_coverage_ratio)
        self._means[name] = means

        counters = Counters()

        def take(reading: Reading) -> None:
            with self._lock:
                self._begin_anew_if_set_back()
                if not counters.go_on(reading):
                    means.broken()
                _take(means, reading, self._limit_kw)
            self.save()

        return take

    def _begin_anew_if_set_back(self) -> None:
        """Measure again what was closed under times that, by a clock set back, are still to come."""
        now = self._clock.now()
        if now >= self._closed_until - self._step:
            return
        number = self._file.number(now)
        self._file.forget_from(number)
        self._closed_until = EPOCH + number * self._step
        for means in self._means.values():
            means.reopen(now)

    @property
    def begins_at(self) -> datetime:
        """Start of the oldest interval remembered, UTC."""
        with self._lock:
            return self._file.begins_at() or self._start

    def between(self, since: datetime, until: datetime) -> npt.NDArray[np.float64]:
        """Return mean net power per whole interval between two instants, kW; NaN is a gap.

        What has been returned once never changes, unless the clock is set back before it.
        """
        with self._lock:
            self._close(until)
            return self._file.between(since, until)

    def recent_kw(self, since: datetime, until: datetime) -> float | None:
        """Return the mean over any span of the last hour, kW; None if too little of it was measured."""
        with self._lock:
            each_kw = [means.recent_kw(since, until) for means in self._means.values()]
        return math.fsum(each_kw) if all(map(math.isfinite, each_kw)) else None

    def _close(self, until: datetime) -> None:
        if until < self._closed_until + self._step:
            return
        each = [means.close(until) for means in self._means.values()]
        summed = [
            math.fsum(kws) if all(map(math.isfinite, kws)) else math.nan for kws in zip(*each, strict=True)
        ]
        self._unsaved += self._file.take(self._file.number(self._closed_until), summed)
        self._closed_until += len(summed) * self._step

    def save(self) -> None:
        """Put closed intervals on the disk; those that cannot be written are tried again next time."""
        with self._lock:
            content, self._unsaved = self._unsaved, b""
        if not content:
            return
        try:
            self._file.append(content)
        except OSError:
            log.exception("metered intervals cannot be kept on the disk")
            with self._lock:
                self._unsaved = content + self._unsaved


class Counters:
    """What a meter's energy counters showed last."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        self._imported: float | None = None
        self._exported: float | None = None

    def go_on(self, reading: Reading) -> bool:
        """Take up a reading; tell whether its counters go on from the ones before.

        They do not where one has come or gone, whose whole past would be taken for energy of this moment, and
        where one of a pair has fallen: each of them only rises, so the meter was reset or exchanged.
        """
        before = self._imported, self._exported
        after = reading.quantities.get("import_kwh"), reading.quantities.get("export_kwh")
        self._imported, self._exported = after
        if after == before:
            return True
        pairs = list(zip(before, after, strict=True))
        if any((old is None) != (new is None) for old, new in pairs):
            return False
        is_pair = None not in after
        return not (is_pair and any(new < old for old, new in pairs if old is not None and new is not None))


def _take(means: IntervalMeans, reading: Reading, limit_kw: float) -> None:
    quantities = reading.quantities
    imported = quantities.get("import_kwh")
    if imported is not None:
        net_kwh = imported - quantities.get("export_kwh", 0.0)
        means.counter(reading.measured_at, net_kwh, limit_kw, quantities.get("net_power_kw", math.nan))
    elif "net_power_kw" in quantities:
        means.power(reading.measured_at, quantities["net_power_kw"])
    else:
        means.broken()
