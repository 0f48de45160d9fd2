r"""Chillers with loop inertia: the hall warms by a few kelvin, and is cooled down again.

The cooling load keeps its course without an event, so a thermal cut u_t (kW) warms loop and hall,
and extra cooling v_t brings them back. With the heat H, the inlet's rise a and the heat capacity C
of `hall`, budget L, rate limit r, capacity Q_full and carried load Q:

    H_t = H_{t-1} + h (u_t - v_t),      -C L_pre <= H_t <= C L,     a_t <= L
    0 <= u_t <= min(Q, C r)             the hall warms no faster than r
    0 <= v_t <= min(Q_full - Q, C r)    nor does it cool faster
    reduction_t = P(Q) - P(Q - u_t),    rebound_t = P(Q + v_t) - P(Q) <= max_rebound

No heat is assumed to leak, which makes the budget smaller than it is in the hall. An offer holds
only as much heat as can be taken out again within `LONGEST_REBOUND_RATIO` times its window.

Source:
    Balance and limits: `hall`, `inlet_envelope`; rebound of the borrowed heat over COP within one to
    three times the event, overshoot limited by chiller capacity: a choice of this project.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from vpp.flexibility.bounds import TOLERANCE_KW, check_within, hours_of
from vpp.flexibility.chiller_plant import (
    ChillerParameters,
    ChillerState,
    capacity_kw,
    carried_kw,
    cooling_kw_at,
    electric_kw,
    hall_of,
    heat_kwh,
    precooling_limit_kelvin,
    settled_kelvin,
    warming_limit_kelvin,
)
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
from vpp.flexibility.planning.terms import ThermalTerms
from vpp.flexibility.reservation_cost import recharge_loss_cost_per_kwh
from vpp.foundation.errors import InvalidInput

LEAST_SAVED_PER_HEAT = 0.01
"""Below this an unloaded chiller saves next to nothing while the hall warms: not worth a bid."""
LONGEST_REBOUND_RATIO = 3.0
"""Heat is borrowed only as far as it can be returned within this many times the event's length."""
ROUNDING_KELVIN = 1e-9


def rested(state: ChillerState) -> ChillerState:
    """Return the state with hall and loop on their course."""
    return replace(state, deviation_kelvin=0.0, loop_kelvin=0.0)


def _rate_kw(params: ChillerParameters) -> float:
    return params.rate_limit_k_per_hour * params.heat_capacity_kwh_per_k


def _warming_kwh(params: ChillerParameters, state: ChillerState) -> float:
    """Return the heat that may still be put into the hall, kWh thermal."""
    limit_kelvin = warming_limit_kelvin(params, state)
    if state.deviation_kelvin >= limit_kelvin:
        return 0.0
    return max(0.0, limit_kelvin - settled_kelvin(params, state)) * params.heat_capacity_kwh_per_k


def _saved_kw(params: ChillerParameters, state: ChillerState, cut_kw: float) -> float:
    full_kw = carried_kw(params, state)
    return max(0.0, electric_kw(params, state, full_kw) - electric_kw(params, state, full_kw - cut_kw))


def largest_cut_kw(params: ChillerParameters, state: ChillerState, step: timedelta) -> float:
    """Return the largest thermal cut that warms neither too far nor too fast in a step, kW thermal."""
    return min(carried_kw(params, state), _rate_kw(params), _warming_kwh(params, state) / hours_of(step))


def available_kw(params: ChillerParameters, state: ChillerState, step: timedelta) -> float:
    """Return the largest electric reduction that holds for the whole next step, kW.

    Bounded by the warming budget, the inlet limit and the rate of change.
    """
    return _saved_kw(params, state, largest_cut_kw(params, state, step))


def _largest_return_kw(
    params: ChillerParameters, state: ChillerState, step: timedelta, until_kwh: float = 0.0
) -> float:
    """Return the most extra cooling in a step, kW thermal.

    Bounded by the heat above `until_kwh`, the free capacity, the rate of change (it holds downwards
    too) and `max_rebound_kw`.
    """
    full_kw = carried_kw(params, state)
    ceiling_kw = electric_kw(params, state, full_kw) + params.max_rebound_kw
    extra_kw = min(
        (heat_kwh(params, state) - until_kwh) / hours_of(step),
        cooling_kw_at(params, state, ceiling_kw) - full_kw,
        _rate_kw(params),
    )
    return extra_kw if extra_kw > TOLERANCE_KW else 0.0


