r"""A tank of chilled water: the chillers rest while it gives, and work more while it is filled.

With the stored cold S_t (kWh thermal), tank volume V, usable temperature difference d, load Q, the
coefficients of performance c_x of the chillers it relieves and c_y of those that fill it:

    S_t = hold S_{t-1} + h (v_t - u_t),    Q t_reserve <= S_t <= 1.163 V d
    0 <= u_t <= min(U, Q),   0 <= v_t <= V_max
    reduction_t = u_t / c_x,   increase_t = v_t / c_y

What a hall needs for continuous cooling while its chillers restart is reserve, not product: `reserve`
times the load is never given, unless the site sets it to nothing. A tank relieves the same chillers
that a warming hall relieves: both together save no more than the chillers draw (`site_envelope`).

Source:
    1.163 kWh/K per m3 of water; 27 m3 hold 0.25 h of 1 MW at 8 K, 323 m3 hold 3 h.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from vpp.flexibility.bounds import (
    TOLERANCE_KW,
    check_above_zero,
    check_amount,
    check_excludes,
    check_wait,
    check_within,
    hours_of,
)
from vpp.flexibility.chiller_plant import WATER_KWH_PER_K_M3
from vpp.flexibility.energy_store import after_discharge_kwh, recharge_kw, sustained_kw
from vpp.flexibility.enrolment_envelope import LONGEST_ACTIVATION
from vpp.flexibility.envelope import (
    Boundary,
    DeliveryConfidence,
    Envelope,
    EnvelopeCost,
    EnvelopeRecovery,
    FlexDirection,
    RecoveryShape,
)
from vpp.flexibility.offer import Offer, exact_ratio, price_per_mwh, whole_intervals
from vpp.flexibility.opportunity_cost import OpportunityCost
from vpp.flexibility.planning.terms import StoreTerms
from vpp.flexibility.reservation_cost import recharge_loss_cost_per_kwh
from vpp.foundation.errors import InvalidInput

HOURS_PER_DAY = 24.0


@dataclass(frozen=True, slots=True)
class ThermalStoreParameters:
    """What the site knows about its store of chilled water.

    Attributes:
        resource_id: The flexible resource.
        tank_m3: Water in the tank, m3.
        usable_kelvin: Temperature difference that is used, K.
        max_discharge_kw: Largest cooling out of the tank, kW thermal.
        max_charge_kw: Largest cooling into the tank, kW thermal: spare chiller capacity.
        relieved_cop: Coefficient of performance of the chillers that rest meanwhile.
        charging_cop: Coefficient of performance of the chillers that fill it.
        reserve: How long the tank must be able to carry the present load at any time; zero only if
            the site says that it needs no reserve.
        wear_cost_per_kwh: Price of wear and risk per reduced kWh.
        response_time: From command to full reduction.
        delivery_ratio: Share of a command delivered nine times in ten, in (0, 1].
        daily_loss_ratio: Share of the stored cold that is lost in a day, in [0, 1).
        excludes: Resource ids that cannot be used at the same time.
    """

    resource_id: str
    tank_m3: float
    usable_kelvin: float
    max_discharge_kw: float
    max_charge_kw: float
    relieved_cop: float
    charging_cop: float
    reserve: timedelta
    wear_cost_per_kwh: Decimal
    response_time: timedelta
    delivery_ratio: float
    daily_loss_ratio: float = 0.0
    excludes: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse quantities outside their range."""
        for field in ("tank_m3", "max_discharge_kw", "max_charge_kw", "relieved_cop", "charging_cop"):
            check_above_zero(getattr(self, field), field)
        check_above_zero(self.usable_kelvin, "usable_kelvin", 30.0)
        check_above_zero(self.delivery_ratio, "delivery_ratio", 1.0)
        check_within(self.daily_loss_ratio, "daily_loss_ratio", 0.0, 0.99)
        check_wait(self.reserve, "reserve")
        check_wait(self.response_time, "response_time")
        check_amount(self.wear_cost_per_kwh, "wear_cost_per_kwh")
        check_excludes(self.resource_id, self.excludes)

    @property
    def capacity_kwh(self) -> float:
        """Cold that a full tank holds, kWh thermal.

        Example:
            >>> tank = ThermalStoreParameters("tank", 323.0, 8.0, 1000.0, 500.0, 5.0, 5.0,
            ...     timedelta(minutes=15), Decimal("0.01"), timedelta(minutes=5), 0.9)
            >>> round(tank.capacity_kwh)
            3005
        """
        return WATER_KWH_PER_K_M3 * self.tank_m3 * self.usable_kelvin

    @property
    def recovery_ratio(self) -> float:
        """Energy drawn again per energy saved."""
        return self.relieved_cop / self.charging_cop


