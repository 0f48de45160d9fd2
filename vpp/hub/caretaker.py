"""Looks after the hub again and again, and tells probes of both kinds what it saw."""

import asyncio
import logging
import math
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from grpc_health.v1 import health

from vpp.foundation.clock import Clock, pause
from vpp.hub.readiness import Readiness, ReadinessLimits, Sighting, reasons_against
from vpp.rpc.hub_metrics import HubMetrics
from vpp.rpc.server import tell_health
from vpp.rpc.session_registry import SessionRegistry
from vpp.workflows.looking_after import Situation, look_after
from vpp.workflows.ports import UnitOfWorkFactory

_log = logging.getLogger(__name__)


class Caretaker:
    """A long-lived task with a thread of its own, so that nothing that is full keeps it from looking."""

    def __init__(  # noqa: PLR0913  one argument per thing it looks at
        self,
        units: UnitOfWorkFactory,
        clock: Clock,
        *,
        registry: SessionRegistry,
        status: health.aio.HealthServicer,
        limits: ReadinessLimits,
        interval: timedelta,
        loop_lag_s: Callable[[], float],
        remarks: Callable[[], list[str]] = list,
        objections: Callable[[], list[str]] = list,
    ) -> None:
        """Keep the parts; `run` begins.

        Args:
            units: Makes transactions.
            clock: The hub's clock.
            registry: The open sessions.
            status: Tells gRPC's probes.
            limits: What the hub may be behind by.
            interval: How often it looks, in the machine's time.
            loop_lag_s: Returns how late the event loop is, s.
            remarks: Returns what the owner should see to although the hub is ready.
            objections: Returns why nobody at all can call.
        """
        self._units = units
        self._clock = clock
        self._registry = registry
        self._status = status
        self._limits = limits
        self._interval_s = interval.total_seconds()
        self._objections = objections
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="vpp-care")
        self._probe: asyncio.Future[Situation] | None = None
        self._situation: Situation | None = None
        self._parts: Mapping[str, asyncio.Task[None]] = {}
        self._told: bool | None = None
        good_for_s = 3 * (interval + limits.probe_deadline).total_seconds()  # two looks may be missed
        self.readiness = Readiness(limits, loop_lag_s, good_for_s=good_for_s, remarks=remarks)

    def show(self, metrics: HubMetrics) -> None:
        """Let metrics read what the newest look saw; nothing is asked of the database for it."""
        metrics.pull("ready", "Whether the hub is ready, 1 or 0.", lambda: float(self.readiness.is_ready))
        metrics.pull(
            "remarks",
            "What the owner should see to although the hub is ready: certificates, revocation lists.",
            lambda: float(len(self.readiness.remarks)),
        )
        metrics.pull(
            "outbox_open",
            "Messages that sites have not acknowledged.",
            lambda: math.nan if self._situation is None else float(self._situation.open_count),
        )
        metrics.pull("outbox_oldest_seconds", "Age of the oldest of them, 0 without any.", self._oldest_s)
        metrics.pull(
            "deadline_overdue_seconds",
            "How long the next deadline has been waiting, 0 if it lies ahead.",
            self._overdue_s,
        )

    def watch(self, parts: Mapping[str, asyncio.Task[None]]) -> None:
        """Take the long-lived tasks without which there is no serving."""
        self._parts = dict(parts)

    async def run(self) -> None:
        """Look, for ever."""
        while True:
            await self.look()
            await pause(self._interval_s)

    async def look(self) -> None:
        """Look once, and tell what was seen."""
        trouble = await self._ask_database()
        seen = Sighting(
            situation=None if trouble else self._situation,
            database_trouble=trouble,
            stopped_parts=[name for name, task in self._parts.items() if task.done()],
            connected_sites=self._registry.site_ids(),
        )
        reasons = reasons_against(seen, self._limits, self._clock.machine_time)
        self.readiness.settle([*reasons, *self._objections()])
        await self._tell()

    async def _ask_database(self) -> str:
        """Ask again unless the last question still hangs; returns why there is no answer, or nothing."""
        loop = asyncio.get_running_loop()
        if self._probe is None:
            self._probe = loop.run_in_executor(self._threads, look_after, self._units)
        deadline_s = self._limits.probe_deadline.total_seconds()
        done, _ = await asyncio.wait([self._probe], timeout=deadline_s)
        if not done:
            return f"no answer within {deadline_s:g} s"
        probe, self._probe = self._probe, None
        error = probe.exception()
        if error is None:
            self._situation = probe.result()
            return ""
        _log.warning("looking after the hub failed", exc_info=error)
        return type(error).__name__  # not its text: it may name the database

    async def _tell(self) -> None:
        reasons = self.readiness.reasons
        is_ready = not reasons
        if is_ready == self._told:
            return
        if reasons:
            _log.warning("not ready: %s", "; ".join(reasons))
        else:
            _log.info("ready")
        self._told = is_ready
        await tell_health(self._status, serves=is_ready)

    def _oldest_s(self) -> float:
        if self._situation is None:
            return math.nan
        return self._machine_s(self._situation.oldest, self._situation.at)

    def _overdue_s(self) -> float:
        if self._situation is None:
            return math.nan
        return self._machine_s(self._situation.next_due_at, self._situation.at)

    def _machine_s(self, since: datetime | None, at: datetime) -> float:
        if since is None:
            return 0.0
        passed = self._clock.machine_time(at) - self._clock.machine_time(since)
        return max(0.0, passed.total_seconds())

    def close(self) -> None:
        """Give the thread back; a question that hangs is left to end by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)
