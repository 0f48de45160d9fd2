"""What deliveries teach of each resource: responses to commands of all that it said it had."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from vpp.agent.controller import Commands
from vpp.agent.device_watch import DeviceWatch, response_time_of
from vpp.agent.unit import Unit
from vpp.flexibility.delivery_confidence import DeliveryObservation
from vpp.foundation.direction import Direction

WHOLE = 0.97
"""A command of at least this share of what is available asks for all of it."""
LEAST_KW = 1.0
FEWEST = 2


@dataclass(slots=True)
class _Course:
    begun_at: datetime
    asked_kw: list[float] = field(default_factory=list)
    shown_kw: list[float] = field(default_factory=list)


class EventLearning:
    """Collects the responses of one site's devices while it delivers."""

    def __init__(self, step: timedelta) -> None:
        """Begin with nothing under way."""
        self._step = step
        self._courses: dict[str, _Course] = {}
        self._asked: dict[str, float] = {}
        self._sign = 1.0

    def asked(self, commands: Commands, at: datetime) -> None:
        """Take note of which resources are asked for all that they have in the step that begins now."""
        self._sign = 1.0 if commands.direction is Direction.LOAD_DOWN else -1.0
        self._asked = {
            key: kw
            for key, kw in commands.change_kw.items()
            if kw >= max(LEAST_KW, WHOLE * commands.available_kw.get(key, math.inf))
        }
        for key in self._asked:
            self._courses.setdefault(key, _Course(at))

    def see(
        self, at: datetime, units: Mapping[str, Unit[Any]], watch: DeviceWatch
    ) -> dict[str, DeliveryObservation]:
        """Take up what the step that ended at an instant showed; return the responses that are over."""
        for key, kw in self._asked.items():
            course, unit = self._courses[key], units[key]
            if at - course.begun_at > response_time_of(unit) + self._step / 2:
                course.asked_kw.append(kw)
                course.shown_kw.append(self._sign * unit.reduction_kw)
        over = [key for key in self._courses if key not in self._asked]
        found = {}
        for key in over:
            course = self._courses.pop(key)
            if len(course.asked_kw) < FEWEST:
                continue
            shown_kw = math.fsum(course.shown_kw) / len(course.shown_kw)
            found[key] = DeliveryObservation(
                at=course.begun_at,
                commanded_kw=math.fsum(course.asked_kw) / len(course.asked_kw),
                metered_kw=shown_kw if watch.is_real(key) else 0.0,
                shown_kw=shown_kw,
                noise_kw=watch.noise_kw,
            )
        self._asked = {}
        return found
