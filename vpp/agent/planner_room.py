"""Where the site planner works: never in the way of the control loop or a session.

Splits are asked for within a control step: the step waits for a few hundredths of a second, and then
goes on with the cheapest first. What is on or off (a pause, a generator) is searched for beside it, by a
schedule that is made when something is agreed and again at every step; a split holds what the newest one
says. Bids may take seconds: nobody waits for them but their gate. Each has a thread of its own, so that a
long search holds up no split.
"""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from typing import TYPE_CHECKING

from vpp.agent.decided import Decided
from vpp.agent.learned import Learned
from vpp.agent.operation_tables import PlanningMethod
from vpp.agent.settings import AgentSettings
from vpp.agent.site_parts import has_decisions, owner_of
from vpp.agent.site_tariff import SiteTariff
from vpp.agent.split_task import SplitTask
from vpp.agent.split_terms import goal_of, shares_of, site_of
from vpp.foundation.clock import stopwatch_s

if TYPE_CHECKING:
    from vpp.flexibility.planning.goal import Goal
    from vpp.flexibility.planning.plan import Plan
    from vpp.flexibility.planning.planned_bid import BidPlan, BidWindow
    from vpp.flexibility.planning.terms import SiteTerms, Values

log = logging.getLogger(__name__)


class PlannerRoom:
    """Plans for one site within time limits.

    Attributes:
        learned: What resources have shown; None until an agent has said.
        missed_count: Splits for which there was no answer in time.
    """

    def __init__(self, settings: AgentSettings) -> None:
        """Take the site's limits, and load what plans, which takes a second."""
        self._settings = settings
        self._tariff = SiteTariff(settings)
        self._splits = ThreadPoolExecutor(1, thread_name_prefix="split")
        self._bids = ThreadPoolExecutor(1, thread_name_prefix="bids")
        self._schedules = ThreadPoolExecutor(1, thread_name_prefix="schedule")
        self._under_way: Future[Plan | None] | None = None
        self._schedule_under_way: Future[Decided | None] | None = None
        self._decided: Decided | None = None
        self._is_warm = self._splits.submit(_warm)
        self.learned: Learned | None = None
        self.missed_count = 0

    def warm_up(self) -> None:
        """Wait until what plans is loaded."""
        self._is_warm.result()

    def settle(self) -> None:
        """Wait until the schedule under way is made."""
        if self._schedule_under_way is not None:
            wait([self._schedule_under_way])

    def close(self) -> None:
        """End the threads; what they are at is of no more use."""
        for room in (self._splits, self._schedules, self._bids):
            room.shutdown(wait=False, cancel_futures=True)

    def split(self, task: SplitTask) -> Mapping[str, float] | None:
        """Split a target over the resources; None without an answer in time."""
        if not self._is_warm.done() or (self._under_way is not None and not self._under_way.done()):
            self.missed_count += 1
            return None
        limit_s = self._settings.planning.split_time_limit_s
        try:
            site = site_of(task, self._settings, self._tariff, self.learned)
            if site is None:
                return None
            asked = _Asked(site, goal_of(task, site), self._ratios(task, site), task.now, task.step)
            self._under_way = self._splits.submit(_replan, asked, self._decided, limit_s)
            plan = self._under_way.result(timeout=limit_s)
            self._schedule(asked)
        except Exception:
            log.debug("%s: no plan for %s", self._settings.site_name, task.now, exc_info=True)
            plan = None
        if plan is None:
            self.missed_count += 1
            return None
        return shares_of(plan, task, self._settings.control_step, asked.ratios)

    def foresee(self, task: SplitTask) -> None:
        """Schedule a delivery that has been agreed to, before it begins; nobody waits for it."""
        if not self._is_warm.done():
            return
        try:
            site = site_of(task, self._settings, self._tariff, self.learned)
            if site is not None:
                ratios = self._ratios(task, site)
                self._schedule(_Asked(site, goal_of(task, site), ratios, task.now, task.step))
        except Exception:
            log.debug("%s: no schedule for %s", self._settings.site_name, task.now, exc_info=True)

    def _schedule(self, asked: "_Asked") -> None:
        """Decide anew what is on or off in the hours to come, where there is such a thing."""
        is_busy = self._schedule_under_way is not None and not self._schedule_under_way.done()
        if is_busy or not has_decisions(asked.site):
            return
        limit_s = self._settings.planning.schedule_time_limit_s
        self._schedule_under_way = self._schedules.submit(_schedule, asked, limit_s)
        self._schedule_under_way.add_done_callback(self._note)

    def _note(self, made: "Future[Decided | None]") -> None:
        if made.cancelled():
            return
        if made.exception() is not None:
            log.debug("%s: no schedule", self._settings.site_name, exc_info=made.exception())
            return
        self._decided = made.result() or self._decided

    def _ratios(self, task: SplitTask, site: "SiteTerms") -> dict[str, float]:
        """Return what is delivered of a command: as just seen, or else as learned; by part, in [0, 1]."""
        found = {}
        for part in site.resources:
            owner = owner_of(part.resource_id)
            if owner in task.response_ratio:
                found[part.resource_id] = min(1.0, max(0.0, task.response_ratio[owner]))
            elif self.learned is not None and self.learned.is_learned(owner):
                ratio = self.learned.confidence(owner, 1.0).p50_ratio
                found[part.resource_id] = min(1.0, max(0.0, ratio))
        return found

    async def bids(
        self, site: "SiteTerms", window: "BidWindow", sold_kw: Mapping[str, "Values"], time_limit_s: float
    ) -> "BidPlan | None":
        """Plan bids; None without an answer in time."""
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self._bids, _plan_bids, site, window, sold_kw, time_limit_s)
        try:
            return await asyncio.wait_for(work, time_limit_s + 1.0)
        except Exception:
            log.exception("%s: no planned bids", self._settings.site_name)
            return None


