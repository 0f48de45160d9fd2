"""Chillers with loop inertia: the hall warms by a few kelvin, and is cooled down again.

One effective heat capacity holds the loop water, the room air and the reachable part of the
racks. Only the deviation from the course without an event is followed: the cooling load keeps
that course, so a thermal cut warms the hall and extra cooling brings it back. No heat is assumed
to leak, which makes the budget smaller than it is in the hall.
"""

import math
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from vpp.flexibility.bounds import SECONDS_PER_HOUR, TOLERANCE_KW, check_above_zero, check_within, hours_of
from vpp.flexibility.chiller_curves import ChillerCurves
from vpp.flexibility.enrolment_envelope import LONGEST_ACTIVATION, EnrolmentEnvelope
from vpp.flexibility.inlet_envelope import (
    POLICY_LIMIT_CELSIUS,
    RATE_LIMIT_K_PER_HOUR,
    EquipmentClass,
    inlet_limit_celsius,
)
from vpp.flexibility.offer import Offer, exact_ratio, price_per_mwh, whole_intervals
from vpp.flexibility.reservation_cost import recharge_loss_cost_per_kwh

WATER_KWH_PER_K_M3 = 1.163
AIR_KWH_PER_K_MW = 0.37
RACK_KWH_PER_K_MW = 9.7
KW_PER_MW = 1000.0
LEAST_SAVED_PER_HEAT = 0.01
"""Below this an unloaded chiller saves next to nothing while the hall warms: not worth a bid."""


@dataclass(frozen=True, slots=True)
class ChillerParameters:
    """What the site knows about its cooling.

    Attributes:
        resource_id: The flexible resource.
        rated_capacity_kw: Thermal capacity at the curves' reference temperatures, kW.
        reference_cop: COP at full load and reference temperatures.
        curves: Performance curves of the machine.
        loop_water_m3: Water in the loop and its tank, m3.
        it_load_kw: IT load that the hall was built for, kW; sets the mass of air and racks.
        leaving_celsius: Leaving chilled water temperature.
        max_rebound_kw: Largest extra electric power while the hall is cooled down again, kW.
        wear_cost_per_kwh: Price of wear and risk per reduced kWh; small, not zero.
        response_time: From command to full reduction: ramp limits and valve travel.
        delivery_ratio: Share of a command delivered nine times in ten, in (0, 1].
        equipment_class: Class of the most sensitive equipment in the hall.
        policy_limit_celsius: Warmest inlet the site accepts for a paid event.
        budget_kelvin: Largest rise of the inlet above its course without an event, K.
        rate_limit_k_per_hour: Fastest change of the inlet temperature, K/h.
        rack_share_ratio: Share of the rack mass that follows within an event, 0..1.

    Source:
        Heat capacities of room air (1,100 m3 per MW IT) and racks (100 of 700 kg at
        0.5 kJ/kg K per MW IT) computed by this project; rate of change and recommended range
        from ASHRAE, 2021 Equipment Thermal Guidelines, reference card.
    """

    resource_id: str
    rated_capacity_kw: float
    reference_cop: float
    curves: ChillerCurves
    loop_water_m3: float
    it_load_kw: float
    leaving_celsius: float
    max_rebound_kw: float
    wear_cost_per_kwh: Decimal
    response_time: timedelta
    delivery_ratio: float
    equipment_class: EquipmentClass = EquipmentClass.A1
    policy_limit_celsius: float = POLICY_LIMIT_CELSIUS
    budget_kelvin: float = 5.0
    rate_limit_k_per_hour: float = RATE_LIMIT_K_PER_HOUR
    rack_share_ratio: float = 0.3

    def __post_init__(self) -> None:
        """Refuse quantities outside their range."""
        check_above_zero(self.rated_capacity_kw, "rated_capacity_kw")
        check_above_zero(self.reference_cop, "reference_cop")
        check_within(self.loop_water_m3, "loop_water_m3")
        check_above_zero(self.it_load_kw, "it_load_kw")
        check_within(self.leaving_celsius, "leaving_celsius", 0.0, 40.0)
        check_within(self.max_rebound_kw, "max_rebound_kw")
        check_above_zero(self.delivery_ratio, "delivery_ratio", 1.0)
        check_within(self.policy_limit_celsius, "policy_limit_celsius", 0.0, 60.0)
        check_within(self.budget_kelvin, "budget_kelvin", 0.0, 30.0)
        check_above_zero(self.rate_limit_k_per_hour, "rate_limit_k_per_hour", RATE_LIMIT_K_PER_HOUR)
        check_within(self.rack_share_ratio, "rack_share_ratio", 0.0, 1.0)

    @property
    def heat_capacity_kwh_per_k(self) -> float:
        """Heat that warms loop, air and the reachable racks by 1 K, kWh/K.

        Example:
            >>> from vpp.flexibility.chiller_curves import WATER_COOLED
            >>> plant = ChillerParameters("chiller", 1200.0, 5.5, WATER_COOLED, 20.0, 1000.0, 6.67,
            ...     100.0, Decimal("0.01"), timedelta(minutes=5), 0.8)
            >>> round(plant.heat_capacity_kwh_per_k, 2)
            26.54
        """
        per_mw = AIR_KWH_PER_K_MW + self.rack_share_ratio * RACK_KWH_PER_K_MW
        return self.loop_water_m3 * WATER_KWH_PER_K_M3 + self.it_load_kw / KW_PER_MW * per_mw


