"""How much of its command each device has shown lately, for the next split.

With a command m_n of step n and the change r_n that the device's own instrument showed in it, once the
device has been called for longer than its response time:

    q_n = min(1, max(least, r_n / m_n)),    ratio = (ratio + q_n) / 2

The first q stands alone. It holds while the device is called without a break.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from vpp.agent.device_watch import response_time_of
from vpp.agent.unit import Unit
from vpp.foundation.device_terms import Setpoint

LEAST_RATIO = 0.5
"""A device that shows less is left out after a while, and no reason to command the double of it."""
LEAST_KW = 1.0


class Responses:
    """The responses of one site's devices."""

    def __init__(self, step: timedelta) -> None:
        """Begin with nothing known."""
        self._step = step
        self._told_kw: dict[str, float] = {}
        self._since: dict[str, datetime] = {}
        self._ratio: dict[str, float] = {}

    @property
    def ratio(self) -> Mapping[str, float]:
        """What is known, by resource id, in (0, 1]."""
        return self._ratio

    def told(self, setpoints: Mapping[str, Setpoint], at: datetime) -> None:
        """Take note of what devices are told for the step that begins at an instant; above 0 a reduction."""
        told_kw = {key: each.reduction_kw - each.increase_kw for key, each in setpoints.items()}
        for key in {*self._told_kw, *told_kw}:
            before_kw, now_kw = self._told_kw.get(key, 0.0), told_kw.get(key, 0.0)
            if abs(now_kw) < LEAST_KW or before_kw * now_kw <= 0.0:
                self._ratio.pop(key, None)
                self._since[key] = at
        self._told_kw = told_kw

    def see(self, at: datetime, units: Mapping[str, Unit[Any]]) -> None:
        """Take up what the step that ended at an instant showed."""
        for key, told_kw in self._told_kw.items():
            unit = units.get(key)
            if unit is None or not unit.is_available or abs(told_kw) < LEAST_KW:
                continue
            if at - self._since[key] <= response_time_of(unit) + self._step / 2:
                continue
            fresh = min(1.0, max(LEAST_RATIO, unit.reduction_kw / told_kw))
            self._ratio[key] = (self._ratio.get(key, fresh) + fresh) / 2.0
