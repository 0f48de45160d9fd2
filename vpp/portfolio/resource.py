"""A controllable asset of a site, and what it may be asked to do."""

import enum
from dataclasses import dataclass
from datetime import timedelta

from vpp.foundation.direction import Direction

_HOUR = timedelta(hours=1)


class ResourceKind(enum.Enum):
    """The kinds of flexible resource."""

    DEFERRABLE_LOAD = "deferrable_load"
    UPS = "ups"
    CHILLER = "chiller"
    BATTERY = "battery"
    THERMAL_STORE = "thermal_store"
    GENERATOR = "generator"


@dataclass(frozen=True, slots=True)
class FlexibilityEnvelope:
    """What a resource can deliver at most, measured at the point of connection.

    Attributes:
        max_reduction_kw: Largest reduction, kW, above 0 unless consumption can only be raised. No bid of the
            resource may exceed it.
        min_reduction_kw: Smallest reduction, kW; 0 means any.
        response_time: From command to full reduction.
        min_duration: Shortest activation; zero means any.
        max_duration: Longest activation.
        energy_budget_kwh: Largest reduction energy per activation, kWh.
        recovery_ratio: Energy paid back per energy reduced, 0 or more.
        recovery_duration: Time after release in which it is paid back.
        max_increase_kw: Largest increase, kW; 0 where consumption cannot be raised.
        increase_budget_kwh: Largest increase energy per activation, kWh; None where only the longest
            activation ends it.
    """

    max_reduction_kw: float
    min_reduction_kw: float
    response_time: timedelta
    min_duration: timedelta
    max_duration: timedelta
    energy_budget_kwh: float
    recovery_ratio: float
    recovery_duration: timedelta
    max_increase_kw: float = 0.0
    increase_budget_kwh: float | None = None

    def most_kw(self, direction: Direction) -> float:
        """Return the largest change in a direction, kW."""
        return self.max_reduction_kw if direction is Direction.LOAD_DOWN else self.max_increase_kw

    def least_kw(self, direction: Direction) -> float:
        """Return the smallest change in a direction, kW; an increase may be as small as it likes."""
        return self.min_reduction_kw if direction is Direction.LOAD_DOWN else 0.0

    def budget_kwh(self, direction: Direction) -> float:
        """Return the largest energy of one activation in a direction, kWh.

        Example:
            >>> hour = timedelta(hours=1)
            >>> pool = FlexibilityEnvelope(
            ...     100.0, 0.0, hour, hour, 4 * hour, 250.0, 1.0, hour, max_increase_kw=50.0
            ... )
            >>> pool.budget_kwh(Direction.LOAD_DOWN), pool.budget_kwh(Direction.LOAD_UP)
            (250.0, 200.0)
        """
        if direction is Direction.LOAD_DOWN:
            return self.energy_budget_kwh
        if self.increase_budget_kwh is not None:
            return self.increase_budget_kwh
        return self.max_increase_kw * (self.max_duration / _HOUR)


@dataclass(frozen=True, slots=True)
class Resource:
    """A controllable asset of a site.

    Attributes:
        site_id: Site it belongs to.
        resource_id: Last part of `sites/{site}/resources/{resource}`.
        kind: Of which kind it is.
        envelope: What it may be asked to deliver.
    """

    site_id: str
    resource_id: str
    kind: ResourceKind
    envelope: FlexibilityEnvelope
