r"""A stationary battery: sheds by discharging, pays back by recharging, keeps its floor.

With the stored energy S_t, counted as what it delivers at the point of connection, floor F, ceiling C
and round trip r:

    S_t = S_{t-1} + h (r y_t - x_t),   F <= S_t <= C,   0 <= x_t <= X,   0 <= y_t <= Y,   x_t y_t = 0
    F + committed_arbitrage + committed_dr <= S_t

A kWh given to an event costs wear, the losses of recharging it and, where it was promised to the
site's own discharge, what that would have earned.

Source:
    Floors, window and ledger: check case C5 of this project; wear `capex / (cycles x depth)`:
    `reservation_cost`.
"""

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
from vpp.flexibility.energy_ledger import Duty, EnergyLedger, LedgerEntry
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


@dataclass(frozen=True, slots=True)
class BatteryParameters:
    """What the site knows about its battery.

    Efficiency, window, ramp and wear have no default: no checked source gives one for a
    particular battery.

    Attributes:
        resource_id: The flexible resource.
        capacity_kwh: Energy delivered at the point of connection from full to empty, kWh.
        max_discharge_kw: Largest discharge at the point of connection, kW.
        max_charge_kw: Largest charge at the point of connection, kW.
        round_trip_ratio: Energy delivered per energy drawn, AC to AC, in (0, 1].
        min_soc_ratio: Lower end of the window the maker allows, 0..1.
        max_soc_ratio: Upper end of the window the maker allows, 0..1.
        backup_floor_kwh: Energy the site keeps for itself, kWh; the higher of this and the
            window's lower end holds. At most what the window's upper end lets it hold.
        wear_cost_per_kwh: What a discharged kWh takes from the battery's life.
        response_time: From command to full discharge.
        delivery_ratio: Share of a command delivered nine times in ten, in (0, 1].
        max_cycles_per_day: Most discharges of the whole window in a day, own use and events
            together; None for no limit.
        excludes: Resource ids that cannot be used at the same time.
        rest_soc_ratio: State of charge that the battery returns to by itself, 0..1: what is missing
            up to it is owed, what is free above it can be sold upwards; None for `max_soc_ratio`.
    """

    resource_id: str
    capacity_kwh: float
    max_discharge_kw: float
    max_charge_kw: float
    round_trip_ratio: float
    min_soc_ratio: float
    max_soc_ratio: float
    backup_floor_kwh: float
    wear_cost_per_kwh: Decimal
    response_time: timedelta
    delivery_ratio: float
    max_cycles_per_day: float | None = None
    excludes: frozenset[str] = frozenset()
    rest_soc_ratio: float | None = None

    def __post_init__(self) -> None:
        """Refuse quantities outside their range."""
        check_above_zero(self.capacity_kwh, "capacity_kwh")
        check_above_zero(self.max_discharge_kw, "max_discharge_kw")
        check_above_zero(self.max_charge_kw, "max_charge_kw")
        check_above_zero(self.round_trip_ratio, "round_trip_ratio", 1.0)
        check_within(self.max_soc_ratio, "max_soc_ratio", 0.0, 1.0)
        check_within(self.min_soc_ratio, "min_soc_ratio", 0.0, self.max_soc_ratio)
        check_within(self.backup_floor_kwh, "backup_floor_kwh", 0.0, self.ceiling_kwh)
        check_amount(self.wear_cost_per_kwh, "wear_cost_per_kwh")
        check_wait(self.response_time, "response_time")
        check_above_zero(self.delivery_ratio, "delivery_ratio", 1.0)
        check_excludes(self.resource_id, self.excludes)
        if self.rest_soc_ratio is not None:
            check_within(self.rest_soc_ratio, "rest_soc_ratio", self.min_soc_ratio, self.max_soc_ratio)
        if self.max_cycles_per_day is not None:
            check_above_zero(self.max_cycles_per_day, "max_cycles_per_day")

    @property
    def floor_kwh(self) -> float:
        """Energy below which no command takes the battery, kWh."""
        return max(self.min_soc_ratio * self.capacity_kwh, self.backup_floor_kwh)

    @property
    def ceiling_kwh(self) -> float:
        """Energy above which the battery is not charged, kWh."""
        return self.max_soc_ratio * self.capacity_kwh

    @property
    def rest_kwh(self) -> float:
        """Energy that the battery returns to by itself, kWh, never below its floor."""
        if self.rest_soc_ratio is None:
            return self.ceiling_kwh
        return min(self.ceiling_kwh, max(self.floor_kwh, self.rest_soc_ratio * self.capacity_kwh))

    @property
    def window_kwh(self) -> float:
        """Energy between floor and ceiling: one whole discharge, kWh."""
        return max(0.0, self.ceiling_kwh - self.floor_kwh)

    @property
    def recovery_ratio(self) -> float:
        """Energy drawn from the grid per energy delivered; 1 or more."""
        return 1.0 / self.round_trip_ratio


