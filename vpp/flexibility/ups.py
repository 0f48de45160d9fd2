"""A UPS: carries the load from its battery, and never touches its ride-through reserve."""

import enum
import math
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from vpp.flexibility.bounds import check_above_zero, check_within, hours_of
from vpp.flexibility.energy_store import after_discharge_kwh, recharge_kw, sustained_kw
from vpp.flexibility.enrolment_envelope import EnrolmentEnvelope
from vpp.flexibility.offer import Offer, exact_ratio, price_per_mwh, whole_intervals
from vpp.flexibility.reservation_cost import recharge_loss_cost_per_kwh

VRLA_USABLE_DEPTH_RATIO = 0.5


class UpsChemistry(enum.Enum):
    """What the UPS stores its energy in.

    Attributes:
        LI_ION: Stands cycling.
        VRLA: Lead-acid; kept out of planned use, and never taken below half.
    """

    LI_ION = "li_ion"
    VRLA = "vrla"


class UpsHold(enum.Enum):
    """Why a UPS may not serve the grid at present."""

    REDUNDANCY_LOST = "redundancy_lost"
    BATTERY_ALARM = "battery_alarm"
    STORM_WARNING = "storm_warning"
    GENERATOR_TEST = "generator_test"


@dataclass(frozen=True, slots=True)
class UpsParameters:
    """What the site knows about its UPS.

    Attributes:
        resource_id: The flexible resource.
        rated_kw: Rated load, kW.
        max_recharge_kw: Largest recharge drawn from the grid, kW; the site sets it.
        charge_ratio: Energy stored per energy drawn while recharging, in (0, 1].
        wear_cost_per_kwh: What a discharged kWh takes from the battery's life.
        response_time: From command, or from the local frequency trigger, to full reduction.
        delivery_ratio: Share of a command delivered nine times in ten, in (0, 1].
        state_of_health_ratio: Capacity left of a new battery's, in (0, 1].
        autonomy: How long a new, full battery carries the rated load.
        ride_through: How long the battery must be able to carry the present load at any time:
            three times the start of the backup generators.
        chemistry: What it stores its energy in.

    Source:
        EnerSys, autonomy of UPS in data centres today (30 s to 5 min); generator sets of large
        sites start within 60 to 90 s, times a factor of 3 by design of this project.
    """

    resource_id: str
    rated_kw: float
    max_recharge_kw: float
    charge_ratio: float
    wear_cost_per_kwh: Decimal
    response_time: timedelta
    delivery_ratio: float
    state_of_health_ratio: float
    autonomy: timedelta = timedelta(minutes=5)
    ride_through: timedelta = timedelta(minutes=3)
    chemistry: UpsChemistry = UpsChemistry.LI_ION

    def __post_init__(self) -> None:
        """Refuse quantities outside their range."""
        check_above_zero(self.rated_kw, "rated_kw")
        check_above_zero(self.max_recharge_kw, "max_recharge_kw")
        check_above_zero(self.charge_ratio, "charge_ratio", 1.0)
        check_above_zero(self.delivery_ratio, "delivery_ratio", 1.0)
        check_above_zero(self.state_of_health_ratio, "state_of_health_ratio", 1.0)
        hours_of(self.autonomy, "autonomy")
        hours_of(self.ride_through, "ride_through")

    @property
    def full_kwh(self) -> float:
        """Energy the battery delivers from full to empty at its present health, kWh."""
        return self.rated_kw * hours_of(self.autonomy) * self.state_of_health_ratio


@dataclass(frozen=True, slots=True)
class UpsState:
    """What the UPS holds and carries.

    Attributes:
        stored_kwh: Energy deliverable to the load, kWh.
        load_kw: Load it carries, kW.
        holds: Why it may not serve the grid at present; empty if it may.
    """

    stored_kwh: float
    load_kw: float
    holds: frozenset[UpsHold] = frozenset()

    def __post_init__(self) -> None:
        """Refuse negative quantities."""
        check_within(self.stored_kwh, "stored_kwh")
        check_within(self.load_kw, "load_kw")


def floor_kwh(params: UpsParameters, load_kw: float) -> float:
    """Return the energy that no command touches: the ride-through reserve of the present load.

    Args:
        params: The UPS.
        load_kw: Load it carries, kW.

    Returns:
        Reserve, kWh; for lead-acid at least half of the full energy.

    Source:
        Usable depth of VRLA 50 to 60 % (vendor guides); the lower figure is taken.
    """
    ride_through_kwh = load_kw * hours_of(params.ride_through)
    if params.chemistry is UpsChemistry.VRLA:
        return max(ride_through_kwh, (1.0 - VRLA_USABLE_DEPTH_RATIO) * params.full_kwh)
    return ride_through_kwh


def usable_kwh(params: UpsParameters, load_kw: float) -> float:
    """Return what a full UPS can give the grid: all but the reserve, 0 or more.

    Example:
        >>> ups = UpsParameters("ups", 1000.0, 500.0, 0.95, Decimal(0), timedelta(seconds=1), 0.9, 1.0)
        >>> round(usable_kwh(ups, 1000.0)), round(usable_kwh(ups, 600.0))
        (33, 53)
    """
    return max(0.0, params.full_kwh - floor_kwh(params, load_kw))