@dataclass(frozen=True, slots=True)
class ThermalStoreState:
    """What the tank holds and what the hall needs.

    Attributes:
        stored_kwh: Cold held, kWh thermal.
        cooling_load_kw: Heat to be removed at present, kW thermal.
    """

    stored_kwh: float
    cooling_load_kw: float

    def __post_init__(self) -> None:
        """Refuse negative quantities."""
        check_within(self.stored_kwh, "stored_kwh")
        check_within(self.cooling_load_kw, "cooling_load_kw")


def rested(params: ThermalStoreParameters, state: ThermalStoreState) -> ThermalStoreState:
    """Return the state of a full tank under the present load."""
    return replace(state, stored_kwh=params.capacity_kwh)


def floor_kwh(params: ThermalStoreParameters, cooling_load_kw: float) -> float:
    """Return the cold that no command touches: the reserve of the load, kWh thermal."""
    return min(params.capacity_kwh, cooling_load_kw * (params.reserve / timedelta(hours=1)))


def _hold_ratio(params: ThermalStoreParameters, hours: float) -> float:
    return math.pow(1.0 - params.daily_loss_ratio, hours / HOURS_PER_DAY)


def _free_kwh(params: ThermalStoreParameters, state: ThermalStoreState) -> float:
    return max(0.0, state.stored_kwh - floor_kwh(params, state.cooling_load_kw))


def _largest_relief_kw(params: ThermalStoreParameters, state: ThermalStoreState, step: timedelta) -> float:
    """Return the largest cooling out of the tank for a step, kW thermal; losses go first."""
    hours = hours_of(step)
    kept_kwh = state.stored_kwh * _hold_ratio(params, hours)
    limit_kw = min(params.max_discharge_kw, state.cooling_load_kw)
    return sustained_kw(kept_kwh, floor_kwh(params, state.cooling_load_kw), limit_kw, hours)


def available_kw(params: ThermalStoreParameters, state: ThermalStoreState, step: timedelta) -> float:
    """Return the largest electric reduction that holds for the whole next step, kW."""
    return _largest_relief_kw(params, state, step) / params.relieved_cop


def _largest_filling_kw(params: ThermalStoreParameters, state: ThermalStoreState, step: timedelta) -> float:
    hours = hours_of(step)
    missing_kwh = params.capacity_kwh - state.stored_kwh * _hold_ratio(params, hours)
    return recharge_kw(missing_kwh, 1.0, params.max_charge_kw, hours)


def available_increase_kw(params: ThermalStoreParameters, state: ThermalStoreState, step: timedelta) -> float:
    """Return the largest electric increase that holds for the whole next step, kW: filling the tank."""
    return _largest_filling_kw(params, state, step) / params.charging_cop


def recovery_kw(params: ThermalStoreParameters, state: ThermalStoreState, step: timedelta) -> float:
    """Return the extra electric power that filling the tank would draw if left alone, kW."""
    return available_increase_kw(params, state, step)


