"""A cooling plant as the agent sees it."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from vpp.agent.plausible_reading import celsius_of, power_of
from vpp.agent.unit import Unit
from vpp.flexibility import chiller, chiller_plant
from vpp.flexibility.chiller_plant import ChillerParameters, ChillerState
from vpp.flexibility.envelope import Envelope
from vpp.flexibility.offer import Offer
from vpp.flexibility.planning.terms import ThermalTerms
from vpp.v1 import portfolio_pb2

log = logging.getLogger(__name__)
UNDISTURBED_KELVIN = 0.2
"""An inlet this close to its setpoint, and chillers at their own power, may show an undisturbed loop."""
UNDISTURBED_RATIO = 0.02
"""Chillers that draw no more or less than this share beside their own power are left alone."""
SETTLING_TIME = timedelta(hours=1)
"""After so long undisturbed no heat of an event is left in the loop that the inlet would not show."""


class ChillerUnit(Unit[ChillerState]):
    """Cooling that coasts on thermal inertia.

    The loop water warms before the inlet does. Where the plant shows its temperature, its course is
    what it was while nothing was asked; where it does not, or the agent has just begun in the middle of
    an event, it is taken to be as much warmer as the present cut makes it once that has settled.

    Right after a short event the loop is still warm while the inlet is not. So a colder loop is taken for
    the course at once, and a warmer one only after `SETTLING_TIME` without a disturbance.
    """

    kind = portfolio_pb2.Resource.KIND_CHILLER
    urgency = 2

    def __init__(self, params: ChillerParameters) -> None:
        """Take the plant's parameters."""
        super().__init__(params.resource_id)
        self._params = params
        self._loop_course_celsius: float | None = None
        self._calm_for = timedelta(0)
        self._is_beyond_curves = False

    def _state_of(self, reading: Mapping[str, float]) -> ChillerState:
        course_celsius = celsius_of(reading, "inlet_setpoint_celsius")
        state = ChillerState(
            course_celsius=course_celsius,
            deviation_kelvin=max(0.0, celsius_of(reading, "inlet_temperature_celsius") - course_celsius),
            cooling_load_kw=power_of(reading, "it_load_kw"),
            condenser_celsius=celsius_of(reading, "condenser_celsius"),
        )
        self._warn_beyond_curves(state)
        water_celsius = None
        if "water_temperature_celsius" in reading:
            water_celsius = celsius_of(reading, "water_temperature_celsius")
        return replace(state, loop_kelvin=self._loop_kelvin(state, water_celsius))

    def _warn_beyond_curves(self, state: ChillerState) -> None:
        """Say once when the plant leaves the temperatures that its curves cover."""
        warning = chiller_plant.curve_warning(self._params, state)
        if warning and not self._is_beyond_curves:
            log.warning("%s: %s", self.resource_id, warning)
        self._is_beyond_curves = bool(warning)

    def _loop_kelvin(self, state: ChillerState, water_celsius: float | None) -> float:
        """Return the rise of the loop water above its course, K."""
        carried_kw = chiller_plant.carried_kw(self._params, state)
        own_kw = chiller_plant.electric_kw(self._params, state, carried_kw)
        is_left_alone = abs(self.reduction_kw) <= UNDISTURBED_RATIO * own_kw
        is_undisturbed = is_left_alone and state.deviation_kelvin < UNDISTURBED_KELVIN
        self._calm_for = self._calm_for + self.elapsed if is_undisturbed else timedelta(0)
        course_celsius = self._loop_course_celsius
        if (
            water_celsius is not None
            and is_undisturbed
            and (course_celsius is None or water_celsius < course_celsius or self._calm_for >= SETTLING_TIME)
        ):
            self._loop_course_celsius = water_celsius
        if water_celsius is not None and self._loop_course_celsius is not None:
            return water_celsius - self._loop_course_celsius
        if is_left_alone or self.reduction_kw <= 0.0:
            return state.deviation_kelvin
        power_kw = own_kw - self.reduction_kw
        cut_kw = max(0.0, carried_kw - chiller_plant.cooling_kw_at(self._params, state, power_kw))
        hall = chiller_plant.hall_of(self._params, state)
        return state.deviation_kelvin - hall.settled_difference_kelvin(cut_kw)

    def envelope(self) -> Envelope:
        """Return the envelope of the undisturbed hall under the present load."""
        return chiller.envelope(self._params, chiller.rested(self.observed))

    def present_envelope(self) -> Envelope:
        """Return the envelope of the hall as it is."""
        return chiller.envelope(self._params, self.observed)

    def available_kw(self, state: ChillerState, step: timedelta) -> float:
        """Return the largest electric reduction inside the warming budget, kW."""
        return chiller.available_kw(self._params, state, step)

    def available_increase_kw(self, state: ChillerState, step: timedelta) -> float:
        """Return the largest electric increase by cooling down again or ahead, kW."""
        return chiller.available_increase_kw(self._params, state, step)

    def chiller_power_kw(self, state: ChillerState) -> float:
        """Return what the chillers draw without an event, kW."""
        carried_kw = chiller_plant.carried_kw(self._params, state)
        return chiller_plant.electric_kw(self._params, state, carried_kw)

    def energy_kwh(self, state: ChillerState) -> float:
        """Return the electric energy that the rest of the warming budget is worth, kWh."""
        return chiller.envelope(self._params, state).energy_budget_kwh

    def recovery_kw(self, state: ChillerState, step: timedelta) -> float:
        """Return the extra power of cooling down again, kW."""
        return chiller.recovery_kw(self._params, state, step)

    def advance(
        self, state: ChillerState, reduction_kw: float, step: timedelta
    ) -> tuple[ChillerState, float]:
        """Warm or cool the hall for a step."""
        after, change_kw = chiller.advance(self._params, state, reduction_kw, step)
        return after, max(0.0, -change_kw) if reduction_kw > 0.0 else 0.0

    def increase(
        self, state: ChillerState, increase_kw: float, step: timedelta
    ) -> tuple[ChillerState, float]:
        """Cool down again or ahead for a step."""
        after, change_kw = chiller.advance(self._params, state, 0.0, step, increase_kw=increase_kw)
        return after, max(0.0, change_kw)

    def terms(
        self, state: ChillerState, interval_count: int, step: timedelta, prices_per_kwh: Sequence[Decimal]
    ) -> ThermalTerms:
        """Return what the planner sees of the plant."""
        del prices_per_kwh
        return chiller.terms(self._params, state, interval_count, step)

    def offer(
        self, state: ChillerState, interval_count: int, step: timedelta, tariff_per_kwh: Decimal
    ) -> Offer | None:
        """Return an offer of the warming budget."""
        return chiller.offer(self._params, state, interval_count, step, tariff_per_kwh=tariff_per_kwh)