def envelope(params: UpsParameters, state: UpsState) -> EnrolmentEnvelope:
    """Return what a full UPS can deliver while it carries the state's load."""
    budget_kwh = usable_kwh(params, state.load_kw)
    power_kw = min(state.load_kw, params.rated_kw)
    recovery_hours = budget_kwh / params.charge_ratio / params.max_recharge_kw
    return EnrolmentEnvelope(
        max_reduction_kw=power_kw if budget_kwh > 0.0 else 0.0,
        min_reduction_kw=0.0,
        response_time=params.response_time,
        min_duration=timedelta(0),
        max_duration=params.autonomy,
        energy_budget_kwh=budget_kwh,
        recovery_ratio=1.0 / params.charge_ratio,
        recovery_duration=timedelta(hours=recovery_hours),
    )


def available_kw(params: UpsParameters, state: UpsState, step: timedelta) -> float:
    """Return the largest reduction that holds for the whole next step above the reserve, kW.

    Never above the load: the UPS reduces the site's own import and exports nothing. 0 while
    anything holds it back.
    """
    step_hours = hours_of(step)
    if state.holds:
        return 0.0
    limit_kw = min(state.load_kw, params.rated_kw)
    return sustained_kw(state.stored_kwh, floor_kwh(params, state.load_kw), limit_kw, step_hours)


def recovery_kw(params: UpsParameters, state: UpsState, step: timedelta) -> float:
    """Return the recharge that the UPS would draw in the next step if left alone, kW."""
    missing_kwh = params.full_kwh - state.stored_kwh
    return recharge_kw(missing_kwh, params.charge_ratio, params.max_recharge_kw, hours_of(step))


def advance(
    params: UpsParameters,
    state: UpsState,
    reduction_kw: float,
    step: timedelta,
    *,
    recovery_limit_kw: float = math.inf,
) -> tuple[UpsState, float]:
    """Carry the UPS through one step.

    Args:
        params: The UPS.
        state: At the start of the step.
        reduction_kw: Commanded reduction, kW; 0 recharges. More than `available_kw` is
            delivered as far as available.
        step: Length of the step.
        recovery_limit_kw: Largest recharge the site allows in this step, kW.

    Returns:
        The state at the end of the step and the change of consumption at the point of
        connection, kW: negative while it discharges, positive while it recharges.

    Raises:
        InvalidInput: The command is negative or not finite, or the step is not above zero.
    """
    check_within(reduction_kw, "reduction_kw")
    step_hours = hours_of(step)
    if reduction_kw > 0.0:
        delivered_kw = min(reduction_kw, available_kw(params, state, step))
        reserve_kwh = floor_kwh(params, state.load_kw)
        stored_kwh = after_discharge_kwh(state.stored_kwh, reserve_kwh, delivered_kw, step_hours)
        return replace(state, stored_kwh=stored_kwh), -delivered_kw
    drawn_kw = min(recovery_kw(params, state, step), max(0.0, recovery_limit_kw))
    stored_kwh = state.stored_kwh + drawn_kw * step_hours * params.charge_ratio
    return replace(state, stored_kwh=stored_kwh), drawn_kw


def offer(
    params: UpsParameters, state: UpsState, interval_count: int, step: timedelta, *, tariff_per_kwh: Decimal
) -> Offer | None:
    """Return what the UPS can bid for a window.

    Args:
        params: The UPS.
        state: As expected at the start of the window.
        interval_count: Delivery intervals in the window; at least 1.
        step: Length of a delivery interval.
        tariff_per_kwh: What the site pays for a kWh; prices the losses of recharging.

    Returns:
        An offer within the energy above the reserve, or None: while anything holds the UPS
        back, for lead-acid (planned cycling is for lithium), for a window longer than the
        autonomy (a UPS bridges minutes), and when no energy is free.

    Raises:
        InvalidInput: No interval, or the step is not above zero.
    """
    check_within(interval_count, "interval_count", 1)
    step_hours = hours_of(step)
    power_kw = available_kw(params, state, step)
    is_too_long = interval_count * step > params.autonomy
    if power_kw <= 0.0 or is_too_long or params.chemistry is not UpsChemistry.LI_ION:
        return None
    free_kwh = state.stored_kwh - floor_kwh(params, state.load_kw)
    energy_kwh = min(free_kwh, interval_count * step_hours * power_kw)
    recovery_ratio = 1.0 / params.charge_ratio
    missing_kwh = params.full_kwh - state.stored_kwh + energy_kwh
    recovery_hours = missing_kwh * recovery_ratio / params.max_recharge_kw
    cost_per_kwh = params.wear_cost_per_kwh + recharge_loss_cost_per_kwh(
        tariff_per_kwh, exact_ratio(recovery_ratio)
    )
    return Offer(
        resource_id=params.resource_id,
        reduction_kw=(power_kw,) * interval_count,
        price_per_mwh=price_per_mwh(cost_per_kwh),
        divisible=True,
        min_acceptance_ratio=0.0,
        energy_limit_kwh=energy_kwh,
        recovery_ratio=recovery_ratio,
        recovery_intervals=whole_intervals(recovery_hours, step_hours),
        max_recovery_kw=params.max_recharge_kw,
        fixed_cost=Decimal(0),
        delivery_ratio=params.delivery_ratio,
    )