def advance(  # noqa: PLR0913  the last two by keyword
    params: ThermalStoreParameters,
    state: ThermalStoreState,
    reduction_kw: float,
    step: timedelta,
    *,
    increase_kw: float = 0.0,
    recovery_limit_kw: float = math.inf,
) -> tuple[ThermalStoreState, float]:
    """Carry the tank through one step.

    Args:
        params: The store.
        state: At the start of the step.
        reduction_kw: Commanded electric reduction, kW; 0 fills the tank. More than `available_kw` is
            delivered as far as available.
        step: Length of the step.
        increase_kw: Commanded electric increase, kW; delivered as far as available.
        recovery_limit_kw: Largest electric power for filling that the site allows in this step, kW.

    Returns:
        The state at the end of the step and the change of consumption at the point of
        connection, kW: negative while the tank gives, positive while it is filled.

    Raises:
        InvalidInput: A command is negative or not finite, both are given, or the step is not
            above zero.
    """
    check_within(reduction_kw, "reduction_kw")
    check_within(increase_kw, "increase_kw")
    if reduction_kw > 0.0 and increase_kw > 0.0:
        raise InvalidInput(f"increase_kw is {increase_kw}, expected 0 beside a reduction")
    hours = hours_of(step)
    kept_kwh = state.stored_kwh * _hold_ratio(params, hours)
    if reduction_kw > 0.0:
        most_kw = _largest_relief_kw(params, state, step)
        given_kw = min(reduction_kw * params.relieved_cop, most_kw)
        delivered_kw = min(reduction_kw, most_kw / params.relieved_cop)
        reserve_kwh = floor_kwh(params, state.cooling_load_kw)
        stored_kwh = after_discharge_kwh(kept_kwh, reserve_kwh, given_kw, hours)
        return replace(state, stored_kwh=stored_kwh), -delivered_kw
    wanted_kw = min(increase_kw, recovery_limit_kw) if increase_kw > 0.0 else recovery_limit_kw
    filled_kw = min(_largest_filling_kw(params, state, step), max(0.0, wanted_kw) * params.charging_cop)
    stored_kwh = min(params.capacity_kwh, kept_kwh + filled_kw * hours)
    return replace(state, stored_kwh=stored_kwh), min(filled_kw / params.charging_cop, max(0.0, wanted_kw))


def envelope(params: ThermalStoreParameters, state: ThermalStoreState) -> Envelope:
    """Return what the store can deliver from its present state, reserve kept."""
    free_kwh = _free_kwh(params, state)
    power_kw = min(params.max_discharge_kw, state.cooling_load_kw) / params.relieved_cop
    can = free_kwh > 0.0 and power_kw > TOLERANCE_KW
    recovery = EnvelopeRecovery(
        free_kwh / params.charging_cop,
        RecoveryShape.FLAT,
        params.max_charge_kw / params.charging_cop,
        timedelta(hours=free_kwh / params.max_charge_kw),
    )
    return Envelope(
        resource_id=params.resource_id,
        direction=FlexDirection.LOAD_DOWN,
        boundary=Boundary.POC,
        p_max_kw=power_kw if can else 0.0,
        energy_budget_kwh=free_kwh / params.relieved_cop if can else 0.0,
        max_duration=LONGEST_ACTIVATION,
        confidence=DeliveryConfidence(params.delivery_ratio),
        delay=params.response_time,
        recovery=recovery if can else EnvelopeRecovery(),
        cost=EnvelopeCost(per_kwh=params.wear_cost_per_kwh),
        excludes=params.excludes,
        why_not="" if can else "all that is stored is the reserve, or there is no cooling load",
    )


