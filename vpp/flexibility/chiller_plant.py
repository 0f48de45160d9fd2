"""What a site knows about its cooling plant, how warm its hall is, and what the chillers draw for it.

    P = Q_full / (COP_ref x rel_cop(T_leaving, T_condenser)) x rel_power(Q / Q_full)

with the capacity Q_full at the operating temperatures. The curves cover leaving water of 5 to 10
Celsius; outside of that the nearest covered temperature stands in, and `curve_warning` says so.

Source:
    Curves: copper-bem 0.3.0 (`chiller_curves`). Server fans, which speed up above an inlet of about
    27 Celsius and eat part of the saving, are not in it: the policy limit keeps below that.
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from vpp.flexibility.bounds import (
    check_above_zero,
    check_amount,
    check_excludes,
    check_wait,
    check_within,
)
from vpp.flexibility.chiller_curves import ChillerCurves
from vpp.flexibility.hall import Hall
from vpp.flexibility.inlet_envelope import (
    POLICY_LIMIT_CELSIUS,
    RATE_LIMIT_K_PER_HOUR,
    RECOMMENDED_MIN_CELSIUS,
    EquipmentClass,
    inlet_limit_celsius,
)

WATER_KWH_PER_K_M3 = 1.163
AIR_KWH_PER_K_MW = 0.37
RACK_KWH_PER_K_MW = 9.7
KW_PER_MW = 1000.0
LEAST_AIR_WATER_KELVIN = 1.0
"""Least difference between inlet and leaving water that the exchange of heat is derived from."""


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
        exchange_kw_per_k: Heat that passes from air to loop per K between them, kW/K; None derives
            it from the balance without an event: `it_load_kw` over the difference between inlet
            and leaving water.
        precool_kelvin: Largest fall of the inlet below its course for a load-up, K; 0 for none.
        excludes: Resource ids that cannot be used at the same time.

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
    exchange_kw_per_k: float | None = None
    precool_kelvin: float = 0.0
    excludes: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse quantities outside their range."""
        check_above_zero(self.rated_capacity_kw, "rated_capacity_kw")
        check_above_zero(self.reference_cop, "reference_cop")
        check_within(self.loop_water_m3, "loop_water_m3")
        check_above_zero(self.it_load_kw, "it_load_kw")
        check_within(self.leaving_celsius, "leaving_celsius", 0.0, 40.0)
        check_within(self.max_rebound_kw, "max_rebound_kw")
        check_above_zero(self.delivery_ratio, "delivery_ratio", 1.0)
        check_amount(self.wear_cost_per_kwh, "wear_cost_per_kwh")
        check_wait(self.response_time, "response_time")
        check_excludes(self.resource_id, self.excludes)
        check_within(self.policy_limit_celsius, "policy_limit_celsius", 0.0, 60.0)
        check_within(self.budget_kelvin, "budget_kelvin", 0.0, 30.0)
        check_above_zero(self.rate_limit_k_per_hour, "rate_limit_k_per_hour", RATE_LIMIT_K_PER_HOUR)
        check_within(self.rack_share_ratio, "rack_share_ratio", 0.0, 1.0)
        check_within(self.precool_kelvin, "precool_kelvin", 0.0, 10.0)
        if self.exchange_kw_per_k is not None:
            check_above_zero(self.exchange_kw_per_k, "exchange_kw_per_k")

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
        return self.loop_kwh_per_k + self.air_kwh_per_k

    @property
    def loop_kwh_per_k(self) -> float:
        """Heat that warms the loop water by 1 K, kWh/K."""
        return self.loop_water_m3 * WATER_KWH_PER_K_M3

    @property
    def air_kwh_per_k(self) -> float:
        """Heat that warms the room air and the reachable racks by 1 K, kWh/K."""
        per_mw = AIR_KWH_PER_K_MW + self.rack_share_ratio * RACK_KWH_PER_K_MW
        return self.it_load_kw / KW_PER_MW * per_mw


