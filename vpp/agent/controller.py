"""One control step: from the plan and the readings to a command for every device.

With load the net power without any command, L = net + sum of what devices say they reduce, and the
direction's sign s (1 down, -1 up), a step wants the change

    c = s (L - wanted) + what was missed so far,   wanted = baseline - s * aim * target

within what resources have, what is not owed later, and the site's limits: upwards the import limit,

    L + sum of commands + recoveries out of control <= import limit less what the load may rise by chance

where a command counts in full, even if less of it has been delivered so far. Recovery keeps room for the
largest one that may begin by itself (`vpp.flexibility.secure_recovery`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from vpp.agent.double_use import joint_limits_of
from vpp.agent.plan import SitePlan
from vpp.agent.settings import AgentSettings
from vpp.agent.split_task import SplitTask, Splitter, no_splitter
from vpp.agent.tracking import Course, required_change_kw, usable_kw
from vpp.agent.unit import Unit
from vpp.flexibility.recovery import RecoveryLimits, rebound_headroom_kw
from vpp.flexibility.secure_recovery import secure_rebound
from vpp.flexibility.split import split_target
from vpp.foundation.device_terms import Setpoint
from vpp.foundation.direction import Direction
from vpp.foundation.interval import Interval

HOUR = timedelta(hours=1)
LONGEST_HORIZON = 24
"""Intervals that a split looks ahead at most; of a longer event they are longer than a control interval."""
LEAST_RECOVERY_KW = 1e-6
CAUTION = 3.0
"""How many standard deviations of the load's own restlessness stay free below the import limit."""


@dataclass(frozen=True, slots=True)
class Commands:
    """What the devices are told for one control interval.

    Attributes:
        change_kw: Change in `direction` by resource id, kW.
        recovery_limit_kw: Largest increase for recovery by resource id, kW.
        direction: Which way consumption is moved.
        wanted_kw: What the devices together should do, kW.
        available_kw: What each can do at most, kW, by resource id.
    """

    change_kw: Mapping[str, float]
    recovery_limit_kw: Mapping[str, float]
    direction: Direction = Direction.LOAD_DOWN
    wanted_kw: float = 0.0
    available_kw: Mapping[str, float] = field(default_factory=dict)

    @property
    def short_kw(self) -> float:
        """By how much the devices together miss what is wanted, kW."""
        return max(0.0, self.wanted_kw - sum(self.change_kw.values()))

    def setpoints(self) -> dict[str, Setpoint]:
        """Return what each device is told, by resource id."""
        is_up = self.direction is Direction.LOAD_UP
        return {
            resource_id: Setpoint(
                reduction_kw=0.0 if is_up else kw,
                increase_kw=kw if is_up else 0.0,
                recovery_limit_kw=self.recovery_limit_kw[resource_id],
            )
            for resource_id, kw in self.change_kw.items()
        }


@dataclass(frozen=True, slots=True)
class Readings:
    """What the site's instruments showed.

    Attributes:
        newest_kw: Net power of the control interval that ended last, kW; None where the meter has nothing.
        in_interval_kw: Net power of the control intervals since the delivery interval began, kW; NaN
            where the meter has nothing.
        reduction_kw: What devices really did in the interval that ended last, kW, by resource id;
            negative while one recovers or raises its consumption.
        noise_kw: Standard deviation of the load's own change from step to step, kW.
        response_ratio: What devices have shown lately of their commands, by resource id, in (0, 1].
        loose_kw: What devices that nobody controls at present may begin to draw for their recovery, kW,
            by resource id.
    """

    newest_kw: float | None
    in_interval_kw: Sequence[float]
    reduction_kw: Mapping[str, float]
    noise_kw: float = 0.0
    response_ratio: Mapping[str, float] = field(default_factory=dict)
    loose_kw: Mapping[str, float] = field(default_factory=dict)