def _warm() -> None:
    """Load the planner: its libraries are large."""
    import_module("vpp.flexibility.planning.replan")
    import_module("vpp.flexibility.planning.schedule")
    import_module("vpp.flexibility.planning.bids")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be planned.

    Attributes:
        site: The site over the horizon.
        goal: What is owed.
        ratios: What is delivered of a command, by part.
        start: Start of the first interval, UTC.
        step: Length of the intervals.
    """

    site: "SiteTerms"
    goal: "Goal"
    ratios: Mapping[str, float]
    start: datetime
    step: timedelta


def _replan(asked: _Asked, decided: Decided | None, time_limit_s: float) -> "Plan | None":
    """Plan with what is decided held; where that cannot be held, with nothing new begun."""
    began_s = stopwatch_s()
    replan = import_module("vpp.flexibility.planning.replan").replan
    must = import_module("vpp.flexibility.planning.held").must_be_on(asked.site)
    tries = [must]
    if decided is not None and must:
        tries.insert(0, decided.on_grid(asked.site, asked.start, asked.step, must))
    for is_on in tries:
        left_s = time_limit_s - (stopwatch_s() - began_s)
        if left_s <= 0.0:
            return None
        found: Plan | None = replan(
            asked.site, asked.goal, response_ratio=asked.ratios, decided=is_on, time_limit_s=left_s
        )
        if found is not None:
            return found
    return None


def _schedule(asked: _Asked, time_limit_s: float) -> Decided | None:
    schedule = import_module("vpp.flexibility.planning.schedule").schedule
    plan = schedule(asked.site, asked.goal, response_ratio=asked.ratios, time_limit_s=time_limit_s)
    return Decided(asked.start, asked.step, plan.is_on) if plan.outcome.has_solution else None


def _plan_bids(
    site: "SiteTerms", window: "BidWindow", sold_kw: Mapping[str, "Values"], time_limit_s: float
) -> "BidPlan":
    bids = import_module("vpp.flexibility.planning.bids")
    found: BidPlan = bids.plan_bids(site, window, sold_kw=sold_kw, time_limit_s=time_limit_s)
    return found


@contextmanager
def planner_room(settings: AgentSettings) -> Iterator[PlannerRoom | None]:
    """Open the room where the configuration wants a planner; None where it does not."""
    if settings.planning.method is PlanningMethod.GREEDY:
        yield None
        return
    room = PlannerRoom(settings)
    try:
        yield room
    finally:
        room.close()