def _rebound_kw(params: ChillerParameters, state: ChillerState, extra_kw: float) -> float:
    full_kw = carried_kw(params, state)
    return electric_kw(params, state, full_kw + extra_kw) - electric_kw(params, state, full_kw)


def recovery_kw(params: ChillerParameters, state: ChillerState, step: timedelta) -> float:
    """Return the extra electric power that cooling the hall down again would draw, kW."""
    return _rebound_kw(params, state, _largest_return_kw(params, state, step))


def _precooling_kw(params: ChillerParameters, state: ChillerState, step: timedelta) -> float:
    lowest_kwh = -precooling_limit_kelvin(params, state) * params.heat_capacity_kwh_per_k
    return _largest_return_kw(params, state, step, lowest_kwh)


def available_increase_kw(params: ChillerParameters, state: ChillerState, step: timedelta) -> float:
    """Return the largest electric increase that holds for the whole next step, kW.

    Returns borrowed heat, and cools ahead as far as `precool_kelvin` and the recommended inlet range
    allow.
    """
    return _rebound_kw(params, state, _precooling_kw(params, state, step))


def _put_in(params: ChillerParameters, state: ChillerState, loop_kw: float, step: timedelta) -> ChillerState:
    """Return the state after a step with heat put into (or, negative, taken out of) the loop."""
    hall = hall_of(params, state)
    loop, air = hall.after(state.water_kelvin, state.deviation_kelvin, loop_kw, hours_of(step))
    return replace(state, deviation_kelvin=air, loop_kelvin=loop)


def advance(  # noqa: PLR0913  the last two by keyword
    params: ChillerParameters,
    state: ChillerState,
    reduction_kw: float,
    step: timedelta,
    *,
    increase_kw: float = 0.0,
    recovery_limit_kw: float = math.inf,
) -> tuple[ChillerState, float]:
    """Carry the hall through one step.

    Args:
        params: The cooling plant.
        state: At the start of the step.
        reduction_kw: Commanded electric reduction, kW; 0 cools the hall down again, or lets one
            that was cooled ahead come back. More than `available_kw` is delivered as far as
            available.
        step: Length of the step.
        increase_kw: Commanded electric increase, kW; delivered as far as available.
        recovery_limit_kw: Largest extra electric power the site allows in this step, kW.

    Returns:
        The state at the end of the step and the change of consumption at the point of
        connection, kW: negative while cooling is cut, positive while it is made good. Heat put
        in and taken out is the change of `heat_kwh`.

    Raises:
        InvalidInput: A command is negative or not finite, both are given, or the step is not
            above zero.
    """
    check_within(reduction_kw, "reduction_kw")
    check_within(increase_kw, "increase_kw")
    if reduction_kw > 0.0 and increase_kw > 0.0:
        raise InvalidInput(f"increase_kw is {increase_kw}, expected 0 beside a reduction")
    full_kw = carried_kw(params, state)
    before_kw = electric_kw(params, state, full_kw)
    if reduction_kw > 0.0:
        delivered_kw = min(reduction_kw, available_kw(params, state, step))
        if delivered_kw <= 0.0:
            return _put_in(params, state, 0.0, step), 0.0
        cut_kw = full_kw - cooling_kw_at(params, state, before_kw - delivered_kw)
        cut_kw = min(max(0.0, cut_kw), largest_cut_kw(params, state, step))
        return _put_in(params, state, cut_kw, step), -delivered_kw
    if increase_kw <= 0.0 and settled_kelvin(params, state) < -ROUNDING_KELVIN:  # cooled ahead: comes back
        back_kw = min(-heat_kwh(params, state) / hours_of(step), _rate_kw(params), full_kw)
        return _put_in(params, state, back_kw, step), -_saved_kw(params, state, back_kw)
    limit_kw = recovery_limit_kw
    extra_kw = _largest_return_kw(params, state, step)
    if increase_kw > 0.0:
        limit_kw, extra_kw = min(increase_kw, limit_kw), _precooling_kw(params, state, step)
    if limit_kw < math.inf:
        allowed_kw = cooling_kw_at(params, state, before_kw + max(0.0, limit_kw)) - full_kw
        extra_kw = min(extra_kw, max(0.0, allowed_kw))
    return _put_in(params, state, -extra_kw, step), _rebound_kw(params, state, extra_kw)