@dataclass(frozen=True, slots=True)
class BatteryState:
    """What the battery holds and to whom it is promised.

    Attributes:
        stored_kwh: Energy deliverable at the point of connection, kWh.
        owed_kwh: Energy delivered to events and not yet recharged, kWh.
        committed_arbitrage_kwh: Part of the stored energy promised to the site's own
            discharges, kWh; never part of an offer for free.
        committed_dr_kwh: Part of the stored energy promised to other events, kWh.
    """

    stored_kwh: float
    owed_kwh: float = 0.0
    committed_arbitrage_kwh: float = 0.0
    committed_dr_kwh: float = 0.0

    def __post_init__(self) -> None:
        """Refuse negative energies."""
        for field in ("stored_kwh", "owed_kwh", "committed_arbitrage_kwh", "committed_dr_kwh"):
            check_within(getattr(self, field), field)


def ledger_of(params: BatteryParameters, state: BatteryState) -> EnergyLedger:
    """Return whose energy the battery holds; the one place where its promises are counted.

    Raises:
        InvalidInput: Floor and commitments together exceed the stored energy.
    """
    kept = (
        (Duty.BACKUP, params.floor_kwh),
        (Duty.DR, state.committed_dr_kwh),
        (Duty.ARBITRAGE, state.committed_arbitrage_kwh),
    )
    entries = tuple(LedgerEntry(duty, duty.name.lower(), kwh) for duty, kwh in kept)
    return EnergyLedger(state.stored_kwh, entries)


def rested(params: BatteryParameters) -> BatteryState:
    """Return the state in which the battery can do most: full, and promised to nobody."""
    return BatteryState(max(params.floor_kwh, params.ceiling_kwh))


def envelope(params: BatteryParameters, state: BatteryState) -> Envelope:
    """Return what the battery can deliver from its present state, promises kept.

    Example:
        >>> from decimal import Decimal
        >>> battery = BatteryParameters("bess", 4000.0, 2000.0, 2000.0, 0.8, 0.1, 0.9, 0.0,
        ...     Decimal("0.16"), timedelta(seconds=1), 0.95)
        >>> envelope(battery, rested(battery)).energy_budget_kwh
        3200.0
    """
    kept_kwh = params.floor_kwh + state.committed_arbitrage_kwh + state.committed_dr_kwh
    budget_kwh = max(0.0, state.stored_kwh - kept_kwh)  # a battery below its floor is no error here
    owed_kwh = budget_kwh * params.recovery_ratio
    recovery = EnvelopeRecovery(
        owed_kwh, RecoveryShape.FLAT, params.max_charge_kw, timedelta(hours=owed_kwh / params.max_charge_kw)
    )
    return Envelope(
        resource_id=params.resource_id,
        direction=FlexDirection.LOAD_DOWN,
        boundary=Boundary.POC,
        p_max_kw=params.max_discharge_kw if budget_kwh > 0.0 else 0.0,
        energy_budget_kwh=budget_kwh,
        max_duration=LONGEST_ACTIVATION,
        confidence=DeliveryConfidence(params.delivery_ratio),
        delay=params.response_time,
        recovery=recovery if budget_kwh > 0.0 else EnvelopeRecovery(),
        cost=EnvelopeCost(per_kwh=params.wear_cost_per_kwh),
        excludes=params.excludes,
        why_not="" if budget_kwh > 0.0 else "all that is stored is kept for backup or promised",
    )


def available_kw(params: BatteryParameters, state: BatteryState, step: timedelta) -> float:
    """Return the largest discharge that holds for the whole next step above the floor, kW.

    Commitments do not count here: they bind offers, not a dispatch that has already won.
    """
    return sustained_kw(state.stored_kwh, params.floor_kwh, params.max_discharge_kw, hours_of(step))


