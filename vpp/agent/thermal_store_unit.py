"""A store of chilled water as the agent sees it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from vpp.agent.plausible_reading import power_of, share_of
from vpp.agent.unit import Unit
from vpp.flexibility import thermal_store
from vpp.flexibility.envelope import Envelope
from vpp.flexibility.offer import Offer
from vpp.flexibility.planning.terms import StoreTerms
from vpp.flexibility.thermal_store import ThermalStoreParameters, ThermalStoreState
from vpp.v1 import portfolio_pb2


class ThermalStoreUnit(Unit[ThermalStoreState]):
    """A tank of chilled water beside the chillers."""

    kind = portfolio_pb2.Resource.KIND_THERMAL_STORE
    urgency = 2

    def __init__(self, params: ThermalStoreParameters) -> None:
        """Take the store's parameters."""
        super().__init__(params.resource_id)
        self._params = params

    def _state_of(self, reading: Mapping[str, float]) -> ThermalStoreState:
        stored_kwh = share_of(reading, "stored_ratio") * self._params.capacity_kwh
        return ThermalStoreState(stored_kwh, power_of(reading, "cooling_load_kw"))

    def envelope(self) -> Envelope:
        """Return the envelope of the full tank under the present load."""
        return thermal_store.envelope(self._params, thermal_store.rested(self._params, self.observed))

    def present_envelope(self) -> Envelope:
        """Return the envelope of what is stored now."""
        return thermal_store.envelope(self._params, self.observed)

    def available_kw(self, state: ThermalStoreState, step: timedelta) -> float:
        """Return the largest electric reduction above the reserve, kW."""
        return thermal_store.available_kw(self._params, state, step)

    def available_increase_kw(self, state: ThermalStoreState, step: timedelta) -> float:
        """Return the largest electric power of filling the tank, kW."""
        return thermal_store.available_increase_kw(self._params, state, step)

    def chiller_power_kw(self, state: ThermalStoreState) -> float:
        """Return what the chillers draw for the present load, kW."""
        return state.cooling_load_kw / self._params.relieved_cop

    def energy_kwh(self, state: ThermalStoreState) -> float:
        """Return the electric energy that the cold above the reserve is worth, kWh."""
        return thermal_store.envelope(self._params, state).energy_budget_kwh

    def recovery_kw(self, state: ThermalStoreState, step: timedelta) -> float:
        """Return the extra power of filling the tank, kW."""
        return thermal_store.recovery_kw(self._params, state, step)

    def advance(
        self, state: ThermalStoreState, reduction_kw: float, step: timedelta
    ) -> tuple[ThermalStoreState, float]:
        """Empty or fill the tank for a step."""
        after, change_kw = thermal_store.advance(self._params, state, reduction_kw, step)
        return after, max(0.0, -change_kw)

    def increase(
        self, state: ThermalStoreState, increase_kw: float, step: timedelta
    ) -> tuple[ThermalStoreState, float]:
        """Fill the tank for a step."""
        after, change_kw = thermal_store.advance(self._params, state, 0.0, step, increase_kw=increase_kw)
        return after, max(0.0, change_kw)

    def terms(
        self,
        state: ThermalStoreState,
        interval_count: int,
        step: timedelta,
        prices_per_kwh: Sequence[Decimal],
    ) -> StoreTerms:
        """Return what the planner sees of the store."""
        del prices_per_kwh
        return thermal_store.terms(self._params, state, interval_count, step)

    def offer(
        self, state: ThermalStoreState, interval_count: int, step: timedelta, tariff_per_kwh: Decimal
    ) -> Offer | None:
        """Return an offer of the cold above the reserve."""
        return thermal_store.offer(self._params, state, interval_count, step, tariff_per_kwh=tariff_per_kwh)