class Controller:
    """Turns promises into commands."""

    def __init__(self, settings: AgentSettings, splitter: Splitter = no_splitter) -> None:
        """Take the site's limits and aims, and who splits targets."""
        limits, infinity = settings.limits, float("inf")
        self._tracking = settings.tracking
        self._splitter = splitter
        self._load_kw: float | None = None
        self._step = settings.control_step
        self._max_reduction_kw = infinity if limits.max_reduction_kw is None else limits.max_reduction_kw
        self._recovery_limits = RecoveryLimits(
            import_limit_kw=settings.site.largest_import_kw,
            max_ramp_kw_per_min=infinity
            if limits.max_ramp_kw_per_min is None
            else limits.max_ramp_kw_per_min,
            max_rebound_kw=infinity if limits.max_rebound_kw is None else limits.max_rebound_kw,
        )

    @property
    def load_kw(self) -> float | None:
        """The site's load without any command as last known, kW; None while nothing was metered."""
        return self._load_kw

    def observe(self, readings: Readings) -> None:
        """Take up what the instruments showed.

        A device's own instruments say what it did, so the load without it needs no model. Reading and
        reductions must be of the same interval: an old reading plus new reductions would ask for more
        and more. So through a gap the last load that was known stands.
        """
        if readings.newest_kw is not None:
            self._load_kw = readings.newest_kw + sum(readings.reduction_kw.values())

    def commands(
        self,
        plan: SitePlan,
        units: Sequence[Unit[Any]],
        readings: Readings,
        price_per_mwh: Mapping[str, Decimal],
        now: datetime,
    ) -> Commands:
        """Return the commands for the control interval that begins now.

        Args:
            plan: What the site has promised.
            units: The resources that may be used, observed.
            readings: What the instruments showed.
            price_per_mwh: What a further change costs, by resource id.
            now: Start of the control interval, UTC.
        """
        self.observe(readings)
        target_kw, direction = plan.called_kw(now), plan.direction(now)
        delivery = plan.settlement_interval(now)
        if delivery is None:
            if target_kw <= 0.0:
                if plan.is_waiting(now):  # a store that filled up now would be missing in a moment
                    return still(units)
                return self.recovering(units, readings)
            delivery = Interval(now, now + self._step)  # held after the end, on the site's own load
        baseline_kw = plan.baseline_kw(now)
        load_kw = self._load_kw
        if load_kw is None:  # nothing was ever metered: the site delivers its target on its own load
            baseline_kw, load_kw = None, 0.0
        course = Course(
            baseline_kw=baseline_kw,
            target_kw=target_kw,
            metered_kw=readings.in_interval_kw,
            step_count=max(1, round(delivery.duration / self._step)),
            load_kw=load_kw,
            direction=direction,
        )
        required_kw = required_change_kw(
            course,
            aim_ratio=self._tracking.aim_ratio,
            correction_limit_ratio=self._tracking.correction_limit_ratio,
        )
        bound_kw = self._bound_kw(direction, readings)
        wanted_kw = min(required_kw, bound_kw)
        ends_at = max([delivery.end, *(item.instruction.delivery.end for item in plan.in_force(now))])
        available_kw, awarded_kw = self._means(
            plan, units, direction, _spans(now, delivery, ends_at), delivery.duration / HOUR
        )
        step = self._step_to(ends_at - now)
        task = SplitTask(
            wanted_kw=wanted_kw,
            direction=direction,
            available_kw=available_kw,
            price_per_mwh=price_per_mwh,
            awarded_kw=awarded_kw,
            now=now,
            units=units,
            load_kw=load_kw,
            net_kw=readings.newest_kw,
            later=self._later(plan, direction, now, ends_at, step),
            step=step,
            response_ratio=readings.response_ratio,
        )
        shares_kw = self._splitter(task)
        if shares_kw is None:
            joint = joint_limits_of(units, direction)
            shares_kw = split_target(wanted_kw, available_kw, price_per_mwh, awarded_kw, joint)
        shares_kw = _within(shares_kw, bound_kw)
        return Commands(shares_kw, dict.fromkeys(shares_kw, 0.0), direction, wanted_kw, available_kw)

    def foreseen(
        self,
        plan: SitePlan,
        units: Sequence[Unit[Any]],
        states: Mapping[str, Any],
        price_per_mwh: Mapping[str, Decimal],
        at: datetime,
    ) -> SplitTask | None:
        """Return what will have to be split when a delivery begins; None while no load is known.

        Args:
            plan: What the site has promised.
            units: The resources that may be used, observed.
            states: What is expected of them by then, by resource id.
            price_per_mwh: What a further change costs, by resource id.
            at: When the delivery begins, UTC.
        """
        baseline_kw = plan.baseline_kw(at)
        load_kw = self._load_kw if baseline_kw is None else baseline_kw
        if load_kw is None:
            return None
        direction = plan.direction(at)
        ends_at = max([at + self._step, *(item.instruction.delivery.end for item in plan.in_force(at))])
        step = self._step_to(ends_at - at)
        available_kw = {
            unit.resource_id: (
                unit.available_increase_kw if direction is Direction.LOAD_UP else unit.available_kw
            )(states[unit.resource_id], self._step)
            for unit in units
        }
        return SplitTask(
            wanted_kw=self._tracking.aim_ratio * plan.called_kw(at),
            direction=direction,
            available_kw=available_kw,
            price_per_mwh=price_per_mwh,
            awarded_kw={},
            now=at,
            units=units,
            load_kw=load_kw,
            net_kw=None,
            later=self._later(plan, direction, at, ends_at, step),
            step=step,
            states=states,
        )

    def _step_to(self, span: timedelta) -> timedelta:
        """Return the shortest multiple of the control interval of which a horizon reaches so far."""
        count = max(1, -(-span // self._step))
        return self._step * -(-count // LONGEST_HORIZON)

    def _later(
        self, plan: SitePlan, direction: Direction, now: datetime, ends_at: datetime, step: timedelta
    ) -> list[tuple[float | None, float]]:
        """Return baseline and owed change of the intervals after the present one."""
        count = max(1, -(-(ends_at - now) // step))
        starts = [now + n * step for n in range(1, count)]
        return [
            (
                plan.baseline_kw(at),
                self._tracking.aim_ratio * plan.called_kw(at) if plan.direction(at) is direction else 0.0,
            )
            for at in starts
        ]

    def _bound_kw(self, direction: Direction, readings: Readings) -> float:
        """Return the largest change that the site allows itself, kW; upwards nothing while it is blind."""
        if direction is Direction.LOAD_DOWN:
            return self._max_reduction_kw
        if readings.newest_kw is None or self._load_kw is None:
            return 0.0
        limits = replace(self._recovery_limits, max_rebound_kw=float("inf"))  # this is no rebound
        return max(0.0, self._headroom_kw(limits, readings) - sum(readings.loose_kw.values()))

    def _headroom_kw(self, limits: RecoveryLimits, readings: Readings) -> float:
        if readings.newest_kw is None or self._load_kw is None:
            return 0.0
        kept_free_kw = CAUTION * readings.noise_kw
        limits = replace(limits, import_limit_kw=max(0.0, limits.import_limit_kw - kept_free_kw))
        return rebound_headroom_kw(limits, self._load_kw, readings.newest_kw, self._step)

    def _means(
        self,
        plan: SitePlan,
        units: Sequence[Unit[Any]],
        direction: Direction,
        spans: Sequence[Interval],
        hours: float,
    ) -> tuple[dict[str, float], dict[str, float]]:
        """Return what each resource may do now, and what was bought of it, kW, by resource id."""
        available_kw, awarded_kw = {}, {}
        for unit in units:
            sold = plan.committed(unit.resource_id, direction)
            sold_kw = [sum(each.peak_kw(span) for each in sold) for span in spans]
            awarded_kw[unit.resource_id] = sold_kw[0]
            state = unit.observed
            if not unit.is_available:
                available_kw[unit.resource_id] = 0.0
            elif direction is Direction.LOAD_UP:
                available_kw[unit.resource_id] = unit.available_increase_kw(state, self._step)
            else:
                power_kw = unit.available_kw(state, self._step)
                available_kw[unit.resource_id] = usable_kw(power_kw, unit.energy_kwh(state), sold_kw, hours)
        return available_kw, awarded_kw

    def recovering(self, units: Sequence[Unit[Any]], readings: Readings) -> Commands:
        """Let the resources recover inside the site's limits, most urgent first; blind, not at all.

        Where nothing recovers, the devices are given back to the site's own control. While something
        does, one that has nothing to recover is given back only if there is room for all it could draw.
        """
        room_kw = self._headroom_kw(self._recovery_limits, readings)
        loose = readings.loose_kw
        own_kw = {
            unit.resource_id: unit.recovery_kw(unit.observed, self._step)
            for unit in units
            if unit.resource_id not in loose
        }
        urgent_first = [unit.resource_id for unit in sorted(units, key=lambda unit: unit.urgency)]
        allowed_kw = secure_rebound(
            {**own_kw, **loose}, [key for key in urgent_first if key in own_kw], room_kw, loose
        )
        left_kw = room_kw - sum(loose.values()) - sum(allowed_kw.values())
        limits_kw = {unit.resource_id: allowed_kw.get(unit.resource_id, 0.0) for unit in units}
        is_quiet = max([*own_kw.values(), *loose.values()], default=0.0) <= LEAST_RECOVERY_KW
        for unit in units:
            if own_kw.get(unit.resource_id, 1.0) > LEAST_RECOVERY_KW:
                continue
            cap_kw = 0.0 if is_quiet else unit.envelope().recovery.cap_kw
            if is_quiet or cap_kw < left_kw:
                limits_kw[unit.resource_id] = float("inf")
                left_kw -= cap_kw
        return Commands(dict.fromkeys(limits_kw, 0.0), limits_kw)


def still(units: Sequence[Unit[Any]]) -> Commands:
    """Neither reduce nor recover."""
    nothing_kw = {unit.resource_id: 0.0 for unit in units}
    return Commands(nothing_kw, nothing_kw)


def _within(shares_kw: Mapping[str, float], bound_kw: float) -> Mapping[str, float]:
    """Scale shares down where together they pass a bound, kW: a share may be more than it delivers."""
    total_kw = sum(shares_kw.values())
    if total_kw <= bound_kw:
        return shares_kw
    return {key: kw * bound_kw / total_kw for key, kw in shares_kw.items()}


def _spans(now: datetime, delivery: Interval, ends_at: datetime) -> list[Interval]:
    """List the present and the following delivery intervals up to the end of all events in force."""
    count = max(1, -(-(ends_at - delivery.start) // delivery.duration))
    first = Interval(now, delivery.end)
    later = [
        Interval(delivery.start + n * delivery.duration, delivery.start + (n + 1) * delivery.duration)
        for n in range(1, count)
    ]
    return [first, *later]
