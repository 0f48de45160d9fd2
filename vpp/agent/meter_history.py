"""A site's metered history on one grid, from wherever it is kept."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from vpp.agent.local_files import MeteredSpan
from vpp.foundation.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class MeterHistory:
    """Readings of a site's meter.

    Attributes:
        start: Start of the first interval, UTC, on the metering grid.
        step: Metering interval.
        net_kw: Mean net power per interval, kW, consumption positive; NaN is a gap. Shape (T,).
    """

    start: datetime
    step: timedelta
    net_kw: tuple[float, ...]

    @property
    def end(self) -> datetime:
        """First instant after the last interval."""
        return self.start + len(self.net_kw) * self.step

    def starts(self) -> list[datetime]:
        """Return the start of every interval, UTC."""
        return [self.start + n * self.step for n in range(len(self.net_kw))]

    def between(self, since: datetime, until: datetime) -> "MeterHistory":
        """Return the whole intervals between two instants, gaps where nothing is known.

        Raises:
            InvalidInput: The first is not before the second.
        """
        if since >= until:
            raise InvalidInput(f"since is {since}, expected an instant before {until}", since=str(since))
        first = -((self.start - since) // self.step)
        count = (until - (self.start + first * self.step)) // self.step
        values = [
            self.net_kw[n] if 0 <= n < len(self.net_kw) else math.nan for n in range(first, first + count)
        ]
        return MeterHistory(self.start + first * self.step, self.step, tuple(values))

    def filled(self, spans: Iterable[MeteredSpan]) -> "MeterHistory":
        """Return the history with readings from elsewhere where it has none, and beyond its end.

        Spans of another metering interval, or off the grid, are left out: the interval was changed.
        """
        fitting = [
            span
            for span in spans
            if span.step == self.step and not (span.start - self.start) % self.step and span.net_kw
        ]
        if not fitting:
            return self
        start = min([self.start, *(span.start for span in fitting)]) if self.net_kw else fitting[0].start
        end = max([self.end, *(span.start + len(span.net_kw) * span.step for span in fitting)])
        values = [math.nan] * ((end - start) // self.step)
        own = MeteredSpan(self.start, self.step, self.net_kw)
        for span in (*fitting, own):  # what the driver keeps counts before what was written down for the hub
            first = (span.start - start) // self.step
            for n, value in enumerate(span.net_kw, start=first):
                if math.isfinite(value):
                    values[n] = value
        return MeterHistory(start, self.step, tuple(values))


def no_history(at: datetime, step: timedelta) -> MeterHistory:
    """Return a history without readings, on the grid of an instant."""
    return MeterHistory(at, step, ())
