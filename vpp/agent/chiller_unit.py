"""A cooling plant as the agent sees it."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from vpp.agent.unit import Unit
from vpp.flexibility import chiller
from vpp.flexibility.enrolment_envelope import EnrolmentEnvelope
from vpp.flexibility.offer import Offer
from vpp.v1 import portfolio_pb2


class ChillerUnit(Unit[chiller.ChillerState]):
    """Cooling that coasts on thermal inertia."""

    kind = portfolio_pb2.Resource.KIND_CHILLER
    urgency = 2

    def __init__(self, params: chiller.ChillerParameters) -> None:
        """Take the plant's parameters."""
        super().__init__(params.resource_id)
        self._params = params

    def _state_of(self, reading: Mapping[str, float]) -> chiller.ChillerState:
        course_celsius = reading["inlet_setpoint_celsius"]
        return chiller.ChillerState(
            course_celsius=course_celsius,
            deviation_kelvin=max(0.0, reading["inlet_temperature_celsius"] - course_celsius),
            cooling_load_kw=max(0.0, reading["it_load_kw"]),
            condenser_celsius=reading["condenser_celsius"],
        )

    def envelope(self) -> EnrolmentEnvelope:
        """Return the envelope under the present load."""
        return chiller.envelope(self._params, self.observed)

    def available_kw(self, state: chiller.ChillerState, step: timedelta) -> float:
        """Return the largest electric reduction inside the warming budget, kW."""
        return chiller.available_kw(self._params, state, step)

    def energy_kwh(self, state: chiller.ChillerState) -> float:
        """Return the electric energy that the rest of the warming budget is worth, kWh."""
        used_ratio = (
            state.deviation_kelvin / self._params.budget_kelvin if self._params.budget_kelvin else 1.0
        )
        whole_kwh = chiller.envelope(self._params, state).energy_budget_kwh
        return max(0.0, whole_kwh * (1.0 - used_ratio))

    def recovery_kw(self, state: chiller.ChillerState, step: timedelta) -> float:
        """Return the extra power of cooling down again, kW."""
        return chiller.recovery_kw(self._params, state, step)

    def advance(
        self, state: chiller.ChillerState, reduction_kw: float, step: timedelta
    ) -> tuple[chiller.ChillerState, float]:
        """Warm or cool the hall for a step."""
        after, change_kw = chiller.advance(self._params, state, reduction_kw, step)
        return after, max(0.0, -change_kw)

    def offer(
        self, state: chiller.ChillerState, interval_count: int, step: timedelta, tariff_per_kwh: Decimal
    ) -> Offer | None:
        """Return an offer of the warming budget."""
        return chiller.offer(self._params, state, interval_count, step, tariff_per_kwh=tariff_per_kwh)
