r"""A UPS: carries the load from its battery, and never touches its ride-through reserve.

With the rated load P, autonomy T, state of health s, present load L, ride-through t_r and the stored
energy S:

    usable = max(0, P T s - reserve),    reserve = L t_r          (lead-acid: at least P T s / 2)
    x_t <= min(L, P),   S_t = S_{t-1} - h x_t >= reserve          nothing flows into the grid
    y_t <= Y,           S_t = S_{t-1} + h r_c y_t <= P T s        recharge is a load, and the recovery
    x_t = 0 while redundancy is lost, an alarm stands, a warning of storm or grid is out, or a generator
            is being tested

Third-generation direct-current backup (HVDC) has the same parameters. Batteries inside servers are
never dispatched and have no model. When many sites hold UPS, each answers a command or a frequency
at an instant of its own (`stagger`).

Source:
    Usable energy and hard rules: choices of this project; autonomy today and depth of lead-acid: see below.
"""

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from vpp.flexibility.bounds import (
    check_above_zero,
    check_amount,
    check_excludes,
    check_wait,
    check_within,
    hours_of,
)
from vpp.flexibility.energy_store import after_discharge_kwh, recharge_kw, sustained_kw
from vpp.flexibility.envelope import (
    Boundary,
    DeliveryConfidence,
    Envelope,
    EnvelopeCost,
    EnvelopeRecovery,
    EnvelopeUse,
    FlexDirection,
    RecoveryShape,
)
from vpp.flexibility.offer import Offer, exact_ratio, price_per_mwh, whole_intervals
from vpp.flexibility.opportunity_cost import OpportunityCost
from vpp.flexibility.planning.terms import StoreTerms
from vpp.flexibility.reservation_cost import recharge_loss_cost_per_kwh
from vpp.foundation.errors import InvalidInput

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
    GRID_WARNING = "grid_warning"
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
        excludes: Resource ids that cannot be used at the same time, a generator for example.

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
    excludes: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse quantities outside their range."""
        check_above_zero(self.rated_kw, "rated_kw")
        check_above_zero(self.max_recharge_kw, "max_recharge_kw")
        check_above_zero(self.charge_ratio, "charge_ratio", 1.0)
        check_above_zero(self.delivery_ratio, "delivery_ratio", 1.0)
        check_above_zero(self.state_of_health_ratio, "state_of_health_ratio", 1.0)
        check_amount(self.wear_cost_per_kwh, "wear_cost_per_kwh")
        check_wait(self.response_time, "response_time")
        check_excludes(self.resource_id, self.excludes)
        hours_of(self.autonomy, "autonomy")
        hours_of(self.ride_through, "ride_through")
        if self.ride_through > self.autonomy:
            raise InvalidInput(
                f"ride_through is {self.ride_through}, expected at most autonomy {self.autonomy}: a full UPS "
                "could not keep it",
                ride_through=str(self.ride_through),
            )

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


def rested(params: UpsParameters, state: UpsState) -> UpsState:
    """Return the state in which the UPS can do most under the present load: full, held by nothing."""
    return UpsState(params.full_kwh, state.load_kw)


def envelope(params: UpsParameters, state: UpsState) -> Envelope:
    """Return what the UPS can deliver from its present state.

    It rests until it has recharged, so that every activation finds what was promised.
    """
    budget_kwh = max(0.0, state.stored_kwh - floor_kwh(params, state.load_kw))
    power_kw = min(state.load_kw, params.rated_kw)
    why_not = ""
    if state.holds:
        why_not = ", ".join(sorted(hold.value for hold in state.holds))
    elif budget_kwh <= 0.0 or power_kw <= 0.0:
        why_not = "all that is stored is the ride-through reserve, or nothing is carried"
    if why_not:
        power_kw = budget_kwh = 0.0
    owed_kwh = budget_kwh / params.charge_ratio
    recovery = EnvelopeRecovery(
        owed_kwh,
        RecoveryShape.FLAT,
        params.max_recharge_kw,
        timedelta(hours=owed_kwh / params.max_recharge_kw),
    )
    return Envelope(
        resource_id=params.resource_id,
        direction=FlexDirection.LOAD_DOWN,
        boundary=Boundary.POC,
        p_max_kw=power_kw,
        energy_budget_kwh=budget_kwh,
        max_duration=params.autonomy,
        confidence=DeliveryConfidence(params.delivery_ratio),
        delay=params.response_time,
        use=EnvelopeUse(rest=recovery.duration),
        recovery=recovery if budget_kwh > 0.0 else EnvelopeRecovery(),
        cost=EnvelopeCost(per_kwh=params.wear_cost_per_kwh),
        excludes=params.excludes,
        why_not=why_not,
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


def available_increase_kw(params: UpsParameters, state: UpsState, step: timedelta) -> float:
    """Return 0.0: a UPS is charged as fast as the site allows anyway, and is never full to order."""
    del params, state, step
    return 0.0


def recovery_kw(params: UpsParameters, state: UpsState, step: timedelta) -> float:
    """Return the recharge that the UPS would draw in the next step if left alone, kW."""
    missing_kwh = params.full_kwh - state.stored_kwh
    return recharge_kw(missing_kwh, params.charge_ratio, params.max_recharge_kw, hours_of(step))


def advance(  # noqa: PLR0913  the last two by keyword
    params: UpsParameters,
    state: UpsState,
    reduction_kw: float,
    step: timedelta,
    *,
    increase_kw: float = 0.0,
    recovery_limit_kw: float = math.inf,
) -> tuple[UpsState, float]:
    """Carry the UPS through one step.

    Args:
        params: The UPS.
        state: At the start of the step.
        reduction_kw: Commanded reduction, kW; 0 recharges. More than `available_kw` is
            delivered as far as available.
        step: Length of the step.
        increase_kw: Commanded increase, kW; a UPS has none to offer and recharges as it would.
        recovery_limit_kw: Largest recharge the site allows in this step, kW.

    Returns:
        The state at the end of the step and the change of consumption at the point of
        connection, kW: negative while it discharges, positive while it recharges.

    Raises:
        InvalidInput: The command is negative or not finite, or the step is not above zero.
    """
    check_within(reduction_kw, "reduction_kw")
    check_within(increase_kw, "increase_kw")
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
        cost=OpportunityCost(
            wear_per_kwh=params.wear_cost_per_kwh, recovery_ratio=exact_ratio(recovery_ratio)
        ),
    )


def terms(
    params: UpsParameters,
    state: UpsState,
    interval_count: int,
    step: timedelta,
    *,
    load_kw: Sequence[float] = (),
) -> StoreTerms:
    """Return what the planner sees of the UPS.

    Lead-acid, a UPS below its reserve and one that anything holds back give nothing, nor does any in
    intervals longer than its autonomy: a UPS bridges minutes. Recharging is left to the UPS.

    Args:
        params: The UPS.
        state: At the start of the horizon.
        interval_count: Intervals of the horizon, N.
        step: Length of an interval, above zero.
        load_kw: Forecast of the load it carries, kW. Shape (N,); empty for the present load.
    """
    hours_of(step)
    bridges = step <= params.autonomy
    loads_kw = tuple(load_kw) or (state.load_kw,) * interval_count
    is_free = bridges and not state.holds and params.chemistry is UpsChemistry.LI_ION
    # What is left at an interval's end must carry the load of the next one, too.
    floors_kwh = [floor_kwh(params, max(pair)) for pair in zip(loads_kw, (*loads_kw[1:], 0.0), strict=True)]
    return StoreTerms(
        resource_id=params.resource_id,
        stored_kwh=state.stored_kwh,
        floor_kwh=tuple(min(state.stored_kwh, kwh) for kwh in floors_kwh),
        ceiling_kwh=max(params.full_kwh, state.stored_kwh),
        max_discharge_kw=tuple(
            min(kw, params.rated_kw) if is_free and kwh <= state.stored_kwh else 0.0
            for kw, kwh in zip(loads_kw, floors_kwh, strict=True)
        ),
        max_charge_kw=(params.max_recharge_kw,) * interval_count,
        stored_per_charged=params.charge_ratio,
        end_kwh=params.full_kwh,
        wear_cost_per_kwh=float(params.wear_cost_per_kwh),
        can_increase=False,
        delivery_ratio=params.delivery_ratio,
    )
