"""The site between its instruments and its devices: what is read, judged sound, commanded and kept."""

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from vpp.agent.attendance_book import AttendanceBook
from vpp.agent.capacity_caps import CapacityCaps
from vpp.agent.controller import CAUTION, Commands, Controller, Readings, still
from vpp.agent.device_watch import DeviceWatch
from vpp.agent.driver import LiveMeter, SiteDriver
from vpp.agent.event_learning import EventLearning
from vpp.agent.judgement import Situation, said
from vpp.agent.memory import AgentMemory
from vpp.agent.meter_guard import MeterGuard
from vpp.agent.meter_log import LiveMetered, MeterLog
from vpp.agent.operation_tables import OnStaleMeter
from vpp.agent.plan import SitePlan
from vpp.agent.planner_room import PlannerRoom
from vpp.agent.projection import outlook
from vpp.agent.responses import Responses
from vpp.agent.settings import AgentSettings, floor_to_grid
from vpp.agent.site_flexibility import FlexibilityBook
from vpp.agent.split_task import no_splitter
from vpp.agent.trial_desk import TrialDesk
from vpp.agent.unit import Unit
from vpp.foundation.device_terms import DeviceError, Health, Setpoint
from vpp.foundation.direction import Direction
from vpp.foundation.errors import InvalidInput

FIRST_LOOK_BACK = timedelta(hours=6)
LONGEST_LOOK_BACK = timedelta(days=30)
TOLERANCE_KW = 0.5
"""Shortfalls below this are no news."""
log = logging.getLogger(__name__)


def steerable(settings: AgentSettings, driver: SiteDriver) -> AgentSettings:
    """Return a configuration whose control interval the driver's meter can serve."""
    if settings.control_step == settings.site.metering_interval or isinstance(driver, LiveMeter):
        return settings
    log.warning(
        "%s: the meter shows nothing within its metering interval, so the site is steered every %s",
        settings.site_name,
        settings.site.metering_interval,
    )
    site = settings.site.model_copy(update={"control_interval": None})
    return settings.model_copy(update={"site": site})