def available_increase_kw(params: BatteryParameters, state: BatteryState, step: timedelta) -> float:
    """Return the largest charge that holds for the whole next step below the ceiling, kW."""
    missing_kwh = params.ceiling_kwh - state.stored_kwh
    return recharge_kw(missing_kwh, params.round_trip_ratio, params.max_charge_kw, hours_of(step))


def recovery_kw(params: BatteryParameters, state: BatteryState, step: timedelta) -> float:
    """Return the recharge that the battery would draw in the next step if left alone, kW."""
    missing_kwh = min(state.owed_kwh, params.ceiling_kwh - state.stored_kwh)
    return recharge_kw(missing_kwh, params.round_trip_ratio, params.max_charge_kw, hours_of(step))


def advance(  # noqa: PLR0913  the last two by keyword
    params: BatteryParameters,
    state: BatteryState,
    reduction_kw: float,
    step: timedelta,
    *,
    increase_kw: float = 0.0,
    recovery_limit_kw: float = math.inf,
) -> tuple[BatteryState, float]:
    """Carry the battery through one step.

    Args:
        params: The battery.
        state: At the start of the step.
        reduction_kw: Commanded reduction, kW; 0 recharges what is owed. More than
            `available_kw` is delivered as far as available.
        step: Length of the step.
        increase_kw: Commanded charge, kW; delivered as far as available. It pays back what is owed
            first, and then stores for the site's own use.
        recovery_limit_kw: Largest charge the site allows in this step, kW.

    Returns:
        The state at the end of the step and the change of consumption at the point of
        connection, kW: negative while it discharges, positive while it charges. Without an
        increase, stored plus owed energy never changes.

    Raises:
        InvalidInput: A command is negative or not finite, both are given, or the step is not
            above zero.
    """
    check_within(reduction_kw, "reduction_kw")
    check_within(increase_kw, "increase_kw")
    if reduction_kw > 0.0 and increase_kw > 0.0:
        raise InvalidInput(f"increase_kw is {increase_kw}, expected 0 beside a reduction")
    step_hours = hours_of(step)
    if reduction_kw > 0.0:
        delivered_kw = min(reduction_kw, available_kw(params, state, step))
        stored_kwh = after_discharge_kwh(state.stored_kwh, params.floor_kwh, delivered_kw, step_hours)
        owed_kwh = state.owed_kwh + (state.stored_kwh - stored_kwh)
        return replace(state, stored_kwh=stored_kwh, owed_kwh=owed_kwh), -delivered_kw
    if increase_kw > 0.0:
        available_now_kw = available_increase_kw(params, state, step)
        drawn_kw = min(increase_kw, available_now_kw, max(0.0, recovery_limit_kw))
        added_kwh = drawn_kw * step_hours * params.round_trip_ratio
        stored_kwh = max(state.stored_kwh, min(params.ceiling_kwh, state.stored_kwh + added_kwh))
        return replace(state, stored_kwh=stored_kwh, owed_kwh=max(0.0, state.owed_kwh - added_kwh)), drawn_kw
    drawn_kw = min(recovery_kw(params, state, step), max(0.0, recovery_limit_kw))
    added_kwh = min(state.owed_kwh, drawn_kw * step_hours * params.round_trip_ratio)
    return (
        replace(state, stored_kwh=state.stored_kwh + added_kwh, owed_kwh=state.owed_kwh - added_kwh),
        drawn_kw,
    )


