"""Means over metering intervals from readings that come when they come.

    mean_i = (1 / covered_i) * integral of p(t) dt over the covered part of interval i

Powers are joined by straight lines (trapezoids), counters by their difference, so that the energy of a
counter is kept to its last digit. A span between two readings that is longer than `longest_gap` covers
nothing, except a counter's within one interval, whose energy is known all the same. An interval that is
covered by less than `least_coverage_ratio` is a gap (NaN). When an interval is asked for before the
first reading after its end, its last value is held for the rest.
"""

import math
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

HOUR_S = 3600.0
RECENT_S = 3600.0
"""How far back means off the grid can be asked for, s."""


@dataclass(slots=True)
class _Sum:
    """What is known of one interval: energy, kWs, and how much of it is covered, s."""

    energy_kws: float = 0.0
    covered_s: float = 0.0


class IntervalMeans:
    """Collects the readings of one instrument and closes intervals of a grid, each once."""

    def __init__(
        self, start: datetime, step: timedelta, longest_gap: timedelta, least_coverage_ratio: float
    ) -> None:
        """Begin.

        Args:
            start: Start of the first interval, UTC.
            step: Length of an interval.
            longest_gap: Longest span between two readings that counts as covered.
            least_coverage_ratio: Least share of an interval that must be covered.
        """
        self._start = start
        self._step_s = step.total_seconds()
        self._longest_gap_s = longest_gap.total_seconds()
        self._least_coverage_ratio = least_coverage_ratio
        self._sums: dict[int, _Sum] = {}
        self._recent: deque[tuple[float, float, float, float]] = deque()
        self._closed_count = 0
        self._last_s: float | None = None
        self._last_kw = math.nan
        self._last_kwh = math.nan

    def power(self, at: datetime, kw: float) -> None:
        """Take up an instantaneous power, kW; one that is not newer than the last begins anew."""
        at_s = (at - self._start).total_seconds()
        last_s, last_kw = self._last_s, self._last_kw
        self._last_s, self._last_kw, self._last_kwh = at_s, kw, math.nan
        if last_s is None or not math.isfinite(last_kw) or not 0.0 < at_s - last_s <= self._longest_gap_s:
            return
        self._join(last_s, at_s, last_kw, kw)

    def counter(self, at: datetime, kwh: float, limit_kw: float = math.inf, now_kw: float = math.nan) -> None:
        """Take up a counter, kWh.

        Args:
            at: When it was read, UTC.
            kwh: What it showed; may fall where it counts both directions.
            limit_kw: More energy than this power makes in the span and a minute, either way, is a reset or
                an exchange of the meter, and its span covers nothing. The minute is for coarse counters.
            now_kw: What the meter showed as power at the same time, if it does; it stands until the next
                reading, because the last step of a coarse counter says little about the present.
        """
        at_s = (at - self._start).total_seconds()
        last_s, last_kw, last_kwh = self._last_s, self._last_kw, self._last_kwh
        self._last_s, self._last_kwh, self._last_kw = at_s, kwh, now_kw
        if last_s is None or not math.isfinite(last_kwh) or at_s <= last_s:
            return
        span_s = at_s - last_s
        is_within = last_s // self._step_s == (at_s - 1e-6) // self._step_s
        is_reset = abs(kwh - last_kwh) > limit_kw * (span_s + 60.0) / HOUR_S
        if is_reset or (span_s > self._longest_gap_s and not is_within):
            return
        mean_kw = (kwh - last_kwh) * HOUR_S / span_s
        self._cover(last_s, at_s, mean_kw, mean_kw)
        if math.isnan(now_kw):
            self._last_kw = last_kw = now_kw = mean_kw
        if math.isfinite(last_kw):
            self._remember(last_s, at_s, last_kw, now_kw)

    def _join(self, begin_s: float, end_s: float, begin_kw: float, end_kw: float) -> None:
        self._cover(begin_s, end_s, begin_kw, end_kw)
        self._remember(begin_s, end_s, begin_kw, end_kw)

    def _remember(self, begin_s: float, end_s: float, begin_kw: float, end_kw: float) -> None:
        self._recent.append((begin_s, end_s, begin_kw, end_kw))
        while self._recent[0][1] < end_s - RECENT_S:
            self._recent.popleft()

    def recent_kw(self, since: datetime, until: datetime) -> float:
        """Return the mean over any span of the last hour, kW; NaN if too little of it is covered."""
        since_s = (since - self._start).total_seconds()
        until_s = (until - self._start).total_seconds()
        energy_kws = covered_s = 0.0
        lines = list(self._recent)
        last_s, kw = self._last_s, self._last_kw
        if last_s is not None and math.isfinite(kw):
            lines.append((last_s, last_s + self._longest_gap_s, kw, kw))
        for begin_s, end_s, begin_kw, end_kw in lines:
            left_s, right_s = max(begin_s, since_s), min(end_s, until_s)
            if right_s > left_s:
                slope = (end_kw - begin_kw) / (end_s - begin_s)
                middle_kw = begin_kw + slope * ((left_s + right_s) / 2 - begin_s)
                energy_kws += middle_kw * (right_s - left_s)
                covered_s += right_s - left_s
        is_enough = covered_s > 0.0 and covered_s >= self._least_coverage_ratio * (until_s - since_s) - 1e-6
        return energy_kws / covered_s if is_enough else math.nan

    def broken(self) -> None:
        """Take note that nothing is known from the last reading to the next."""
        self._last_kw = self._last_kwh = math.nan

    def _cover(self, begin_s: float, end_s: float, begin_kw: float, end_kw: float) -> None:
        """Spread a straight line of power over the intervals that are still open."""
        slope = (end_kw - begin_kw) / (end_s - begin_s)
        for index in range(int(begin_s // self._step_s), math.ceil(end_s / self._step_s)):
            if index < self._closed_count:
                continue
            left_s = max(begin_s, index * self._step_s)
            right_s = min(end_s, (index + 1) * self._step_s)
            middle_kw = begin_kw + slope * ((left_s + right_s) / 2 - begin_s)
            entry = self._sums.setdefault(index, _Sum())
            entry.energy_kws += middle_kw * (right_s - left_s)
            entry.covered_s += right_s - left_s

    def close(self, until: datetime) -> list[float]:
        """Close every interval that has ended and is open, and return their means, kW; NaN is a gap.

        What is closed never changes: readings that come later count for what is still open.
        """
        count = int((until - self._start).total_seconds() // self._step_s)
        means = []
        for index in range(self._closed_count, count):
            self._hold((index + 1) * self._step_s)
            entry = self._sums.pop(index, _Sum())
            is_enough = entry.covered_s >= self._least_coverage_ratio * self._step_s - 1e-6
            means.append(entry.energy_kws / entry.covered_s if is_enough else math.nan)
        self._closed_count = max(self._closed_count, count)
        return means

    def reopen(self, now: datetime) -> None:
        """Begin anew with the interval that holds an instant: the clock was set back."""
        self._closed_count = int((now - self._start).total_seconds() // self._step_s)
        self._sums.clear()
        self._recent.clear()
        self._last_s = None

    @property
    def closed_until(self) -> datetime:
        """End of the last interval that is closed, UTC."""
        return self._start + timedelta(seconds=self._closed_count * self._step_s)

    def _hold(self, end_s: float) -> None:
        """Hold the last power to an interval's end, if that is no longer than a gap may be."""
        last_s, kw = self._last_s, self._last_kw
        if last_s is None or not math.isfinite(kw) or not 0.0 < end_s - last_s <= self._longest_gap_s:
            return
        self._cover(last_s, end_s, kw, kw)
