"""A flexible resource of the site: a model of its kind, fed by its device's instruments."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Generic, TypeVar

from vpp.flexibility.enrolment_envelope import EnrolmentEnvelope
from vpp.flexibility.offer import Offer
from vpp.foundation.errors import InvalidInput
from vpp.v1 import portfolio_pb2

Kind = portfolio_pb2.Resource.Kind
S = TypeVar("S")


class Unit(ABC, Generic[S]):
    """One flexible resource: parameters from the configuration, state from its device.

    A state is a value: projections carry it forward without touching the unit's own.

    Attributes:
        resource_id: The flexible resource.
        kind: Its kind on the wire.
        urgency: Who recovers first: the lowest.
        state: As last observed; None before the first observation.
        is_available: Whether the device takes commands at present.
        reduction_kw: What the device did in the interval that ended last, kW; negative while
            it recovered.
    """

    kind: Kind.ValueType
    urgency: int

    def __init__(self, resource_id: str) -> None:
        """Begin without an observation."""
        self.resource_id = resource_id
        self.state: S | None = None
        self.is_available = True
        self.reduction_kw = 0.0

    def observe(self, reading: Mapping[str, float]) -> None:
        """Take up what the device's instruments show.

        Raises:
            InvalidInput: A quantity is missing or not finite.
        """
        for name, value in reading.items():
            if not math.isfinite(value):
                raise InvalidInput(
                    f"{self.resource_id} reads {name} = {value}, expected a finite number",
                    resource_id=self.resource_id,
                )
        try:
            self.is_available = reading["available"] > 0.0
            self.reduction_kw = reading["reduction_kw"]
            self.state = self._state_of(reading)
        except KeyError as error:
            raise InvalidInput(
                f"{self.resource_id} gives no reading of {error.args[0]}", resource_id=self.resource_id
            ) from error

    @property
    def observed(self) -> S:
        """The observed state.

        Raises:
            InvalidInput: There has been no observation.
        """
        if self.state is None:
            raise InvalidInput(f"{self.resource_id} has not been observed yet", resource_id=self.resource_id)
        return self.state

    @abstractmethod
    def _state_of(self, reading: Mapping[str, float]) -> S:
        """Turn a reading into the model's state."""

    @abstractmethod
    def envelope(self) -> EnrolmentEnvelope:
        """Return what the resource can deliver at most."""

    @abstractmethod
    def available_kw(self, state: S, step: timedelta) -> float:
        """Return the largest reduction that holds for a whole step, kW."""

    @abstractmethod
    def energy_kwh(self, state: S) -> float:
        """Return the reduction energy left, kWh; infinite if only power is limited."""

    @abstractmethod
    def recovery_kw(self, state: S, step: timedelta) -> float:
        """Return the increase that recovery would draw if left alone, kW."""

    @abstractmethod
    def advance(self, state: S, reduction_kw: float, step: timedelta) -> tuple[S, float]:
        """Return the state after a step, and the reduction delivered in it, kW."""

    @abstractmethod
    def offer(self, state: S, interval_count: int, step: timedelta, tariff_per_kwh: Decimal) -> Offer | None:
        """Return what the resource can bid for a window, or None."""