@dataclass(frozen=True, slots=True)
class ChillerState:
    """How warm the hall is and what the chillers carry.

    Attributes:
        course_celsius: Inlet temperature as it would be without an event, Celsius.
        deviation_kelvin: Rise of the inlet above that course, K, 0 or more.
        cooling_load_kw: Heat that the chillers remove without an event, kW thermal.
        condenser_celsius: Entering condenser water or air temperature, Celsius.
    """

    course_celsius: float
    deviation_kelvin: float
    cooling_load_kw: float
    condenser_celsius: float

    def __post_init__(self) -> None:
        """Refuse quantities outside their range."""
        check_within(self.course_celsius, "course_celsius", 0.0, 60.0)
        check_within(self.deviation_kelvin, "deviation_kelvin")
        check_within(self.cooling_load_kw, "cooling_load_kw")
        check_within(self.condenser_celsius, "condenser_celsius", -40.0, 60.0)

    @property
    def inlet_celsius(self) -> float:
        """Inlet temperature as it is, Celsius."""
        return self.course_celsius + self.deviation_kelvin


def capacity_kw(params: ChillerParameters, state: ChillerState) -> float:
    """Return the thermal capacity at the state's temperatures, kW."""
    return params.rated_capacity_kw * params.curves.relative_capacity(
        params.leaving_celsius, state.condenser_celsius
    )


def full_power_kw(params: ChillerParameters, state: ChillerState) -> float:
    """Return the electric power at full load and the state's temperatures, kW."""
    cop = params.reference_cop * params.curves.relative_cop(params.leaving_celsius, state.condenser_celsius)
    return capacity_kw(params, state) / cop


def electric_kw(params: ChillerParameters, state: ChillerState, cooling_kw: float) -> float:
    """Return the electric power for a cooling power, kW.

    Args:
        params: The cooling plant.
        state: Sets the temperatures.
        cooling_kw: Heat removed, kW thermal; more than the capacity counts as the capacity.
    """
    part_load_ratio = min(1.0, max(0.0, cooling_kw) / capacity_kw(params, state))
    return full_power_kw(params, state) * params.curves.relative_power(part_load_ratio)


def cooling_kw_at(params: ChillerParameters, state: ChillerState, power_kw: float) -> float:
    """Return the most cooling that an electric power pays for, kW thermal."""
    relative_power = max(0.0, power_kw) / full_power_kw(params, state)
    return capacity_kw(params, state) * params.curves.part_load_ratio_at(relative_power)


def curves_cover(params: ChillerParameters, state: ChillerState) -> bool:
    """Tell whether the curves cover the temperatures, or the nearest covered ones stand in."""
    given = (params.leaving_celsius, state.condenser_celsius)
    return params.curves.clamped(*given) == given


def _carried_kw(params: ChillerParameters, state: ChillerState) -> float:
    return min(state.cooling_load_kw, capacity_kw(params, state))


def _warming_kwh(params: ChillerParameters, state: ChillerState) -> float:
    """Return the heat that may still be put into the hall, kWh thermal."""
    limit_celsius = inlet_limit_celsius(params.equipment_class, params.policy_limit_celsius)
    room_kelvin = min(params.budget_kelvin - state.deviation_kelvin, limit_celsius - state.inlet_celsius)
    return max(0.0, room_kelvin) * params.heat_capacity_kwh_per_k


def _saved_kw(params: ChillerParameters, state: ChillerState, cut_kw: float) -> float:
    carried_kw = _carried_kw(params, state)
    saved_kw = electric_kw(params, state, carried_kw) - electric_kw(params, state, carried_kw - cut_kw)
    return max(0.0, saved_kw)


