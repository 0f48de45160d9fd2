"""A flexible resource of the site: a model of its kind, fed by its device's instruments."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Generic, TypeVar

from vpp.flexibility.envelope import Envelope
from vpp.flexibility.offer import Offer
from vpp.flexibility.planning.terms import ResourceTerms
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
        elapsed: Time since the observation before; zero if there has been none or it is not known.
    """

    kind: Kind.ValueType
    urgency: int

    def __init__(self, resource_id: str) -> None:
        """Begin without an observation."""
        self.resource_id = resource_id
        self.state: S | None = None
        self.is_available = True
        self.reduction_kw = 0.0
        self.elapsed = timedelta(0)
        self._observed_at: datetime | None = None

    def observe(self, reading: Mapping[str, float], at: datetime | None = None) -> None:
        """Take up what the device's instruments show.

        Args:
            reading: Quantities by name.
            at: Instant of the observation, UTC; None if it does not matter.

        Raises:
            InvalidInput: A quantity is missing or not finite.
        """
        for name, value in reading.items():
            if not math.isfinite(value):
                raise InvalidInput(
                    f"{self.resource_id} reads {name} = {value}, expected a finite number",
                    resource_id=self.resource_id,
                )
        if at is not None:
            self.elapsed = (
                timedelta(0) if self._observed_at is None else max(timedelta(0), at - self._observed_at)
            )
            self._observed_at = at
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
    def envelope(self) -> Envelope:
        """Return what the resource can deliver at its best: what the hub is told at enrolment."""

    def present_envelope(self) -> Envelope:
        """Return what the resource can deliver from its present state."""
        return self.envelope()

    def available_increase_kw(self, state: S, step: timedelta) -> float:
        """Return the largest increase that holds for a whole step, kW; 0 where the kind has none."""
        del state, step
        return 0.0

    def increase(self, state: S, increase_kw: float, step: timedelta) -> tuple[S, float]:
        """Return the state after a step of commanded increase, and the increase delivered in it, kW."""
        del increase_kw
        after, _ = self.advance(state, 0.0, step)
        return after, 0.0

    def terms(
        self, state: S, interval_count: int, step: timedelta, prices_per_kwh: Sequence[Decimal]
    ) -> ResourceTerms | None:
        """Return what the planner sees of the resource over a horizon; None if it is not planned.

        Args:
            state: At the start of the horizon.
            interval_count: Intervals of the horizon, N.
            step: Length of an interval.
            prices_per_kwh: What a kWh costs the site. Shape (N,).
        """
        del state, interval_count, step, prices_per_kwh
        return None

    @property
    def overhead_slope_ratio(self) -> float | None:
        """Overhead that follows this resource's IT power, k; None where it cuts no computers."""
        return None

    def chiller_power_kw(self, state: S) -> float | None:
        """Return what the chillers that it relieves draw, kW; None where it relieves none, or cannot tell."""
        del state
        return None

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

    def offers(
        self, state: S, interval_count: int, step: timedelta, tariff_per_kwh: Decimal
    ) -> tuple[Offer, ...]:
        """Return all that the resource can bid for a window; together they can be held."""
        offer = self.offer(state, interval_count, step, tariff_per_kwh)
        return () if offer is None else (offer,)
