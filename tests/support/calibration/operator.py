"""The agent's day-to-day work on a drawn site: observe, command, let recover inside the limits."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from support.calibration.drawn_site import START, STEP, DrawnSite

from vpp.agent.unit import Unit
from vpp.flexibility.recovery import RecoveryLimits, rebound_headroom_kw
from vpp.flexibility.secure_recovery import secure_rebound
from vpp.foundation.device_terms import Health, Setpoint
from vpp.foundation.errors import InvalidInput

STILL = Setpoint(recovery_limit_kw=0.0)
RECOVERY_EVERY = 3
"""Intervals after which the room for recovery is worked out anew."""
SAFE_RATIO = 0.98
"""Share of the connection that the agent uses: the load moves within an interval."""


@dataclass
class Operator:
    """Runs a site interval by interval.

    Attributes:
        site: The site.
        now: Start of the present interval, UTC.
        shown_kw: What each device's instrument showed in the last interval, kW; None for nothing.
        still_count: Intervals since anything was commanded or recovered.
        is_dead: Whether the agent's process has gone: nobody commands anything.
    """

    site: DrawnSite
    now: datetime = START
    shown_kw: dict[str, float | None] = field(default_factory=dict)
    still_count: int = 0
    is_dead: bool = False
    _orders: Mapping[str, Setpoint] = field(default_factory=dict)

    def usable(self, names: Iterable[str]) -> dict[str, Unit[Any]]:
        """Observe some devices; return the models of those that answer sensibly and have no alarm."""
        plant, found = self.site.plant, {}
        for name in names:
            unit = self.site.units[name]
            self.shown_kw[name] = None
            if plant.condition(name, self.now).health is not Health.OK:
                continue
            reading = plant.state(name, self.now)
            self.shown_kw[name] = reading["reduction_kw"]
            try:
                unit.observe(reading)
            except InvalidInput:
                continue
            if unit.is_available:
                found[name] = unit
        return found

    def step(self, wanted_kw: Mapping[str, float], *, may_recover: bool) -> None:
        """Command the interval that begins now, and let it pass.

        Args:
            wanted_kw: What each resource is to reduce, kW; others stay still or recover.
            may_recover: Whether the others may recover.
        """
        plant, every = self.site.plant, self.site.units
        usable = self.usable(every if may_recover else wanted_kw)
        orders = dict.fromkeys(every, STILL)  # also to one with an alarm, in case it hears it
        for name, kw in wanted_kw.items():
            if name in usable:
                available_kw = usable[name].available_kw(usable[name].observed, STEP)
                orders[name] = Setpoint(min(kw, available_kw), recovery_limit_kw=0.0)
        if may_recover:
            net_kw = float(plant.meter(self.now - STEP, self.now)[0])
            for name, limit_kw in self._recovery(usable, net_kw).items():
                orders[name] = Setpoint(recovery_limit_kw=limit_kw)
        self.still_count = 0 if wanted_kw or may_recover else self.still_count + 1
        self.command(orders)

    def command(self, orders: Mapping[str, Setpoint]) -> None:
        """Send orders for the interval that begins now, unless the agent is dead, and let it pass."""
        self._orders = orders
        if not self.is_dead:
            self.site.plant.command(self.now, orders)
        self.now += STEP
        self.site.plant.meter(self.now - STEP, self.now)

    def _recovery(self, usable: Mapping[str, Unit[Any]], net_kw: float) -> dict[str, float]:
        """Return what each device may draw to recover, kW; the rest of the room stays free."""
        seen = {name: unit for name, unit in self.site.units.items() if unit.state is not None}
        wanted_kw = {name: unit.recovery_kw(unit.observed, STEP) for name, unit in seen.items()}
        course_kw = net_kw + sum(self.shown_kw[name] or 0.0 for name in usable)
        room = RecoveryLimits(self.site.import_limit_kw * SAFE_RATIO, math.inf, math.inf)
        headroom_kw = rebound_headroom_kw(room, course_kw, net_kw, STEP)
        urgent_first = sorted(wanted_kw, key=lambda name: seen[name].urgency)
        return secure_rebound(wanted_kw, urgent_first, headroom_kw, wanted_kw.keys() - usable.keys())

    def idle(self, count: int) -> None:
        """Let some intervals pass in which everything recovers."""
        for n in range(count):
            if n % RECOVERY_EVERY:  # the last limits still hold
                self.command(self._orders)
            else:
                self.step({}, may_recover=True)

    def keep_still(self, count: int) -> None:
        """Let nothing reduce or recover, until that has been so for some intervals."""
        while self.still_count < count:
            self.step({}, may_recover=False)

    def metered_kw(self, since: datetime, count: int) -> np.ndarray:
        """Return what the meter showed, kW per interval."""
        return self.site.plant.meter(since, since + count * STEP)
