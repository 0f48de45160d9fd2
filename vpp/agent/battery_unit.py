"""A stationary battery as the agent sees it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from vpp.agent.plausible_reading import share_of
from vpp.agent.unit import Unit
from vpp.flexibility import battery
from vpp.flexibility.envelope import Envelope
from vpp.flexibility.offer import Offer
from vpp.flexibility.planning.terms import StoreTerms
from vpp.v1 import portfolio_pb2


class BatteryUnit(Unit[battery.BatteryState]):
    """A stationary battery."""

    kind = portfolio_pb2.Resource.KIND_BATTERY
    urgency = 3

    def __init__(self, params: battery.BatteryParameters, displaced_value_per_kwh: Decimal | None) -> None:
        """Take the battery's parameters and what a kWh of its own use earns."""
        super().__init__(params.resource_id)
        self._params = params
        self._displaced_value_per_kwh = displaced_value_per_kwh

    def _state_of(self, reading: Mapping[str, float]) -> battery.BatteryState:
        stored_kwh = share_of(reading, "state_of_charge_ratio") * self._params.capacity_kwh
        return battery.BatteryState(stored_kwh, owed_kwh=max(0.0, self._params.rest_kwh - stored_kwh))

    def envelope(self) -> Envelope:
        """Return the envelope of the full battery."""
        return battery.envelope(self._params, battery.rested(self._params))

    def present_envelope(self) -> Envelope:
        """Return the envelope of what is stored now."""
        return battery.envelope(self._params, self.observed)

    def available_increase_kw(self, state: battery.BatteryState, step: timedelta) -> float:
        """Return the largest charge for a step, kW."""
        return battery.available_increase_kw(self._params, state, step)

    def increase(
        self, state: battery.BatteryState, increase_kw: float, step: timedelta
    ) -> tuple[battery.BatteryState, float]:
        """Charge for a step."""
        after, change_kw = battery.advance(self._params, state, 0.0, step, increase_kw=increase_kw)
        return after, max(0.0, change_kw)

    def terms(
        self,
        state: battery.BatteryState,
        interval_count: int,
        step: timedelta,
        prices_per_kwh: Sequence[Decimal],
    ) -> StoreTerms:
        """Return what the planner sees of the battery."""
        del prices_per_kwh
        return battery.terms(self._params, state, interval_count, step)

    def available_kw(self, state: battery.BatteryState, step: timedelta) -> float:
        """Return the largest discharge for a step, kW."""
        return battery.available_kw(self._params, state, step)

    def energy_kwh(self, state: battery.BatteryState) -> float:
        """Return the energy above the floor, kWh."""
        return max(0.0, state.stored_kwh - self._params.floor_kwh)

    def recovery_kw(self, state: battery.BatteryState, step: timedelta) -> float:
        """Return the recharge that it would draw, kW."""
        return battery.recovery_kw(self._params, state, step)

    def advance(
        self, state: battery.BatteryState, reduction_kw: float, step: timedelta
    ) -> tuple[battery.BatteryState, float]:
        """Discharge or recharge for a step."""
        after, change_kw = battery.advance(self._params, state, reduction_kw, step)
        return after, max(0.0, -change_kw)

    def offer(
        self, state: battery.BatteryState, interval_count: int, step: timedelta, tariff_per_kwh: Decimal
    ) -> Offer | None:
        """Return an offer of the energy above the floor."""
        if state.stored_kwh <= self._params.floor_kwh:
            return None
        return battery.offer(
            self._params,
            state,
            interval_count,
            step,
            tariff_per_kwh=tariff_per_kwh,
            displaced_value_per_kwh=self._displaced_value_per_kwh,
        )
