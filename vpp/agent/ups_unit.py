"""A UPS as the agent sees it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from vpp.agent.plausible_reading import power_of, share_of
from vpp.agent.unit import Unit
from vpp.flexibility import ups
from vpp.flexibility.envelope import Envelope
from vpp.flexibility.offer import Offer
from vpp.flexibility.planning.terms import StoreTerms
from vpp.v1 import portfolio_pb2


class UpsUnit(Unit[ups.UpsState]):
    """An uninterruptible power supply."""

    kind = portfolio_pb2.Resource.KIND_UPS
    urgency = 0

    def __init__(self, params: ups.UpsParameters) -> None:
        """Take the UPS's parameters."""
        super().__init__(params.resource_id)
        self._params = params

    def _state_of(self, reading: Mapping[str, float]) -> ups.UpsState:
        stored_kwh = share_of(reading, "state_of_charge_ratio") * self._params.full_kwh
        return ups.UpsState(stored_kwh, power_of(reading, "it_load_kw"), self._holds(reading))

    def _holds(self, reading: Mapping[str, float]) -> frozenset[ups.UpsHold]:
        """Return what keeps the UPS from serving; a sign that the device does not give counts as good."""
        signs = {
            ups.UpsHold.REDUNDANCY_LOST: reading.get("redundancy_ok", 1.0) <= 0.0,
            ups.UpsHold.BATTERY_ALARM: not self.is_available or reading.get("alarm_count", 0.0) > 0.0,
            ups.UpsHold.STORM_WARNING: reading.get("storm_warning", 0.0) > 0.0,
            ups.UpsHold.GRID_WARNING: reading.get("grid_warning", 0.0) > 0.0,
            ups.UpsHold.GENERATOR_TEST: reading.get("generator_test", 0.0) > 0.0,
        }
        return frozenset(hold for hold, stands in signs.items() if stands)

    def envelope(self) -> Envelope:
        """Return the envelope of the full UPS under the present load."""
        return ups.envelope(self._params, ups.rested(self._params, self.observed))

    def present_envelope(self) -> Envelope:
        """Return the envelope of what is stored now; nothing while something holds it back."""
        return ups.envelope(self._params, self.observed)

    def terms(
        self, state: ups.UpsState, interval_count: int, step: timedelta, prices_per_kwh: Sequence[Decimal]
    ) -> StoreTerms:
        """Return what the planner sees of the UPS."""
        del prices_per_kwh
        return ups.terms(self._params, state, interval_count, step)

    def available_kw(self, state: ups.UpsState, step: timedelta) -> float:
        """Return the largest reduction above the ride-through reserve, kW."""
        return ups.available_kw(self._params, state, step)

    def energy_kwh(self, state: ups.UpsState) -> float:
        """Return the energy above the reserve, kWh."""
        return max(0.0, state.stored_kwh - ups.floor_kwh(self._params, state.load_kw))

    def recovery_kw(self, state: ups.UpsState, step: timedelta) -> float:
        """Return the recharge that it would draw, kW."""
        return ups.recovery_kw(self._params, state, step)

    def advance(
        self, state: ups.UpsState, reduction_kw: float, step: timedelta
    ) -> tuple[ups.UpsState, float]:
        """Discharge or recharge for a step."""
        after, change_kw = ups.advance(self._params, state, reduction_kw, step)
        return after, max(0.0, -change_kw)

    def offer(
        self, state: ups.UpsState, interval_count: int, step: timedelta, tariff_per_kwh: Decimal
    ) -> Offer | None:
        """Return an offer for a window within the autonomy."""
        return ups.offer(self._params, state, interval_count, step, tariff_per_kwh=tariff_per_kwh)