def _largest_cut_kw(params: ChillerParameters, state: ChillerState, step_hours: float) -> float:
    """Return the largest thermal cut that warms neither too far nor too fast, kW thermal."""
    rate_kw = params.rate_limit_k_per_hour * params.heat_capacity_kwh_per_k
    return min(_carried_kw(params, state), rate_kw, _warming_kwh(params, state) / step_hours)


def available_kw(params: ChillerParameters, state: ChillerState, step: timedelta) -> float:
    """Return the largest electric reduction that holds for the whole next step, kW.

    Bounded by the warming budget, the inlet limit and the rate of change.
    """
    return _saved_kw(params, state, _largest_cut_kw(params, state, hours_of(step)))


def _largest_return_kw(params: ChillerParameters, state: ChillerState, step_hours: float) -> float:
    """Return the most extra cooling in a step, kW thermal.

    Bounded by the heat put in, the free capacity, the rate of change (it holds downwards too)
    and `max_rebound_kw`.
    """
    carried_kw = _carried_kw(params, state)
    ceiling_kw = electric_kw(params, state, carried_kw) + params.max_rebound_kw
    extra_kw = min(
        state.deviation_kelvin * params.heat_capacity_kwh_per_k / step_hours,
        cooling_kw_at(params, state, ceiling_kw) - carried_kw,
        params.rate_limit_k_per_hour * params.heat_capacity_kwh_per_k,
    )
    return extra_kw if extra_kw > TOLERANCE_KW else 0.0


def _rebound_kw(params: ChillerParameters, state: ChillerState, extra_kw: float) -> float:
    carried_kw = _carried_kw(params, state)
    return electric_kw(params, state, carried_kw + extra_kw) - electric_kw(params, state, carried_kw)


def recovery_kw(params: ChillerParameters, state: ChillerState, step: timedelta) -> float:
    """Return the extra electric power that cooling the hall down again would draw, kW."""
    return _rebound_kw(params, state, _largest_return_kw(params, state, hours_of(step)))


def advance(
    params: ChillerParameters,
    state: ChillerState,
    reduction_kw: float,
    step: timedelta,
    *,
    recovery_limit_kw: float = math.inf,
) -> tuple[ChillerState, float]:
    """Carry the hall through one step.

    Args:
        params: The cooling plant.
        state: At the start of the step.
        reduction_kw: Commanded electric reduction, kW; 0 cools the hall down again. More than
            `available_kw` is delivered as far as available.
        step: Length of the step.
        recovery_limit_kw: Largest extra electric power the site allows in this step, kW.

    Returns:
        The state at the end of the step and the change of consumption at the point of
        connection, kW: negative while cooling is cut, positive while it is made good. Heat put
        in and heat taken out are each the heat capacity times the change of the deviation.

    Raises:
        InvalidInput: The command is negative or not finite, or the step is not above zero.
    """
    check_within(reduction_kw, "reduction_kw")
    step_hours = hours_of(step)
    carried_kw = _carried_kw(params, state)
    before_kw = electric_kw(params, state, carried_kw)
    if reduction_kw > 0.0:
        delivered_kw = min(reduction_kw, available_kw(params, state, step))
        if delivered_kw <= 0.0:
            return state, 0.0
        cut_kw = carried_kw - cooling_kw_at(params, state, before_kw - delivered_kw)
        cut_kw = min(max(0.0, cut_kw), _largest_cut_kw(params, state, step_hours))
        rise_kelvin = cut_kw * step_hours / params.heat_capacity_kwh_per_k
        return replace(state, deviation_kelvin=state.deviation_kelvin + rise_kelvin), -delivered_kw
    extra_kw = _largest_return_kw(params, state, step_hours)
    if recovery_limit_kw < math.inf:
        allowed_kw = cooling_kw_at(params, state, before_kw + max(0.0, recovery_limit_kw)) - carried_kw
        extra_kw = min(extra_kw, max(0.0, allowed_kw))
    fall_kelvin = min(state.deviation_kelvin, extra_kw * step_hours / params.heat_capacity_kwh_per_k)
    left = replace(state, deviation_kelvin=state.deviation_kelvin - fall_kelvin)
    return left, _rebound_kw(params, state, extra_kw)


def _saved_per_heat(params: ChillerParameters, state: ChillerState, step_hours: float) -> float:
    """Return the least electric energy saved per heat put into the hall, over all cuts in reach."""
    largest_kw = _largest_cut_kw(params, state, step_hours)
    # Savings per heat are lowest at the largest cut, or where the chiller has unloaded falsely.
    cycling_kw = _carried_kw(params, state) - params.curves.min_part_load_ratio * capacity_kw(params, state)
    cuts_kw = [largest_kw, cycling_kw] if 0.0 < cycling_kw < largest_kw else [largest_kw]
    return min(_saved_kw(params, state, cut_kw) / cut_kw for cut_kw in cuts_kw)