def saved_per_heat(params: ChillerParameters, state: ChillerState, step: timedelta) -> float:
    """Return the least electric energy saved per heat put into the hall, over all cuts in reach."""
    largest_kw = largest_cut_kw(params, state, step)
    # Savings per heat are lowest at the largest cut, or where the chiller has unloaded falsely.
    cycling_kw = carried_kw(params, state) - params.curves.min_part_load_ratio * capacity_kw(params, state)
    cuts_kw = [largest_kw, cycling_kw] if 0.0 < cycling_kw < largest_kw else [largest_kw]
    return min(_saved_kw(params, state, cut_kw) / cut_kw for cut_kw in cuts_kw)


def _warmed(params: ChillerParameters, state: ChillerState, warming_kwh: float) -> ChillerState:
    kelvin = settled_kelvin(params, state) + warming_kwh / params.heat_capacity_kwh_per_k
    return replace(state, deviation_kelvin=kelvin, loop_kelvin=kelvin)


def envelope(params: ChillerParameters, state: ChillerState) -> Envelope:
    """Return what the cooling plant can deliver from its present state.

    The largest reduction is the one at the rate limit, which a full budget feeds for
    `budget_kelvin` / `rate_limit_k_per_hour` hours; a smaller one lasts longer.
    """
    warming_kwh = _warming_kwh(params, state)
    at_limit = max(timedelta(hours=warming_kwh / _rate_kw(params)), timedelta(seconds=1.0))
    warmed = _warmed(params, state, warming_kwh)
    extra_kw = _largest_return_kw(params, warmed, at_limit)
    cut_kw = largest_cut_kw(params, state, at_limit)
    why_not = ""
    if cut_kw <= TOLERANCE_KW:
        why_not = "no room to warm, or no cooling load"
    elif extra_kw <= 0.0:
        why_not = "no free capacity to cool the hall down again"
    elif saved_per_heat(params, state, at_limit) <= LEAST_SAVED_PER_HEAT:
        why_not = "the chillers run so low that a cut saves next to nothing"
    confidence = DeliveryConfidence(params.delivery_ratio)
    if why_not:
        return Envelope(
            params.resource_id,
            FlexDirection.LOAD_DOWN,
            Boundary.POC,
            0.0,
            0.0,
            timedelta(0),
            confidence,
            delay=params.response_time,
            excludes=params.excludes,
            why_not=why_not,
        )
    rebound_kw = _rebound_kw(params, warmed, extra_kw)
    return Envelope(
        resource_id=params.resource_id,
        direction=FlexDirection.LOAD_DOWN,
        boundary=Boundary.POC,
        p_max_kw=_saved_kw(params, state, cut_kw),
        energy_budget_kwh=warming_kwh * saved_per_heat(params, state, at_limit),
        max_duration=LONGEST_ACTIVATION,
        confidence=confidence,
        delay=params.response_time,
        recovery=EnvelopeRecovery(
            warming_kwh * rebound_kw / extra_kw,
            RecoveryShape.DECAYING,
            rebound_kw,
            timedelta(hours=warming_kwh / extra_kw),
        ),
        cost=EnvelopeCost(per_kwh=params.wear_cost_per_kwh),
        excludes=params.excludes,
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
        capacity to cool it down again in time, or runs so low that a cut saves next to nothing.

    Raises:
        InvalidInput: No interval, or the step is not above zero.
    """
    check_within(interval_count, "interval_count", 1)
    step_hours = hours_of(step)
    power_kw = available_kw(params, state, step)
    warmed = _warmed(params, state, _warming_kwh(params, state))
    extra_kw = _largest_return_kw(params, warmed, step)
    if power_kw <= TOLERANCE_KW or extra_kw <= 0.0:
        return None
    least_saved = saved_per_heat(params, state, step)
    if least_saved <= LEAST_SAVED_PER_HEAT:
        return None
    borrowed_kwh = max(0.0, heat_kwh(params, state))
    returned_kwh = LONGEST_REBOUND_RATIO * interval_count * step_hours * extra_kw - borrowed_kwh
    warming_kwh = min(_warming_kwh(params, state), returned_kwh)
    if warming_kwh <= ROUNDING_KELVIN * params.heat_capacity_kwh_per_k:
        return None
    recovery_ratio = _rebound_kw(params, warmed, extra_kw) / extra_kw / least_saved
    loss_cost = max(Decimal(0), recharge_loss_cost_per_kwh(tariff_per_kwh, exact_ratio(recovery_ratio)))
    return Offer(
        resource_id=params.resource_id,
        reduction_kw=(power_kw,) * interval_count,
        price_per_mwh=price_per_mwh(params.wear_cost_per_kwh + loss_cost),
        divisible=True,
        min_acceptance_ratio=0.0,
        energy_limit_kwh=min(warming_kwh * least_saved, interval_count * step_hours * power_kw),
        recovery_ratio=recovery_ratio,
        recovery_intervals=whole_intervals((borrowed_kwh + warming_kwh) / extra_kw, step_hours),
        max_recovery_kw=_rebound_kw(params, warmed, extra_kw),
        fixed_cost=Decimal(0),
        delivery_ratio=params.delivery_ratio,
        cost=OpportunityCost(
            wear_per_kwh=params.wear_cost_per_kwh, recovery_ratio=exact_ratio(recovery_ratio)
        ),
    )


def terms(
    params: ChillerParameters,
    state: ChillerState,
    interval_count: int,
    step: timedelta,
    *,
    cooling_load_kw: Sequence[float] = (),
) -> ThermalTerms:
    """Return what the planner sees of the cooling plant.

    Its second temperature is the settled rise, which the air approaches and, under a cut, never exceeds:
    bounded by the budget it bounds the air at every moment. Each interval has one gain: the heat behind
    an electric kW at the cut that saves least per heat, and cooling down again counts as at the largest
    return, so that no plan leaves the hall warmer than it says.

    Args:
        params: The cooling plant.
        state: At the start of the horizon.
        interval_count: Intervals of the horizon, N.
        step: Length of an interval.
        cooling_load_kw: Forecast of the heat to be removed, kW thermal. Shape (N,); empty for the
            present one.
    """
    hours = hours_of(step)
    loads_kw = tuple(cooling_load_kw) or (state.cooling_load_kw,) * interval_count
    hall = hall_of(params, state)
    water_gain, settled_gain = hall.gain(hours)[0], hours / hall.kwh_per_k
    by_loop, by_air = hall.decay(hours)[0]
    loop_row = (
        by_loop - by_air * hall.loop_kwh_per_k / hall.air_kwh_per_k,
        by_air * hall.kwh_per_k / hall.air_kwh_per_k,
    )
    start_kelvin = settled_kelvin(params, state)
    over_kelvin = max(warming_limit_kelvin(params, state), start_kelvin)
    under_kelvin = precooling_limit_kelvin(params, state)
    warm = _warmed(params, rested(state), over_kelvin * params.heat_capacity_kwh_per_k)
    reductions_kw, increases_kw, gains, returns = [], [], [], [1.0]
    for load_kw in loads_kw:
        course = replace(rested(state), cooling_load_kw=load_kw)
        cut_kw = min(carried_kw(params, course), _rate_kw(params))
        is_worth_it = cut_kw > TOLERANCE_KW and saved_per_heat(params, course, step) > LEAST_SAVED_PER_HEAT
        reductions_kw.append(_saved_kw(params, course, cut_kw) if is_worth_it else 0.0)
        loaded = replace(warm, cooling_load_kw=load_kw)
        lowest_kwh = -under_kelvin * params.heat_capacity_kwh_per_k
        extra_kw = _largest_return_kw(params, loaded, step, lowest_kwh)
        increases_kw.append(_rebound_kw(params, loaded, extra_kw))
        heat_kw = 1.0 / saved_per_heat(params, course, step) if is_worth_it else 0.0
        if is_worth_it and extra_kw > 0.0:
            returns.append(extra_kw / increases_kw[-1] / heat_kw)
        gains.append((water_gain * heat_kw, settled_gain * heat_kw))
    return ThermalTerms(
        resource_id=params.resource_id,
        start_k=(state.water_kelvin, start_kelvin),
        decay=((loop_row, (0.0, 1.0)),) * interval_count,
        gain_k_per_kw=tuple(gains),
        over_k=(over_kelvin,) * interval_count,
        under_k=(under_kelvin,) * interval_count,
        rate_k=(params.rate_limit_k_per_hour * hours,) * interval_count,
        max_reduction_kw=tuple(reductions_kw),
        max_increase_kw=tuple(increases_kw),
        return_ratio=min(returns),
        cost_per_kwh=float(params.wear_cost_per_kwh),
        delivery_ratio=params.delivery_ratio,
    )
