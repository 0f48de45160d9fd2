"""Whether the meter can be believed: what is absurd is taken for no reading, and its silence is timed."""

from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from vpp.agent.settings import AgentSettings

STALE_STEPS = 3
EXPORT_OR_MORE = 2.0
"""How far above the import limit a reading may lie unless the configuration says otherwise."""


class MeterGuard:
    """Judges one site's readings.

    Attributes:
        absurd_count: Readings taken for none since the agent started.
    """

    def __init__(self, settings: AgentSettings, now: datetime) -> None:
        """Take the site's bounds; the meter has until then plus its patience to show something."""
        faults, import_limit_kw = settings.faults, settings.site.import_limit_kw
        step = settings.site.metering_interval
        self._low_kw = -import_limit_kw if faults.plausible_low_kw is None else faults.plausible_low_kw
        high_kw = faults.plausible_high_kw
        self._high_kw = EXPORT_OR_MORE * import_limit_kw if high_kw is None else high_kw
        self._patience = STALE_STEPS * step if faults.stale_after is None else faults.stale_after
        self._seen_at = now
        self.absurd_count = 0

    @property
    def patience(self) -> timedelta:
        """How long the meter may show nothing."""
        return self._patience

    def cleaned(self, net_kw: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return readings with NaN for those that cannot be, kW. Shape (T,), as given."""
        with np.errstate(invalid="ignore"):
            is_absurd = np.isfinite(net_kw) & ((net_kw < self._low_kw) | (net_kw > self._high_kw))
        is_absurd |= np.isinf(net_kw)
        if not is_absurd.any():
            return net_kw
        self.absurd_count += int(is_absurd.sum())
        return np.where(is_absurd, np.nan, net_kw)

    def saw(self, at: datetime, newest_kw: float | None) -> None:
        """Take note of the reading of the span that ended at an instant; None if there is none."""
        if newest_kw is not None:
            self._seen_at = max(self._seen_at, at)

    def restart(self, at: datetime) -> None:
        """Begin anew from an instant: the clock was set."""
        self._seen_at = at

    def is_stale(self, at: datetime) -> bool:
        """Tell whether the meter has shown nothing for too long."""
        return at - self._seen_at > self._patience

    def seen_at(self) -> datetime:
        """Return the end of the newest span with a reading, UTC; the agent's start if there was none."""
        return self._seen_at
