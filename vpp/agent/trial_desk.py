"""Takes orders to try a resource, and carries the tries out."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from vpp.agent.device_watch import response_time_of
from vpp.agent.local_order import LocalOrder
from vpp.agent.local_test import LocalTest, Step, TrialBench, TrialState
from vpp.agent.memory import AgentMemory
from vpp.agent.plan import Phase, SitePlan
from vpp.agent.settings import AgentSettings, floor_to_grid
from vpp.agent.unit import Unit
from vpp.foundation.interval import Interval

FEWEST_STEPS = 2
TOLERANCE_KW = 1e-6
log = logging.getLogger(__name__)


class TrialDesk:
    """The tries of one site: one at a time, and only while nothing is promised."""

    def __init__(self, memory: AgentMemory, units: Mapping[str, Unit[Any]], step: timedelta) -> None:
        """Take the site's memory and resources; a try that a restart interrupted is over."""
        self._memory = memory
        self._units = units
        self._step = step
        self._bench = TrialBench()
        current = memory.local.tests.current
        if current is not None:
            self._record(replace(current, state=TrialState.STOPPED, detail="the agent was restarted"))

    @property
    def current(self) -> LocalTest | None:
        """The try that is not over."""
        return self._memory.local.tests.current

    def _record(self, test: LocalTest) -> None:
        log.info("test %s of %s: %s %s", test.test_id, test.resource_id, test.state.value, test.detail)
        entries = [test.entry()]
        if test.observation is not None:
            entries.append(self._memory.local.learned.entry(test.resource_id, test.observation))
        try:
            self._memory.record_together(entries)
        except OSError:  # what is over is over, although the disk takes no word of that
            log.exception("test %s cannot be kept", test.test_id)
            for entry in entries:
                self._memory.local.handlers()[entry["kind"]](entry)

    def planned(
        self,
        order: LocalOrder,
        settings: AgentSettings,
        load_kw: float | None,
        now: datetime,
        *,
        is_meter_stale: bool,
    ) -> LocalTest | str:
        """Return the test that an order asks for, to begin at the next control step; or why not.

        Args:
            order: What is asked.
            settings: The configuration with the orders that stand.
            load_kw: The site's load without any command, kW; None while nothing was metered.
            now: Present instant, UTC.
            is_meter_stale: Whether the meter shows nothing.
        """
        floor = floor_to_grid(now, self._step)
        start = floor if floor == now else floor + self._step
        count = -(-order.duration // self._step)
        span = Interval(start, start + count * self._step)
        test = LocalTest(order.order_id, order.subject.removeprefix("resources/"), order.kw, span)
        problem = (
            self._in_the_way(test, settings)
            or self._too_short(test, count)
            or self._too_much(test, settings, load_kw, count)
        )
        if is_meter_stale:
            problem = problem or "the meter shows nothing, so a response could not be measured"
        return problem or test

    def _in_the_way(self, test: LocalTest, settings: AgentSettings) -> str:
        limits, span = settings.limits, test.span
        unit = self._units[test.resource_id]
        if self.current is not None:
            return f"the test {self.current.test_id} is not over"
        if limits.site_vetoed or test.resource_id in limits.vetoed_resources:
            return "the site has said no to its use"
        if any(span.start < w.end and w.start < span.end for w in settings.maintenance):
            return "it would fall into planned work"
        if unit.state is None or not unit.is_available:
            return "the device takes no commands at present"
        event = self._promised_until(span.start, self._bench.settles_at(test, self._step))
        return f"it would fall into {event}" if event else ""

    def _promised_until(self, start: datetime, until: datetime) -> str:
        """Return an event that the site serves, or may have to, between two instants; empty if none."""
        plan = self._memory.plan
        for item in plan.items.values():
            begins_at, ends_at = item.instruction.delivery.start, plan.lets_go_at(item)
            if item.phase is not Phase.OVER and begins_at < until and start < ends_at:
                return item.instruction.event
        for event, commitments in plan.awards.items():
            spans = [each.delivery for each in commitments if event not in plan.cancelled_events]
            if any(span.start < until and start < span.end for span in spans):
                return event
        return ""

    def _too_short(self, test: LocalTest, count: int) -> str:
        response_time = response_time_of(self._units[test.resource_id])
        least = response_time + FEWEST_STEPS * self._step
        if count * self._step < least:
            return (
                f"it lasts {test.span.duration}, expected at least {least}: the response time and "
                f"{FEWEST_STEPS} readings"
            )
        return ""

    def _too_much(self, test: LocalTest, settings: AgentSettings, load_kw: float | None, count: int) -> str:
        unit, kw = self._units[test.resource_id], abs(test.kw)
        is_up = test.kw < 0.0
        if (
            not is_up
            and settings.limits.max_reduction_kw is not None
            and kw > settings.limits.max_reduction_kw
        ):
            return f"{kw:.1f} kW are more than the site's limit of {settings.limits.max_reduction_kw:.1f} kW"
        if is_up and (load_kw is None or load_kw + kw > settings.site.largest_import_kw):
            return f"{kw:.1f} kW more would pass the import limit of {settings.site.largest_import_kw:.1f} kW"
        state = unit.observed
        for _ in range(count):
            has_kw = (unit.available_increase_kw if is_up else unit.available_kw)(state, self._step)
            if has_kw < kw - TOLERANCE_KW:
                return f"the resource has {has_kw:.1f} kW for so long, {kw:.1f} kW are asked"
            state, _ = (unit.increase if is_up else unit.advance)(state, kw, self._step)
        return ""

    def stop(self, why: str) -> bool:
        """End the try that is not over; tell whether there was one."""
        current = self.current
        if current is None:
            return False
        self._record(replace(current, state=TrialState.STOPPED, detail=why))
        return True

    def see(self, at: datetime, net_kw: float | None, reduction_kw: Mapping[str, float]) -> None:
        """Take up what instruments showed of the control interval that ended at an instant."""
        if net_kw is not None:
            self._bench.see(Step(Interval(at - self._step, at), net_kw, dict(reduction_kw)))
        test = self.current
        if test is None:
            return
        if test.state is TrialState.RUNNING and at >= test.span.end:
            test = replace(test, state=TrialState.SETTLING)
            self._record(test)
        if test.state is TrialState.SETTLING and at >= self._bench.settles_at(test, self._step):
            self._record(self._bench.result(test, response_time_of(self._units[test.resource_id])))

    def command(
        self, at: datetime, plan: SitePlan, load_kw: float | None, import_limit_kw: float
    ) -> tuple[str, float] | None:
        """Return what is to be commanded for a try in the interval that begins now; None if nothing.

        A try gives way to everything that is promised, to a device that is left out, and to the import
        limit.
        """
        test = self.current
        if test is None or test.state is not TrialState.RUNNING or at not in test.span:
            return None
        why = ""
        if plan.called_kw(at) > 0.0 or any(plan.promises(at)):
            why = "a delivery begins"
        elif not self._units[test.resource_id].is_available:
            why = "the device takes no commands any more"
        elif test.kw < 0.0 and (load_kw is None or load_kw - test.kw > import_limit_kw):
            why = "the site's load leaves no room below the import limit"
        if why:
            self.stop(why)
            return None
        return test.resource_id, test.kw
