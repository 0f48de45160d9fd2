"""A stationary battery: sheds by discharging, pays back by recharging, keeps its floor."""

import math
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from vpp.flexibility.bounds import check_above_zero, check_within, hours_of
from vpp.flexibility.energy_store import after_discharge_kwh, recharge_kw, sustained_kw
from vpp.flexibility.enrolment_envelope import LONGEST_ACTIVATION, EnrolmentEnvelope
from vpp.flexibility.offer import Offer, exact_ratio, price_per_mwh, whole_intervals
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
            window's lower end holds.
        wear_cost_per_kwh: What a discharged kWh takes from the battery's life.
        response_time: From command to full discharge.
        delivery_ratio: Share of a command delivered nine times in ten, in (0, 1].
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

    def __post_init__(self) -> None:
        """Refuse quantities outside their range."""
        check_above_zero(self.capacity_kwh, "capacity_kwh")
        check_above_zero(self.max_discharge_kw, "max_discharge_kw")
        check_above_zero(self.max_charge_kw, "max_charge_kw")
        check_above_zero(self.round_trip_ratio, "round_trip_ratio", 1.0)
        check_within(self.max_soc_ratio, "max_soc_ratio", 0.0, 1.0)
        check_within(self.min_soc_ratio, "min_soc_ratio", 0.0, self.max_soc_ratio)
        check_within(self.backup_floor_kwh, "backup_floor_kwh", 0.0, self.capacity_kwh)
        check_above_zero(self.delivery_ratio, "delivery_ratio", 1.0)

    @property
    def floor_kwh(self) -> float:
        """Energy below which no command takes the battery, kWh."""
        return max(self.min_soc_ratio * self.capacity_kwh, self.backup_floor_kwh)

    @property
    def ceiling_kwh(self) -> float:
        """Energy above which the battery is not charged, kWh."""
        return self.max_soc_ratio * self.capacity_kwh

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


def check_ledger(params: BatteryParameters, state: BatteryState) -> None:
    """Refuse a battery that has promised more than it holds.

    Raises:
        InvalidInput: Floor and commitments together exceed the stored energy.
    """
    promised_kwh = params.floor_kwh + state.committed_arbitrage_kwh + state.committed_dr_kwh
    if promised_kwh > state.stored_kwh:
        raise InvalidInput(
            f"stored_kwh is {state.stored_kwh}, expected at least the promised {promised_kwh}",
            stored_kwh=str(state.stored_kwh),
            promised_kwh=str(promised_kwh),
        )


def envelope(params: BatteryParameters, state: BatteryState) -> EnrolmentEnvelope:
    """Return what the battery can deliver from a full window.

    Args:
        params: The battery.
        state: Ignored but for its type: the envelope is that of a full battery.

    Example:
        >>> from decimal import Decimal
        >>> battery = BatteryParameters("bess", 4000.0, 2000.0, 2000.0, 0.8, 0.1, 0.9, 0.0,
        ...     Decimal("0.16"), timedelta(seconds=1), 0.95)
        >>> envelope(battery, BatteryState(stored_kwh=3600.0)).energy_budget_kwh
        3200.0
    """
    del state  # the envelope outlives it
    budget_kwh = max(0.0, params.ceiling_kwh - params.floor_kwh)
    return EnrolmentEnvelope(
        max_reduction_kw=params.max_discharge_kw,
        min_reduction_kw=0.0,
        response_time=params.response_time,
        min_duration=timedelta(0),
        max_duration=LONGEST_ACTIVATION,
        energy_budget_kwh=budget_kwh,
        recovery_ratio=params.recovery_ratio,
        recovery_duration=timedelta(hours=budget_kwh * params.recovery_ratio / params.max_charge_kw),
    )


def available_kw(params: BatteryParameters, state: BatteryState, step: timedelta) -> float:
    """Return the largest discharge that holds for the whole next step above the floor, kW.

    Commitments do not count here: they bind offers, not a dispatch that has already won.
    """
    return sustained_kw(state.stored_kwh, params.floor_kwh, params.max_discharge_kw, hours_of(step))


def recovery_kw(params: BatteryParameters, state: BatteryState, step: timedelta) -> float:
    """Return the recharge that the battery would draw in the next step if left alone, kW."""
    missing_kwh = min(state.owed_kwh, params.ceiling_kwh - state.stored_kwh)
    return recharge_kw(missing_kwh, params.round_trip_ratio, params.max_charge_kw, hours_of(step))


def advance(
    params: BatteryParameters,
    state: BatteryState,
    reduction_kw: float,
    step: timedelta,
    *,
    recovery_limit_kw: float = math.inf,
) -> tuple[BatteryState, float]:
    """Carry the battery through one step.

    Args:
        params: The battery.
        state: At the start of the step.
        reduction_kw: Commanded reduction, kW; 0 recharges what is owed. More than
            `available_kw` is delivered as far as available.
        step: Length of the step.
        recovery_limit_kw: Largest recharge the site allows in this step, kW.

    Returns:
        The state at the end of the step and the change of consumption at the point of
        connection, kW: negative while it discharges, positive while it recharges. Stored plus
        owed energy never changes.

    Raises:
        InvalidInput: The command is negative or not finite, or the step is not above zero.
    """
    check_within(reduction_kw, "reduction_kw")
    step_hours = hours_of(step)
    if reduction_kw > 0.0:
        delivered_kw = min(reduction_kw, available_kw(params, state, step))
        stored_kwh = after_discharge_kwh(state.stored_kwh, params.floor_kwh, delivered_kw, step_hours)
        owed_kwh = state.owed_kwh + (state.stored_kwh - stored_kwh)
        return replace(state, stored_kwh=stored_kwh, owed_kwh=owed_kwh), -delivered_kw
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
    check_ledger(params, state)
    step_hours = hours_of(step)
    kept_kwh = params.floor_kwh + state.committed_dr_kwh
    recharge_cost = recharge_loss_cost_per_kwh(tariff_per_kwh, exact_ratio(params.recovery_ratio))
    cost_per_kwh = params.wear_cost_per_kwh + recharge_cost
    if displaced_value_per_kwh is None:
        kept_kwh += state.committed_arbitrage_kwh
    else:
        cost_per_kwh += displaced_value_per_kwh
    power_kw = sustained_kw(state.stored_kwh, kept_kwh, params.max_discharge_kw, step_hours)
    if power_kw <= 0.0:
        return None
    energy_kwh = min(state.stored_kwh - kept_kwh, interval_count * step_hours * power_kw)
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
    )