def envelope(params: ChillerParameters, state: ChillerState) -> EnrolmentEnvelope:
    """Return what the cooling plant can deliver from an undisturbed hall under the state's load.

    The largest reduction is the one at the rate limit, which a full budget feeds for
    `budget_kelvin` / `rate_limit_k_per_hour` hours; a smaller one lasts longer.
    """
    undisturbed = replace(state, deviation_kelvin=0.0)
    heat_kwh = _warming_kwh(params, undisturbed)
    warmed = replace(state, deviation_kelvin=heat_kwh / params.heat_capacity_kwh_per_k)
    at_limit_hours = max(params.budget_kelvin / params.rate_limit_k_per_hour, 1.0 / SECONDS_PER_HOUR)
    extra_kw = _largest_return_kw(params, warmed, at_limit_hours)
    cut_kw = _largest_cut_kw(params, undisturbed, at_limit_hours)
    can_return = cut_kw > TOLERANCE_KW and extra_kw > 0.0
    saved_per_heat = _saved_per_heat(params, undisturbed, at_limit_hours) if can_return else 0.0
    if saved_per_heat <= LEAST_SAVED_PER_HEAT:
        nothing = timedelta(0)
        return EnrolmentEnvelope(0.0, 0.0, params.response_time, nothing, nothing, 0.0, 0.0, nothing)
    return EnrolmentEnvelope(
        max_reduction_kw=_saved_kw(params, undisturbed, cut_kw),
        min_reduction_kw=0.0,
        response_time=params.response_time,
        min_duration=timedelta(0),
        max_duration=LONGEST_ACTIVATION,
        energy_budget_kwh=heat_kwh * saved_per_heat,
        recovery_ratio=_rebound_kw(params, warmed, extra_kw) / extra_kw / saved_per_heat,
        recovery_duration=timedelta(hours=heat_kwh / extra_kw),
    )


def offer(
    params: ChillerParameters,
    state: ChillerState,
    interval_count: int,
    step: timedelta,
    *,
    tariff_per_kwh: Decimal,
) -> Offer | None:
    """Return what the chillers can bid for a window.

    Args:
        params: The cooling plant.
        state: As expected at the start of the window.
        interval_count: Delivery intervals in the window; at least 1.
        step: Length of a delivery interval.
        tariff_per_kwh: What the site pays for a kWh; prices a rebound larger than the saving.

    Returns:
        An offer of the largest one-interval reduction in every interval within the electric
        worth of the warming budget, or None if the hall has no budget left, the plant no free
        capacity to cool it down again, or runs so low that a cut saves next to nothing.

    Raises:
        InvalidInput: No interval, or the step is not above zero.
    """
    check_within(interval_count, "interval_count", 1)
    step_hours = hours_of(step)
    power_kw = available_kw(params, state, step)
    heat_kwh = _warming_kwh(params, state)
    owed_kwh = state.deviation_kelvin * params.heat_capacity_kwh_per_k + heat_kwh
    warmed = replace(state, deviation_kelvin=owed_kwh / params.heat_capacity_kwh_per_k)
    extra_kw = _largest_return_kw(params, warmed, step_hours)
    if power_kw <= TOLERANCE_KW or extra_kw <= 0.0:
        return None
    saved_per_heat = _saved_per_heat(params, state, step_hours)
    if saved_per_heat <= LEAST_SAVED_PER_HEAT:
        return None
    recovery_ratio = _rebound_kw(params, warmed, extra_kw) / extra_kw / saved_per_heat
    loss_cost = max(Decimal(0), recharge_loss_cost_per_kwh(tariff_per_kwh, exact_ratio(recovery_ratio)))
    return Offer(
        resource_id=params.resource_id,
        reduction_kw=(power_kw,) * interval_count,
        price_per_mwh=price_per_mwh(params.wear_cost_per_kwh + loss_cost),
        divisible=True,
        min_acceptance_ratio=0.0,
        energy_limit_kwh=min(heat_kwh * saved_per_heat, interval_count * step_hours * power_kw),
        recovery_ratio=recovery_ratio,
        recovery_intervals=whole_intervals(owed_kwh / extra_kw, step_hours),
        max_recovery_kw=_rebound_kw(params, warmed, extra_kw),
        fixed_cost=Decimal(0),
        delivery_ratio=params.delivery_ratio,
    )
