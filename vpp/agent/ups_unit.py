"""A UPS as the agent sees it."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from vpp.agent.unit import Unit
from vpp.flexibility import ups
from vpp.flexibility.enrolment_envelope import EnrolmentEnvelope
from vpp.flexibility.offer import Offer
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
        holds = frozenset[ups.UpsHold]() if self.is_available else frozenset({ups.UpsHold.BATTERY_ALARM})
        stored_kwh = max(0.0, reading["state_of_charge_ratio"]) * self._params.full_kwh
        return ups.UpsState(stored_kwh, max(0.0, reading["it_load_kw"]), holds)

    def envelope(self) -> EnrolmentEnvelope:
        """Return the envelope under the present load."""
        return ups.envelope(self._params, self.observed)

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