def offer(
    params: ThermalStoreParameters,
    state: ThermalStoreState,
    interval_count: int,
    step: timedelta,
    *,
    tariff_per_kwh: Decimal,
) -> Offer | None:
    """Return what the store can bid for a window, or None if it is down to its reserve.

    Args:
        params: The store.
        state: As expected at the start of the window.
        interval_count: Delivery intervals in the window; at least 1.
        step: Length of a delivery interval.
        tariff_per_kwh: What the site pays for a kWh; prices filling it at a worse performance.

    Raises:
        InvalidInput: No interval, or the step is not above zero.
    """
    check_within(interval_count, "interval_count", 1)
    hours = hours_of(step)
    power_kw = available_kw(params, state, step)
    if power_kw <= TOLERANCE_KW:
        return None
    kept_kwh = state.stored_kwh * _hold_ratio(params, interval_count * hours)
    free_kwh = max(0.0, kept_kwh - floor_kwh(params, state.cooling_load_kw))
    if free_kwh <= 0.0:
        return None
    loss = recharge_loss_cost_per_kwh(tariff_per_kwh, exact_ratio(params.recovery_ratio))
    missing_kwh = params.capacity_kwh - state.stored_kwh + free_kwh
    return Offer(
        resource_id=params.resource_id,
        reduction_kw=(power_kw,) * interval_count,
        price_per_mwh=price_per_mwh(params.wear_cost_per_kwh + max(Decimal(0), loss)),
        divisible=True,
        min_acceptance_ratio=0.0,
        energy_limit_kwh=min(free_kwh / params.relieved_cop, interval_count * hours * power_kw),
        recovery_ratio=params.recovery_ratio,
        recovery_intervals=whole_intervals(missing_kwh / params.max_charge_kw, hours),
        max_recovery_kw=params.max_charge_kw / params.charging_cop,
        fixed_cost=Decimal(0),
        delivery_ratio=params.delivery_ratio,
        cost=OpportunityCost(
            wear_per_kwh=params.wear_cost_per_kwh, recovery_ratio=exact_ratio(params.recovery_ratio)
        ),
    )


def terms(
    params: ThermalStoreParameters,
    state: ThermalStoreState,
    interval_count: int,
    step: timedelta,
    *,
    cooling_load_kw: Sequence[float] = (),
) -> StoreTerms:
    """Return what the planner sees of the store, in electric kWh at the chillers it relieves.

    Chillers that fill the tank at a better performance than they are relieved at are counted as
    no better, so that no plan expects a gain; as much less room is counted, so that no plan raises
    consumption for a tank that is full by then. What the store gives in between leaves less room than
    is counted: less by 1 - relieved_cop / charging_cop of it. Below its reserve the store is only filled.

    Args:
        params: The store.
        state: At the start of the horizon.
        interval_count: Intervals of the horizon, N.
        step: Length of an interval.
        cooling_load_kw: Forecast of the heat to be removed, kW thermal. Shape (N,); empty for the
            present one.
    """
    loads_kw = tuple(cooling_load_kw) or (state.cooling_load_kw,) * interval_count
    relieved, hold_ratio = params.relieved_cop, _hold_ratio(params, hours_of(step))
    left_kwh = [state.stored_kwh * math.pow(hold_ratio, n + 1) for n in range(interval_count)]
    floors_kwh = [floor_kwh(params, kw) for kw in loads_kw]
    room_kwh = max(0.0, params.capacity_kwh - state.stored_kwh) / max(relieved, params.charging_cop)
    ceiling_kwh = state.stored_kwh / relieved + room_kwh
    return StoreTerms(
        resource_id=params.resource_id,
        stored_kwh=state.stored_kwh / relieved,
        floor_kwh=tuple(min(pair) / relieved for pair in zip(floors_kwh, left_kwh, strict=True)),
        ceiling_kwh=ceiling_kwh,
        max_discharge_kw=tuple(
            min(params.max_discharge_kw, kw) / relieved if floor <= left else 0.0
            for kw, floor, left in zip(loads_kw, floors_kwh, left_kwh, strict=True)
        ),
        max_charge_kw=(params.max_charge_kw / params.charging_cop,) * interval_count,
        stored_per_charged=min(1.0, params.charging_cop / relieved),
        hold_ratio=hold_ratio,
        end_kwh=min(params.capacity_kwh / relieved, ceiling_kwh),
        wear_cost_per_kwh=float(params.wear_cost_per_kwh),
        delivery_ratio=params.delivery_ratio,
    )
