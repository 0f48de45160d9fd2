"""Asks often enough what is due. The database says what is due; the scheduler only ticks."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from vpp.foundation.clock import Clock, stopwatch_s
from vpp.workflows.due_work import LATE, DueOutcome, DueResult

_log = logging.getLogger(__name__)
_TICK = "tick"
NOTABLE_STEP_S = 5.0
"""A clock that is corrected by less than this is no news."""
T = TypeVar("T")


class Ticker:
    """One job at the earliest deadline, armed again after every run and whenever it is poked.

    The job is in memory only: every deadline is a fact in the database, so a restart loses none and
    a lost wake-up costs `longest_wait` at most. Lateness is judged by the workflows, from stored
    times.
    """

    def __init__(  # noqa: PLR0913  one argument per thing it needs
        self,
        *,
        clock: Clock,
        run_due: Callable[[], list[DueOutcome]],
        next_due_at: Callable[[], datetime | None],
        after_run: Callable[[], None],
        threads: Executor,
        longest_wait: timedelta,
        retry_wait: timedelta,
    ) -> None:
        """Keep the parts; `start` begins.

        Args:
            clock: The hub's clock; the scheduler itself runs on the machine's.
            run_due: Claims and runs what is due.
            next_due_at: Returns the next deadline in the hub's time, or None.
            after_run: Called on the event loop when something was run.
            threads: Where both are called; one thread is enough.
            longest_wait: A tick comes at least this often, in the machine's time.
            retry_wait: After a failure the next tick comes this much later, in the machine's time.
        """
        self._clock = clock
        self._run_due = run_due
        self._next_due_at = next_due_at
        self._after_run = after_run
        self._threads = threads
        self._longest_wait = longest_wait
        self._retry_wait = retry_wait
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._heartbeat: asyncio.TimerHandle | None = None
        self._ahead_s: float | None = None
        self._arming: asyncio.Task[None] | None = None
        self._is_poked = False
        self._is_running = False
        self._is_stopping = False
        self._idle = asyncio.Event()
        self._idle.set()

    def start(self) -> None:
        """Begin to tick, at once."""
        self._scheduler.start()
        self._arm_at(self._machine_now())

    def poke(self) -> None:
        """Look again when the next deadline is: it may have become an earlier one."""
        self._is_poked = True
        if self._arming is None and not self._is_running and self._scheduler.running:
            self._arming = asyncio.get_running_loop().create_task(self._arm())

    async def tick(self) -> list[DueOutcome]:
        """Run what is due; returns what became of it. Tests call this directly."""
        self._note_step()
        outcomes = await self._in_thread(self._run_due)
        for outcome in outcomes:
            _log_outcome(outcome)
        if outcomes:
            self._after_run()
        return outcomes

    async def next_tick_at(self) -> datetime:
        """Return when the next tick comes, in the machine's time."""
        now = self._machine_now()
        due_at = await self._in_thread(self._next_due_at)
        latest = now + self._longest_wait
        return latest if due_at is None else min(max(self._clock.machine_time(due_at), now), latest)

    async def stop(self, grace_s: float) -> None:
        """Tick no more; what is running has this long to end, in the machine's time.

        What does not end in time goes on in its thread; if it is lost with the process, its lease
        ends and another hub, or this one after its start, takes it up again.
        """
        self._is_stopping = True
        try:
            async with asyncio.timeout(grace_s):
                await self._idle.wait()
        except TimeoutError:
            _log.warning("what fell due still runs; it is taken up again after a restart")
        if self._heartbeat is not None:
            self._heartbeat.cancel()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        if self._arming is not None:
            self._arming.cancel()
            await asyncio.gather(self._arming, return_exceptions=True)

    async def _run(self) -> None:
        self._is_running = True
        self._idle.clear()
        try:
            await self.tick()
            at = await self._settled()
        except Exception:  # noqa: BLE001  the database may be away for a moment; nothing due is lost
            _log.exception("a tick failed; the next one comes in %s", self._retry_wait)
            at = self._machine_now() + self._retry_wait
        finally:
            self._is_running = False
            self._idle.set()
        # Not here but when this job has ended: the scheduler would still count it as running, skip a
        # tick that is due at once, and forget it.
        asyncio.get_running_loop().call_soon(self._arm_at, at)

    async def _arm(self) -> None:
        try:
            self._arm_at(await self._settled())
        except Exception:  # noqa: BLE001  as in _run
            _log.exception("could not read the next deadline; the next tick comes in %s", self._retry_wait)
            self._arm_at(self._machine_now() + self._retry_wait)
        finally:
            self._arming = None

    async def _settled(self) -> datetime:
        """Return when the next tick comes; a poke while it is read makes it be read again."""
        while True:
            self._is_poked = False
            at = await self.next_tick_at()
            if not self._is_poked:
                return at

    def _arm_at(self, machine_time: datetime) -> None:
        if (
            self._is_running or self._is_stopping or not self._scheduler.running
        ):  # a run arms the next one when it ends
            return
        self._beat()
        self._scheduler.add_job(
            self._run,
            "date",
            run_date=machine_time,
            id=_TICK,
            replace_existing=True,
            misfire_grace_time=None,  # late is better than never; the default drops it after a second
            coalesce=True,
            max_instances=1,
        )

    def _note_step(self) -> None:
        """Log that the machine's clock was set: deadlines follow it, and what was run early stays run."""
        ahead_s = self._machine_now().timestamp() - stopwatch_s()
        step_s = 0.0 if self._ahead_s is None else ahead_s - self._ahead_s
        self._ahead_s = ahead_s
        if abs(step_s) > NOTABLE_STEP_S:
            _log.warning("the clock was set %s by %.1f s", "forward" if step_s > 0 else "back", abs(step_s))

    def _beat(self) -> None:
        """Look again after the longest wait, counted by a clock that nobody sets.

        The scheduler waits for an instant of the machine's clock: if that is set back, it would wait for
        as long as it was set back.
        """
        if self._heartbeat is not None:
            self._heartbeat.cancel()
        loop = asyncio.get_running_loop()
        self._heartbeat = loop.call_later(self._longest_wait.total_seconds(), self.poke)

    def _machine_now(self) -> datetime:
        return self._clock.machine_time(self._clock.now())

    async def _in_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)


def _log_outcome(outcome: DueOutcome) -> None:
    kind, subject = outcome.due.kind.value, outcome.due.subject_id
    about = {"deadline": f"{kind}/{subject}"}
    if outcome.result is DueResult.FAILED:
        _log.error("%s of %s failed: %s", kind, subject, outcome.detail, exc_info=outcome.error, extra=about)
    elif outcome.result is DueResult.POSTPONED:
        _log.warning("%s of %s postponed: %s", kind, subject, outcome.detail, extra=about)
    elif outcome.late_by > LATE:
        _log.warning("%s of %s done, %s late", kind, subject, outcome.late_by, extra=about)
    else:
        _log.info("%s of %s done", kind, subject, extra=about)
