"""What is to be split over the resources in one control step, and who can split it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from vpp.agent.unit import Unit
from vpp.foundation.direction import Direction


@dataclass(frozen=True, slots=True)
class SplitTask:
    """What is to be split over the resources in one control interval.

    Attributes:
        wanted_kw: Change wanted of all together, kW.
        direction: Which way consumption is moved.
        available_kw: What each may do, kW, by resource id.
        price_per_mwh: What a further change costs, by resource id.
        awarded_kw: What was bought of each, kW, by resource id.
        now: Start of the control interval, UTC.
        units: The resources, observed.
        load_kw: The site's load without any command, kW.
        net_kw: Net power of the interval before, kW; None where the meter has nothing.
        later: Baseline, kW, None where it is not known, and change owed, kW, of the intervals that
            follow until everything in force is over. Shape (N,).
        step: Length of those intervals, and of the first: one or several control intervals.
        response_ratio: What resources have shown lately of their commands, by resource id, in (0, 1].
        states: Expected states by resource id, where the interval lies ahead; empty for those observed.
    """

    wanted_kw: float
    direction: Direction
    available_kw: Mapping[str, float]
    price_per_mwh: Mapping[str, Decimal]
    awarded_kw: Mapping[str, float]
    now: datetime
    units: Sequence[Unit[Any]]
    load_kw: float
    net_kw: float | None
    later: Sequence[tuple[float | None, float]] = ()
    step: timedelta = timedelta(minutes=5)
    response_ratio: Mapping[str, float] = field(default_factory=dict)
    states: Mapping[str, Any] = field(default_factory=dict)

    def state(self, unit: Unit[Any]) -> Any:  # noqa: ANN401  each kind's own
        """Return a resource's state at the start of the interval."""
        return self.states.get(unit.resource_id, unit.observed)


Splitter = Callable[[SplitTask], Mapping[str, float] | None]
"""Splits a target over resources, kW by resource id; None if it has no answer in time."""


def no_splitter(task: SplitTask) -> None:
    """Leave every split to the cheapest-first rule."""
    del task