def offer(  # noqa: PLR0913  the prices are named, and none has a default
    params: BatteryParameters,
    state: BatteryState,
    interval_count: int,
    step: timedelta,
    *,
    tariff_per_kwh: Decimal,
    displaced_value_per_kwh: Decimal | None = None,
) -> Offer | None:
    """Return what the battery can bid for a window.

    Args:
        params: The battery.
        state: As expected at the start of the window.
        interval_count: Delivery intervals in the window; at least 1.
        step: Length of a delivery interval.
        tariff_per_kwh: What the site pays for a kWh; prices the losses of recharging.
        displaced_value_per_kwh: What a kWh of the site's own discharge earns. Given, energy
            committed to it is offered too, and every kWh is priced as if it displaced one;
            None keeps the committed energy out of the offer.

    Returns:
        An offer of the full discharge power in every interval within the free energy, or None
        if no energy is free.

    Raises:
        InvalidInput: No interval, or the battery has promised more than it holds.
    """
    check_within(interval_count, "interval_count", 1)
    ledger = ledger_of(params, state)
    step_hours = hours_of(step)
    free_kwh = ledger.free_kwh
    recharge_cost = recharge_loss_cost_per_kwh(tariff_per_kwh, exact_ratio(params.recovery_ratio))
    cost_per_kwh = params.wear_cost_per_kwh + recharge_cost
    if displaced_value_per_kwh is not None:
        free_kwh += ledger.kept_kwh(Duty.ARBITRAGE)
        cost_per_kwh += displaced_value_per_kwh
    power_kw = sustained_kw(free_kwh, 0.0, params.max_discharge_kw, step_hours)
    if power_kw <= 0.0:
        return None
    energy_kwh = min(free_kwh, interval_count * step_hours * power_kw)
    recovery_hours = (energy_kwh + state.owed_kwh) * params.recovery_ratio / params.max_charge_kw
    return Offer(
        resource_id=params.resource_id,
        reduction_kw=(power_kw,) * interval_count,
        price_per_mwh=price_per_mwh(cost_per_kwh),
        divisible=True,
        min_acceptance_ratio=0.0,
        energy_limit_kwh=energy_kwh,
        recovery_ratio=params.recovery_ratio,
        recovery_intervals=whole_intervals(recovery_hours, step_hours),
        max_recovery_kw=params.max_charge_kw,
        fixed_cost=Decimal(0),
        delivery_ratio=params.delivery_ratio,
        cost=OpportunityCost(
            lost_value_per_kwh=displaced_value_per_kwh or Decimal(0),
            wear_per_kwh=params.wear_cost_per_kwh,
            recovery_ratio=exact_ratio(params.recovery_ratio),
        ),
    )


def terms(  # noqa: PLR0913  by keyword, each with a default
    params: BatteryParameters,
    state: BatteryState,
    interval_count: int,
    step: timedelta,
    *,
    own_discharge_kw: Sequence[float] = (),
    own_charge_kw: Sequence[float] = (),
    end_kwh: float | None = None,
    end_value_per_kwh: float = 0.0,
) -> StoreTerms:
    """Return what the planner sees of the battery; below its floor it is only charged.

    Args:
        params: The battery.
        state: At the start of the horizon.
        interval_count: Intervals of the horizon, N.
        step: Length of an interval.
        own_discharge_kw: Its own discharge in the load forecast, kW. Shape (N,), or empty for none.
        own_charge_kw: Its own charge in the load forecast, kW. Shape (N,), or empty for none.
        end_kwh: Least stored at the end, kWh; None for what is stored now with all that is owed.
        end_value_per_kwh: What a kWh stored at the end is worth.
    """
    kept_kwh = params.floor_kwh + state.committed_dr_kwh
    cycles = params.max_cycles_per_day
    days = max(1.0, interval_count * step / timedelta(days=1))
    back_kwh = min(params.ceiling_kwh, state.stored_kwh + state.owed_kwh)
    return StoreTerms(
        resource_id=params.resource_id,
        stored_kwh=state.stored_kwh,
        floor_kwh=(min(kept_kwh, state.stored_kwh),) * interval_count,
        ceiling_kwh=max(params.ceiling_kwh, state.stored_kwh),
        max_discharge_kw=(params.max_discharge_kw if kept_kwh <= state.stored_kwh else 0.0,) * interval_count,
        max_charge_kw=(params.max_charge_kw,) * interval_count,
        stored_per_charged=params.round_trip_ratio,
        own_discharge_kw=tuple(own_discharge_kw),
        own_charge_kw=tuple(own_charge_kw),
        throughput_limit_kwh=math.inf if cycles is None else cycles * days * params.window_kwh,
        end_kwh=max(0.0, back_kwh) if end_kwh is None else end_kwh,
        end_value_per_kwh=end_value_per_kwh,
        wear_cost_per_kwh=float(params.wear_cost_per_kwh),
        delivery_ratio=params.delivery_ratio,
    )
