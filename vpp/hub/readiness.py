"""Whether the hub is ready to serve, said truthfully: what is claimed has just been seen."""

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from vpp.foundation.clock import stopwatch_s
from vpp.workflows.looking_after import Situation


@dataclass(frozen=True, slots=True)
class ReadinessLimits:
    """What a hub may be behind by and still be ready; spans in the machine's time.

    Attributes:
        probe_deadline: The database takes a small write within this time.
        max_loop_lag: The event loop is no further behind than this.
        max_backlog_age: What connected sites are owed is not older than this...
        max_stuck_ratio: ...at more than this share of them, and at more than one unless it is the only one.
        max_deadline_delay: No deadline waits longer than this for its work to begin.
    """

    probe_deadline: timedelta
    max_loop_lag: timedelta
    max_backlog_age: timedelta
    max_stuck_ratio: float
    max_deadline_delay: timedelta


@dataclass(frozen=True, slots=True)
class Sighting:
    """What was seen of the hub in one look.

    Attributes:
        situation: What the database said; None if it took no write.
        database_trouble: Why it took none; empty if it did.
        stopped_parts: Long-lived tasks that have ended, by name.
        connected_sites: Sites with an open session.
    """

    situation: Situation | None
    database_trouble: str
    stopped_parts: Collection[str]
    connected_sites: Collection[str]


def reasons_against(
    seen: Sighting, limits: ReadinessLimits, machine_time: Callable[[datetime], datetime]
) -> list[str]:
    """Return why the hub is not ready; nothing if it is.

    No reason names a site: the answer may be read by anybody who can connect.

    Args:
        seen: The newest look.
        limits: What it may be behind by.
        machine_time: Turns the hub's instants into the machine's, in which the limits are.
    """
    reasons = [f"the {name} has stopped" for name in sorted(seen.stopped_parts)]
    if seen.situation is None:
        return [*reasons, f"the database takes no write: {seen.database_trouble}"]
    now = machine_time(seen.situation.at)
    due_at = seen.situation.next_due_at
    if due_at is not None and (delay := now - machine_time(due_at)) > limits.max_deadline_delay:
        reasons.append(f"a deadline has been waiting for {delay}, at most {limits.max_deadline_delay}")
    stuck = [
        site_id
        for site_id in seen.connected_sites
        if (owed := seen.situation.backlog.get(site_id)) is not None
        and now - machine_time(owed.since) > limits.max_backlog_age
    ]
    connected_count = len(seen.connected_sites)
    bearable = max(1, limits.max_stuck_ratio * connected_count)  # one silent agent is not the hub's fault
    if stuck and (len(stuck) > bearable or len(stuck) == connected_count):
        reasons.append(
            f"{len(stuck)} of {connected_count} connected sites are owed something for more "
            f"than {limits.max_backlog_age}"
        )
    return reasons


class Readiness:
    """The newest verdict, for whoever asks, on whatever thread.

    A verdict that has not been renewed in time is no verdict: then whatever renews it hangs.
    """

    def __init__(
        self,
        limits: ReadinessLimits,
        loop_lag_s: Callable[[], float],
        *,
        good_for_s: float = math.inf,
        remarks: Callable[[], list[str]] = list,
        stopwatch: Callable[[], float] = stopwatch_s,
    ) -> None:
        """Begin as not ready.

        Args:
            limits: What the hub may be behind by.
            loop_lag_s: Returns how late the event loop is, s; asked at every question.
            good_for_s: How long a verdict stands, s.
            remarks: Returns what the owner should see to although the hub is ready.
            stopwatch: Reads a stopwatch, s.
        """
        self._limits = limits
        self._loop_lag_s = loop_lag_s
        self._good_for_s = good_for_s
        self._remarks = remarks
        self._stopwatch = stopwatch
        self._reasons: tuple[str, ...] = ("the hub is starting",)
        self._settled_s = stopwatch()

    def settle(self, reasons: Collection[str]) -> None:
        """Take the reasons of the newest look."""
        self._reasons, self._settled_s = tuple(reasons), self._stopwatch()

    @property
    def reasons(self) -> list[str]:
        """Why the hub is not ready at this moment; nothing if it is."""
        lag_s = self._loop_lag_s()
        most_s = self._limits.max_loop_lag.total_seconds()
        late = [f"the event loop is {lag_s:.1f} s late, at most {most_s:g} s"] if lag_s > most_s else []
        age_s = self._stopwatch() - self._settled_s
        stale = [f"nobody has looked for {age_s:.0f} s"] if age_s > self._good_for_s else []
        return [*self._reasons, *late, *stale]

    @property
    def remarks(self) -> list[str]:
        """What the hub's owner should see to although it is ready; nothing if all is well."""
        return self._remarks()

    @property
    def is_ready(self) -> bool:
        """Whether there is nothing against it."""
        return not self.reasons
