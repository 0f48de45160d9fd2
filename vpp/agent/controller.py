"""One control step: from the plan and the readings to a command for every device."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from vpp.agent.plan import SitePlan
from vpp.agent.settings import AgentSettings
from vpp.agent.tracking import Course, required_reduction_kw, usable_kw
from vpp.agent.unit import Unit
from vpp.flexibility.recovery import RecoveryLimits, limit_rebound, rebound_headroom_kw
from vpp.flexibility.split import split_target
from vpp.foundation.device_terms import Setpoint
from vpp.foundation.interval import Interval

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Commands:
    """What the devices are told for one metering interval.

    Attributes:
        reduction_kw: Reduction by resource id, kW.
        recovery_limit_kw: Largest increase for recovery by resource id, kW.
    """

    reduction_kw: Mapping[str, float]
    recovery_limit_kw: Mapping[str, float]

    def setpoints(self) -> dict[str, Setpoint]:
        """Return what each device is told, by resource id."""
        return {
            resource_id: Setpoint(kw, recovery_limit_kw=self.recovery_limit_kw.get(resource_id, math.inf))
            for resource_id, kw in self.reduction_kw.items()
        }


@dataclass(frozen=True, slots=True)
class Readings:
    """What the meter showed.

    Attributes:
        newest_kw: Net power of the interval that ended last, kW; None where the meter has nothing.
        in_interval_kw: Net power of the intervals since the delivery interval began, kW; NaN
            where the meter has nothing.
    """

    newest_kw: float | None
    in_interval_kw: Sequence[float]


class Controller:
    """Turns promises into commands."""

    def __init__(self, settings: AgentSettings) -> None:
        """Take the site's limits and aims."""
        limits, infinity = settings.limits, float("inf")
        self._tracking = settings.tracking
        self._load_kw: float | None = None
        self._step = settings.site.metering_interval
        self._max_reduction_kw = infinity if limits.max_reduction_kw is None else limits.max_reduction_kw
        self._recovery_limits = RecoveryLimits(
            import_limit_kw=settings.site.import_limit_kw,
            max_ramp_kw_per_min=infinity
            if limits.max_ramp_kw_per_min is None
            else limits.max_ramp_kw_per_min,
            max_rebound_kw=infinity if limits.max_rebound_kw is None else limits.max_rebound_kw,
        )

    def commands(
        self,
        plan: SitePlan,
        units: Sequence[Unit[Any]],
        readings: Readings,
        price_per_mwh: Mapping[str, Decimal],
        now: datetime,
    ) -> Commands:
        """Return the commands for the metering interval that begins now.

        Args:
            plan: What the site has promised.
            units: The resources that may be used, observed.
            readings: What the meter showed.
            price_per_mwh: What a further reduction costs, by resource id.
            now: Start of the metering interval, UTC.
        """
        # A device's own instruments say what it did, so the load without it needs no model. Reading
        # and reductions must be of the same interval: an old reading plus new reductions would ask
        # for more and more. So through a gap the last load that was known stands.
        if readings.newest_kw is not None:
            self._load_kw = readings.newest_kw + sum(unit.reduction_kw for unit in units)
        target_kw = plan.called_kw(now)
        delivery = plan.settlement_interval(now)
        if delivery is None:
            if target_kw <= 0.0:
                if plan.is_waiting(now):  # a store that filled up now would be missing in a moment
                    return _still(units)
                return self._recovering(units, readings.newest_kw)
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
        )
        required_kw = required_reduction_kw(
            course,
            aim_ratio=self._tracking.aim_ratio,
            correction_limit_ratio=self._tracking.correction_limit_ratio,
        )
        ends_at = max([delivery.end, *(item.instruction.delivery.end for item in plan.in_force(now))])
        spans = _spans(now, delivery, ends_at)
        available_kw, awarded_kw = {}, {}
        for unit in units:
            sold_kw = [sum(each.peak_kw(span) for each in plan.committed(unit.resource_id)) for span in spans]
            awarded_kw[unit.resource_id] = sold_kw[0]
            state = unit.observed
            power_kw = unit.available_kw(state, self._step) if unit.is_available else 0.0
            available_kw[unit.resource_id] = usable_kw(
                power_kw, unit.energy_kwh(state), sold_kw, delivery.duration / HOUR
            )
        wanted_kw = min(required_kw, self._max_reduction_kw)
        shares_kw = split_target(wanted_kw, available_kw, price_per_mwh, awarded_kw)
        return Commands(shares_kw, dict.fromkeys(shares_kw, 0.0))

    def _recovering(self, units: Sequence[Unit[Any]], newest_kw: float | None) -> Commands:
        """Let the resources recover inside the site's limits, most urgent first; blind, not at all."""
        headroom_kw = 0.0
        if newest_kw is not None and self._load_kw is not None:
            headroom_kw = rebound_headroom_kw(self._recovery_limits, self._load_kw, newest_kw, self._step)
        wanted_kw = {unit.resource_id: unit.recovery_kw(unit.observed, self._step) for unit in units}
        urgent_first = [unit.resource_id for unit in sorted(units, key=lambda unit: unit.urgency)]
        allowed_kw = limit_rebound(wanted_kw, urgent_first, headroom_kw)
        return Commands(dict.fromkeys(allowed_kw, 0.0), allowed_kw)


def _still(units: Sequence[Unit[Any]]) -> Commands:
    """Neither reduce nor recover."""
    nothing_kw = {unit.resource_id: 0.0 for unit in units}
    return Commands(nothing_kw, nothing_kw)


def _spans(now: datetime, delivery: Interval, ends_at: datetime) -> list[Interval]:
    """List the present and the following delivery intervals up to the end of all events in force."""
    count = max(1, -(-(ends_at - delivery.start) // delivery.duration))
    first = Interval(now, delivery.end)
    later = [
        Interval(delivery.start + n * delivery.duration, delivery.start + (n + 1) * delivery.duration)
        for n in range(1, count)
    ]
    return [first, *later]
