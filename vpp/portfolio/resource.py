"""A controllable asset of a site, and what it may be asked to do."""

import enum
from dataclasses import dataclass
from datetime import timedelta


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
        max_reduction_kw: Largest reduction, kW, above 0. No bid of the resource may exceed it.
        min_reduction_kw: Smallest reduction, kW; 0 means any.
        response_time: From command to full reduction.
        min_duration: Shortest activation; zero means any.
        max_duration: Longest activation.
        energy_budget_kwh: Largest reduction energy per activation, kWh.
        recovery_ratio: Energy paid back per energy reduced, 0 or more.
        recovery_duration: Time after release in which it is paid back.
    """

    max_reduction_kw: float
    min_reduction_kw: float
    response_time: timedelta
    min_duration: timedelta
    max_duration: timedelta
    energy_budget_kwh: float
    recovery_ratio: float
    recovery_duration: timedelta


@dataclass(frozen=True, slots=True)
class Resource:
    """A controllable asset of a site.

    Attributes:
        site_id: Site it belongs to.
        resource_id: Last part of `sites/{site}/resources/{resource}`.
        kind: Which of the four kinds it is.
        envelope: What it may be asked to deliver.
    """

    site_id: str
    resource_id: str
    kind: ResourceKind
    envelope: FlexibilityEnvelope