@dataclass(frozen=True, slots=True)
class ChillerState:
    """How warm the hall is and what the chillers carry.

    Attributes:
        course_celsius: Inlet temperature as it would be without an event, Celsius.
        deviation_kelvin: Rise of the inlet above that course, K; negative once cooled ahead.
        cooling_load_kw: Heat that the chillers remove without an event, kW thermal.
        condenser_celsius: Entering condenser water or air temperature, Celsius.
        loop_kelvin: Rise of the loop water above its course, K; None for as much as the inlet.
    """

    course_celsius: float
    deviation_kelvin: float
    cooling_load_kw: float
    condenser_celsius: float
    loop_kelvin: float | None = None

    def __post_init__(self) -> None:
        """Refuse quantities outside their range."""
        check_within(self.course_celsius, "course_celsius", 0.0, 60.0)
        check_within(self.deviation_kelvin, "deviation_kelvin", -30.0, 60.0)
        check_within(self.cooling_load_kw, "cooling_load_kw")
        check_within(self.condenser_celsius, "condenser_celsius", -40.0, 60.0)
        if self.loop_kelvin is not None:
            check_within(self.loop_kelvin, "loop_kelvin", -60.0, 60.0)

    @property
    def water_kelvin(self) -> float:
        """Rise of the loop water above its course, K."""
        return self.deviation_kelvin if self.loop_kelvin is None else self.loop_kelvin


def hall_of(params: ChillerParameters, state: ChillerState) -> Hall:
    """Return the hall's two nodes.

    In the balance without an event the IT heat passes from air to water: UA = P_it / (T_a - T_w).
    """
    exchange_kw_per_k = params.exchange_kw_per_k
    if exchange_kw_per_k is None:
        apart_kelvin = max(LEAST_AIR_WATER_KELVIN, state.course_celsius - params.leaving_celsius)
        exchange_kw_per_k = params.it_load_kw / apart_kelvin
    return Hall(params.loop_kwh_per_k, params.air_kwh_per_k, exchange_kw_per_k)


def heat_kwh(params: ChillerParameters, state: ChillerState) -> float:
    """Return the heat in hall and loop above their course, kWh thermal; negative once cooled ahead."""
    return params.loop_kwh_per_k * state.water_kelvin + params.air_kwh_per_k * state.deviation_kelvin


def settled_kelvin(params: ChillerParameters, state: ChillerState) -> float:
    """Return the rise that hall and loop approach once nothing is put in or taken out, K."""
    return heat_kwh(params, state) / params.heat_capacity_kwh_per_k


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


def curve_warning(params: ChillerParameters, state: ChillerState) -> str:
    """Return in words which temperatures the curves do not cover; empty if they cover all.

    Example:
        >>> from dataclasses import replace
        >>> from vpp.flexibility.chiller_curves import WATER_COOLED
        >>> plant = ChillerParameters("chiller", 1200.0, 5.5, WATER_COOLED, 20.0, 1000.0, 14.0,
        ...     100.0, Decimal("0.01"), timedelta(minutes=5), 0.8)
        >>> curve_warning(plant, ChillerState(22.0, 0.0, 900.0, 29.4))
        'leaving water 14.0 C counts as 10.0 C, condenser 29.4 C as 29.4 C: the curves cover no more'
    """
    if curves_cover(params, state):
        return ""
    leaving, condenser = params.curves.clamped(params.leaving_celsius, state.condenser_celsius)
    return (
        f"leaving water {params.leaving_celsius} C counts as {leaving} C, condenser "
        f"{state.condenser_celsius} C as {condenser} C: the curves cover no more"
    )


def carried_kw(params: ChillerParameters, state: ChillerState) -> float:
    """Return the heat that the chillers remove without an event, as far as they can, kW thermal."""
    return min(state.cooling_load_kw, capacity_kw(params, state))


def warming_limit_kelvin(params: ChillerParameters, state: ChillerState) -> float:
    """Return the largest rise above the course that budget and inlet limit allow, K, 0 or more."""
    limit_celsius = inlet_limit_celsius(params.equipment_class, params.policy_limit_celsius)
    return max(0.0, min(params.budget_kelvin, limit_celsius - state.course_celsius))


def precooling_limit_kelvin(params: ChillerParameters, state: ChillerState) -> float:
    """Return the largest fall below the course that the site and the recommended range allow, K."""
    return max(0.0, min(params.precool_kelvin, state.course_celsius - RECOMMENDED_MIN_CELSIUS))