class Steering:
    """Reads and commands one site.

    Attributes:
        settings: The configuration with the orders that stand.
        meter: The readings on the metering grid.
        guard: Whether the meter can be believed.
        watch: Which devices can be relied on.
        tests: The tries of resources.
        commands: What was commanded last; None before the first step.
    """

    def __init__(  # noqa: PLR0913  what a site is made of
        self,
        settings: AgentSettings,
        driver: SiteDriver,
        memory: AgentMemory,
        units: Mapping[str, Unit[Any]],
        now: datetime,
        *,
        planner: PlannerRoom | None = None,
        moves_devices: bool = True,
    ) -> None:
        """Take up what the journal says of the devices, and look at the site."""
        self.settings = settings
        self._driver = driver
        self._memory = memory
        self._units = units
        self._moves_devices = moves_devices
        self._metering = settings.site.metering_interval
        self.step = settings.control_step
        self.guard = MeterGuard(settings, now)
        self.attendance = AttendanceBook(now)
        self.flexibility = FlexibilityBook()
        self.watch = DeviceWatch(settings, list(units))
        self._controller = Controller(settings, no_splitter if planner is None else planner.split)
        self._planner = planner
        self._learning = EventLearning(self.step)
        self._responses = Responses(self.step)
        self._caps = CapacityCaps(settings, units)
        self.tests = TrialDesk(memory, units, self.step)
        self.commands: Commands | None = None
        self._is_primed = False
        at = floor_to_grid(now, self._metering)
        self.meter = self._opened(max(driver.meter_begins_at, self._start(at)))
        self._live: MeterLog | None = None
        if self.step < self._metering and isinstance(driver, LiveMeter):
            begin = floor_to_grid(now, self.step)
            self._live = MeterLog(LiveMetered(driver, self.step), self.step, begin, self.guard.cleaned)
        for action in memory.local.actions.newest.values():
            if action.resource_id in units:
                self.watch.recall(action)

    def _opened(self, start: datetime) -> MeterLog:
        return MeterLog(self._driver, self._metering, start, self.guard.cleaned)

    def _start(self, at: datetime) -> datetime:
        unsent_since = self._memory.metered_until
        start = at - FIRST_LOOK_BACK
        return start if unsent_since is None else max(min(start, unsent_since), at - LONGEST_LOOK_BACK)

    def set_back(self, now: datetime) -> None:
        """Go on from an earlier time; what was metered under later ones is metered again."""
        at = floor_to_grid(now, self._metering)
        self.meter = self._opened(min(at, max(self._driver.meter_begins_at, self._start(at))))
        if self._live is not None and isinstance(self._driver, LiveMeter):
            begin = floor_to_grid(now, self.step)
            self._live = MeterLog(LiveMetered(self._driver, self.step), self.step, begin, self.guard.cleaned)
        self.guard.restart(now)

    def reach_back(self, since: datetime) -> None:
        """Read again from an earlier instant on: the hub wants more than was looked at."""
        until = self.meter.until
        self.meter = self._opened(max(since, self._driver.meter_begins_at))
        self.meter.read(until, since)

    def look(self, at: datetime) -> None:
        """Read the meter and the devices.

        Args:
            at: Present instant on the control grid, UTC.
        """
        self.meter.read(at, self._memory.metered_until)
        if self._live is not None:
            self._live.read(at, None)
        for resource_id, unit in self._units.items():
            was_heard = self.watch.is_heard(resource_id)
            self._ask(resource_id, at)
            if not self.watch.is_heard(resource_id):
                # What it shows is old or nonsense. What it did last falls away in the first step.
                unit.is_available = False
                unit.reduction_kw = max(0.0, unit.reduction_kw) if was_heard else 0.0
                continue
            try:
                reading = dict(self._driver.state(resource_id, at))
                recent_kw = reading.pop("recent_reduction_kw", None)
                if self._live is not None and recent_kw is not None:
                    reading["reduction_kw"] = recent_kw
                unit.observe(reading, at)
            except (InvalidInput, DeviceError, ArithmeticError, ValueError):  # whatever instruments show
                log.exception("%s/%s cannot be read", self.settings.site_name, resource_id)
                unit.is_available = False
                unit.reduction_kw = 0.0
        if not self._is_primed:
            self._is_primed = True
            self.watch.prime(self._log().since(self._log().begin)[:-1].tolist())
        newest_kw = self._log().newest_kw_at(at)
        self.guard.saw(at, newest_kw)
        self.watch.see(at, newest_kw, self._units, self._memory.local.actions.newest)
        reasons = self.watch.reasons(at)
        for resource_id, unit in self._units.items():
            unit.is_available = unit.is_available and resource_id not in reasons
        self._learn(at)
        claims = self._claims()
        self._controller.observe(Readings(newest_kw, (), self._counted_claims()))
        self.tests.see(at, newest_kw, claims)
        health = {key: each.health is Health.OK for key, each in self.watch.conditions.items()}
        self.attendance.see(at, is_metered=newest_kw is not None, is_healthy=health)

    def _log(self) -> MeterLog:
        return self.meter if self._live is None else self._live

    def _ask(self, resource_id: str, at: datetime) -> bool:
        """Ask how a device is; tell whether it may be relied on otherwise than before."""
        try:
            condition = self._driver.condition(resource_id, at)
        except (InvalidInput, DeviceError):
            log.exception("%s/%s does not say how it is", self.settings.site_name, resource_id)
            return False
        entry = self._memory.local.actions.outcome_entry(resource_id, condition.last_action)
        if entry is not None:
            self._keep([entry])
        newest = self._memory.local.actions.newest.get(resource_id)
        return self.watch.ask(resource_id, condition, is_asked=newest is not None and newest.is_active)

    def glance(self, now: datetime) -> bool:
        """Ask the devices how they are between control steps; tell whether one is otherwise than before."""
        changed = [resource_id for resource_id in self._units if self._ask(resource_id, now)]
        return bool(changed)

    def _claims(self) -> dict[str, float]:
        """Return what devices really did in the interval that ended last, kW, by resource id."""
        return {
            key: unit.reduction_kw if self.watch.is_real(key) else 0.0
            for key, unit in self._units.items()
            if unit.state is not None
        }

    def _learn(self, at: datetime) -> None:
        self._responses.see(at, self._units)
        for resource_id, observation in self._learning.see(at, self._units, self.watch).items():
            self._keep([self._memory.local.learned.entry(resource_id, observation)])

    def _keep(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Write entries down if the disk takes them; a full one must not keep the site from being steered."""
        try:
            self._memory.record_together(entries)
        except OSError:
            log.exception("%s: what devices were told cannot be kept", self.settings.site_name)
            for entry in entries:  # what is held must be known all the same, and is written when it can be
                if entry["kind"] == "action":
                    self._memory.local.actions.apply(entry, is_written=False)

    def situation(self, now: datetime) -> Situation:
        """Return what the site knows of its devices, its meter and its load."""
        return Situation(
            now=now,
            clock_skew=timedelta(0),
            price_per_mwh={},
            faults=self.watch.kinds(now),
            is_meter_stale=self.guard.is_stale(now),
            load_kw=self._controller.load_kw,
        )

    def steer(self, at: datetime, plan: SitePlan, price_per_mwh: Mapping[str, Decimal]) -> None:
        """Command the devices for the control interval that begins now.

        Args:
            at: Start of the interval, UTC, on the control grid.
            plan: What is to be delivered.
            price_per_mwh: What a further change costs, by resource id.
        """
        usable = self._usable()
        delivery = plan.settlement_interval(at)
        readings = Readings(
            newest_kw=self._log().newest_kw_at(at),
            in_interval_kw=[] if delivery is None else self._since(delivery.start, at),
            reduction_kw=self._counted_claims(),
            noise_kw=self.watch.noise_kw,
            response_ratio=self._responses.ratio,
            loose_kw=self._loose_kw(),
        )
        if self.guard.is_stale(at):
            self.tests.stop("the meter shows nothing")
        kept_free_kw = CAUTION * readings.noise_kw + sum(readings.loose_kw.values())
        limit_kw = self.settings.site.largest_import_kw - kept_free_kw
        test = self.tests.command(at, plan, self._controller.load_kw, limit_kw)
        if test is not None:
            commands = _tested(test, usable)
        elif self.guard.is_stale(at) and delivery is not None:
            commands = None  # whatever is held stays as it is
        else:
            commands = self._controller.commands(plan, usable, readings, price_per_mwh, at)
        setpoints = self._as_before() if commands is None else commands.setpoints()
        self.commands = commands or still(usable)
        if test is None and commands is not None:
            self._learning.asked(commands, at)
            self._note_shortfall(at, plan, commands)
            setpoints = self._caps.under(commands, usable, at, self.step).setpoints()
        self._command(at, setpoints)

    def foresee(self, now: datetime, plan: SitePlan, price_per_mwh: Mapping[str, Decimal]) -> None:
        """Let the next delivery be planned ahead, off the control path: something has been agreed."""
        begins_at = plan.next_begins_at(now)
        if self._planner is None or begins_at is None:
            return
        usable = [unit for unit in self._usable() if unit.is_available]
        sold = {unit.resource_id: plan.committed(unit.resource_id, None) for unit in usable}
        try:
            ahead = outlook(usable, sold, now, begins_at, self.step)
            states = dict(zip([unit.resource_id for unit in ahead.units], ahead.states, strict=True))
            task = self._controller.foreseen(plan, ahead.units, states, price_per_mwh, begins_at)
        except InvalidInput:
            log.exception("%s: the next delivery cannot be foreseen", self.settings.site_name)
            return
        if task is not None:
            self._planner.foresee(task)

    def _since(self, start: datetime, at: datetime) -> list[float]:
        """Return the readings of a delivery interval so far, kW; NaN for what was never read."""
        known: list[float] = self._log().since(start).tolist()
        return [math.nan] * ((at - start) // self.step - len(known)) + known

    def _usable(self) -> list[Unit[Any]]:
        vetoed = self.settings.limits.vetoed_resources
        return [
            unit for unit in self._units.values() if unit.state is not None and unit.resource_id not in vetoed
        ]

    def _loose_kw(self) -> dict[str, float]:
        """Return what devices may begin to draw for their recovery without being told to, kW.

        That is those that are left out, and those that the site has said no to: no setpoint keeps them
        still. What they draw already is a part of the load.
        """
        vetoed = self.settings.limits.vetoed_resources
        return {
            key: max(0.0, unit.recovery_kw(unit.observed, self.step) - max(0.0, -unit.reduction_kw))
            for key, unit in self._units.items()
            if unit.state is not None and (key in vetoed or not unit.is_available)
        }

    def _counted_claims(self) -> dict[str, float]:
        """Return the reductions that are not part of the site's own load: of what the agent commands.

        A device that is left out stops reducing, and goes on recovering as it likes: the former is no
        part of the load to come, the latter is.
        """
        held = {action.resource_id for action in self._memory.local.actions.held()}
        counted = held | {unit.resource_id for unit in self._usable()}
        return {
            key: kw if self._units[key].is_available else max(0.0, kw)
            for key, kw in self._claims().items()
            if key in counted
        }

    def _as_before(self) -> dict[str, Setpoint]:
        """Return the last setpoints again: a device releases what is not repeated.

        The meter is blind, the devices are not: none is held beyond what its own model has left.
        """
        if self.settings.faults.on_stale_meter is OnStaleMeter.RELEASE:
            return still(self._usable()).setpoints()
        newest = self._memory.local.actions.newest
        return {
            unit.resource_id: _bounded(newest[unit.resource_id].setpoint, unit, self.step)
            for unit in self._usable()
            if unit.resource_id in newest and unit.is_available
        }

    def _note_shortfall(self, at: datetime, plan: SitePlan, commands: Commands) -> None:
        """Keep by how much the site falls short because devices failed, so that the end can say it."""
        reasons = self.watch.kinds(at)
        if commands.short_kw <= TOLERANCE_KW or not reasons:
            return
        for item in plan.in_force(at):
            short_kw = min(commands.short_kw, item.promised_kw(at))
            if short_kw > 1.1 * item.short_kw + TOLERANCE_KW:
                self._keep(
                    [
                        {
                            "kind": "shortfall",
                            "instruction": item.instruction.name,
                            "short_kw": short_kw,
                            "detail": said(reasons),
                            "at": at.isoformat(),
                        }
                    ]
                )

    def _command(self, at: datetime, setpoints: Mapping[str, Setpoint]) -> None:
        """Give commands: written down before they are given, their outcome after."""
        actions = self._memory.local.actions
        given = dict(setpoints)
        for action in actions.held():  # of a device that nothing is asked of any more: let go of it
            if action.resource_id in self._units:
                given.setdefault(action.resource_id, Setpoint())
        given = {key: each for key, each in given.items() if not self.watch.takes_no_command(key)}
        if not self._moves_devices:
            return
        entries = [entry for key, each in given.items() if (entry := actions.entry(key, each, at))]
        if entries:
            self._keep(entries)
        self._responses.told(given, at)
        try:
            self._driver.command(at, given)
        except DeviceError:
            log.exception("%s: commands were not taken", self.settings.site_name)
        for resource_id in given:
            self._ask(resource_id, at)


def _bounded(setpoint: Setpoint, unit: Unit[Any], step: timedelta) -> Setpoint:
    """Return a setpoint no larger than what a resource can hold for a step."""
    return replace(
        setpoint,
        reduction_kw=min(setpoint.reduction_kw, unit.available_kw(unit.observed, step)),
        increase_kw=min(setpoint.increase_kw, unit.available_increase_kw(unit.observed, step)),
    )


def _tested(test: tuple[str, float], units: Sequence[Unit[Any]]) -> Commands:
    """Command one resource, and keep the others still."""
    resource_id, kw = test
    change_kw = {unit.resource_id: 0.0 for unit in units} | {resource_id: abs(kw)}
    direction = Direction.LOAD_DOWN if kw > 0.0 else Direction.LOAD_UP
    return replace(still(units), change_kw=change_kw, direction=direction)
