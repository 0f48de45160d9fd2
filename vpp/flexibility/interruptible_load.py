r"""Load of any kind that can be let go for a while: cold rooms, pumps, lighting, ventilation, charging.

Nothing here assumes computers: a shop, a warehouse or an office offers part of what it draws, for a
time, with a rest afterwards, and draws some of it again. With the load l, its share s that can be
let go, the energy owed O and the rebound ratio b:

    0 <= d_t <= s l_t   (all of it or nothing where it comes as a block)
    held for T_min to T_max without a break,   rest T_rest after each,   at most n a day
    O_t = O_{t-1} + b h d_t - h g_t,   0 <= g_t <= G

Source:
    Kinds of load beside computing (retail, logistics, office): requirement F36 of this project's reference.
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
from vpp.flexibility.planning.terms import CutSegment, PauseTerms, WorkTerms
from vpp.foundation.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class InterruptibleLoadParameters:
    """What the site knows about the load.

    Attributes:
        resource_id: The flexible resource.
        sheddable_ratio: Share of the present load that can be let go, in (0, 1].
        max_duration: Longest time without it.
        rest: Least time from the end of one use to the next.
        cost_per_kwh: What a kWh not drawn costs the site beside the power itself.
        response_time: From command to full reduction.
        delivery_ratio: Share of a command delivered nine times in ten, in (0, 1].
        rebound_ratio: Energy drawn again per energy not drawn; 0 for lighting, about 1 for cold.
        max_rebound_kw: Largest power of that, kW.
        is_block: Whether it goes as a whole or not at all.
        min_duration: Shortest use that is worth it.
        max_activations_per_day: Most uses in a day; None for no limit.
        excludes: Resource ids that cannot be used at the same time.
    """

    resource_id: str
    sheddable_ratio: float
    max_duration: timedelta
    rest: timedelta
    cost_per_kwh: Decimal
    response_time: timedelta
    delivery_ratio: float
    rebound_ratio: float = 0.0
    max_rebound_kw: float = 0.0
    is_block: bool = False
    min_duration: timedelta = timedelta(0)
    max_activations_per_day: int | None = None
    excludes: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse quantities outside their range, and a rebound that never comes back."""
        check_above_zero(self.sheddable_ratio, "sheddable_ratio", 1.0)
        check_above_zero(self.delivery_ratio, "delivery_ratio", 1.0)
        check_within(self.rebound_ratio, "rebound_ratio", 0.0, 3.0)
        check_within(self.max_rebound_kw, "max_rebound_kw")
        hours_of(self.max_duration, "max_duration")
        if not timedelta(0) <= self.min_duration <= self.max_duration:
            raise InvalidInput(
                f"min_duration is {self.min_duration}, expected zero to max_duration {self.max_duration}"
            )
        check_wait(self.rest, "rest")
        check_wait(self.response_time, "response_time")
        check_amount(self.cost_per_kwh, "cost_per_kwh")
        check_excludes(self.resource_id, self.excludes)
        if self.max_activations_per_day is not None:
            check_within(self.max_activations_per_day, "max_activations_per_day")
        if self.rebound_ratio > 0.0 and self.max_rebound_kw <= 0.0:
            raise InvalidInput(
                f"max_rebound_kw is {self.max_rebound_kw}, expected above 0 with a rebound_ratio of "
                f"{self.rebound_ratio}"
            )


@dataclass(frozen=True, slots=True)
class InterruptibleLoadState:
    """What the load draws and how it has been used.

    Attributes:
        load_kw: What it would draw if left alone, kW.
        held_for: How long it has been let go; zero if it has not.
        rested_for: Time since the last use; None if there was none.
        owed_kwh: Energy still to be drawn again, kWh.
        uses_today: Uses of the day that have begun.
    """

    load_kw: float
    held_for: timedelta = timedelta(0)
    rested_for: timedelta | None = None
    owed_kwh: float = 0.0
    uses_today: int = 0

    def __post_init__(self) -> None:
        """Refuse negative quantities."""
        for field in ("load_kw", "owed_kwh", "uses_today"):
            check_within(getattr(self, field), field)


def rested(state: InterruptibleLoadState) -> InterruptibleLoadState:
    """Return the state of the same load, not used before."""
    return InterruptibleLoadState(state.load_kw)


def why_not(params: InterruptibleLoadParameters, state: InterruptibleLoadState, span: timedelta) -> str:
    """Return in words why it cannot be let go for a span; empty if it can."""
    if state.held_for + span > params.max_duration:
        return "it would be without power for too long"
    if state.held_for > timedelta(0):
        return ""
    if state.rested_for is not None and state.rested_for < params.rest:
        return "it rests after its last use"
    limit = params.max_activations_per_day
    if limit is not None and state.uses_today >= limit:
        return "it has been used as often as it may today"
    return ""


def available_kw(
    params: InterruptibleLoadParameters, state: InterruptibleLoadState, step: timedelta
) -> float:
    """Return the largest reduction that holds for the whole next step, kW."""
    hours_of(step)
    kw = params.sheddable_ratio * state.load_kw
    return 0.0 if kw <= TOLERANCE_KW or why_not(params, state, step) else kw


def available_increase_kw(
    params: InterruptibleLoadParameters, state: InterruptibleLoadState, step: timedelta
) -> float:
    """Return 0.0: it draws what it needs and no more."""
    del params, state, step
    return 0.0


def recovery_kw(params: InterruptibleLoadParameters, state: InterruptibleLoadState, step: timedelta) -> float:
    """Return the increase that its rebound would draw in the next step if left alone, kW."""
    return min(params.max_rebound_kw, state.owed_kwh / hours_of(step))


def _goes_in_one(params: InterruptibleLoadParameters, step: timedelta) -> bool:
    """Whether a use must run through: it cannot be taken interval by interval."""
    return params.is_block or params.rest > timedelta(0) or params.min_duration > step


def advance(  # noqa: PLR0913  the last two by keyword
    params: InterruptibleLoadParameters,
    state: InterruptibleLoadState,
    reduction_kw: float,
    step: timedelta,
    *,
    increase_kw: float = 0.0,
    recovery_limit_kw: float = math.inf,
) -> tuple[InterruptibleLoadState, float]:
    """Carry the load through one step.

    Args:
        params: The load.
        state: At the start of the step.
        reduction_kw: Commanded reduction, kW; 0 lets it run and draw what it owes. A block goes as a
            whole for any command above 0.
        step: Length of the step.
        increase_kw: Commanded increase, kW; it has none to offer.
        recovery_limit_kw: Largest rebound the site allows in this step, kW.

    Returns:
        The state at the end of the step and the change of consumption at the point of
        connection, kW.

    Raises:
        InvalidInput: A command is negative or not finite, or the step is not above zero.
    """
    check_within(reduction_kw, "reduction_kw")
    check_within(increase_kw, "increase_kw")
    hours, most_kw = hours_of(step), available_kw(params, state, step)
    if reduction_kw > 0.0 and most_kw > 0.0:
        delivered_kw = most_kw if params.is_block else min(reduction_kw, most_kw)
        begins = state.held_for <= timedelta(0)
        after = replace(
            state,
            held_for=state.held_for + step,
            rested_for=None,
            owed_kwh=state.owed_kwh + params.rebound_ratio * delivered_kw * hours,
            uses_today=state.uses_today + begins,
        )
        return after, -delivered_kw
    drawn_kw = min(recovery_kw(params, state, step), max(0.0, recovery_limit_kw))
    rested_for = state.rested_for
    if state.held_for > timedelta(0):
        rested_for = step
    elif rested_for is not None:
        rested_for += step
    owed_kwh = max(0.0, state.owed_kwh - drawn_kw * hours)
    return replace(state, held_for=timedelta(0), rested_for=rested_for, owed_kwh=owed_kwh), drawn_kw


def envelope(params: InterruptibleLoadParameters, state: InterruptibleLoadState) -> Envelope:
    """Return what the load can deliver from its present state."""
    left = max(timedelta(0), params.max_duration - state.held_for)
    reason = why_not(params, state, left) if left > timedelta(0) else "it would be without power for too long"
    power_kw = 0.0 if reason else params.sheddable_ratio * state.load_kw
    if power_kw <= TOLERANCE_KW:
        power_kw, left = 0.0, timedelta(0)
    energy_kwh = power_kw * (left / timedelta(hours=1))
    owed_kwh = params.rebound_ratio * energy_kwh
    recovery = EnvelopeRecovery()
    if owed_kwh > 0.0:
        hours = owed_kwh / params.max_rebound_kw
        recovery = EnvelopeRecovery(
            owed_kwh, RecoveryShape.DECAYING, params.max_rebound_kw, timedelta(hours=hours)
        )
    return Envelope(
        resource_id=params.resource_id,
        direction=FlexDirection.LOAD_DOWN,
        boundary=Boundary.POC,
        p_max_kw=power_kw,
        energy_budget_kwh=energy_kwh,
        max_duration=left,
        confidence=DeliveryConfidence(params.delivery_ratio),
        p_min_kw=power_kw if params.is_block else 0.0,
        delay=params.response_time,
        min_duration=min(params.min_duration, left),
        use=EnvelopeUse(rest=params.rest, max_activations_per_day=params.max_activations_per_day),
        recovery=recovery,
        cost=EnvelopeCost(per_kwh=params.cost_per_kwh),
        excludes=params.excludes,
        why_not=reason or ("" if power_kw > 0.0 else "nothing is drawn"),
    )


def offer(
    params: InterruptibleLoadParameters,
    state: InterruptibleLoadState,
    interval_count: int,
    step: timedelta,
    *,
    tariff_per_kwh: Decimal,
) -> Offer | None:
    """Return what the load can bid for a window, or None if it cannot be let go for all of it.

    Args:
        params: The load.
        state: As expected at the start of the window.
        interval_count: Delivery intervals in the window; at least 1.
        step: Length of a delivery interval.
        tariff_per_kwh: What the site pays for a kWh and saves by not drawing it.

    Returns:
        A divisible offer; where a use must run through, an indivisible one of the same share in all
        intervals.

    Raises:
        InvalidInput: No interval, or the step is not above zero.
    """
    check_within(interval_count, "interval_count", 1)
    hours, window = hours_of(step), interval_count * step
    power_kw = available_kw(params, state, window)
    if power_kw <= 0.0 or window < params.min_duration:
        return None
    cost = OpportunityCost(
        lost_value_per_kwh=params.cost_per_kwh, recovery_ratio=exact_ratio(params.rebound_ratio)
    )
    owed_kwh = state.owed_kwh + params.rebound_ratio * power_kw * interval_count * hours
    back_hours = owed_kwh / params.max_rebound_kw if owed_kwh > 0.0 else 0.0
    return Offer(
        resource_id=params.resource_id,
        reduction_kw=(power_kw,) * interval_count,
        price_per_mwh=price_per_mwh(max(Decimal(0), cost.at(tariff_per_kwh))),
        divisible=not _goes_in_one(params, step),
        min_acceptance_ratio=1.0 if params.is_block else 0.0,
        energy_limit_kwh=None,
        recovery_ratio=params.rebound_ratio,
        recovery_intervals=whole_intervals(back_hours, hours) if owed_kwh > 0.0 else 0,
        max_recovery_kw=params.max_rebound_kw if owed_kwh > 0.0 else 0.0,
        fixed_cost=Decimal(0),
        delivery_ratio=params.delivery_ratio,
        cost=cost,
    )


def terms(
    params: InterruptibleLoadParameters,
    state: InterruptibleLoadState,
    interval_count: int,
    step: timedelta,
    *,
    load_kw: Sequence[float] = (),
) -> WorkTerms:
    """Return what the planner sees of the load: nothing of it is lost, its rebound has no deadline.

    A load that comes as a block, rests between uses or has a shortest use is planned as one pause of all
    that can be let go.

    Args:
        params: The load.
        state: At the start of the horizon.
        interval_count: Intervals of the horizon, N.
        step: Length of an interval.
        load_kw: Forecast of the load, kW. Shape (N,); empty for the present one.
    """
    hours = hours_of(step)
    loads_kw = tuple(load_kw) or (state.load_kw,) * interval_count
    longest = max(0, (params.max_duration - state.held_for) // step)
    may_begin = longest > 0 and not why_not(params, state, step)
    pause: PauseTerms | None = None
    segments: tuple[CutSegment, ...] = ()
    if _goes_in_one(params, step):
        first = _first_begin(params, state, longest, step)
        pause = _pause(params, state, tuple(n >= first for n in range(interval_count)), longest, step)
    else:
        segments = (CutSegment(params.sheddable_ratio, params.rebound_ratio),)
        loads_kw = tuple(kw if may_begin and n < longest else 0.0 for n, kw in enumerate(loads_kw))
    most_kwh = state.owed_kwh + params.rebound_ratio * hours * math.fsum(loads_kw)
    return WorkTerms(
        resource_id=params.resource_id,
        load_kw=loads_kw,
        segments=segments,
        catch_up_kw=(params.max_rebound_kw,) * interval_count,
        later_catch_up_kw=params.max_rebound_kw,
        due_after=(interval_count,) * interval_count,
        backlog_kwh=((interval_count - 1, state.owed_kwh),) if state.owed_kwh > 0.0 else (),
        pause=pause,
        max_late_kwh=most_kwh,
        cost_per_kwh=float(params.cost_per_kwh),
        delivery_ratio=params.delivery_ratio,
    )


def _first_begin(
    params: InterruptibleLoadParameters, state: InterruptibleLoadState, longest: int, step: timedelta
) -> float:
    """Return the first interval in which a new use may begin, wherever the present one ends."""
    limit = params.max_activations_per_day
    if limit is not None and state.uses_today >= limit:
        return math.inf
    if state.held_for > timedelta(0):
        return longest + math.ceil(params.rest / step)
    if state.rested_for is None:
        return 0
    return math.ceil(max(timedelta(0), params.rest - state.rested_for) / step)


def _pause(
    params: InterruptibleLoadParameters,
    state: InterruptibleLoadState,
    is_allowed: tuple[bool, ...],
    longest: int,
    step: timedelta,
) -> PauseTerms | None:
    """Return one use in the planner's words; None where none fits."""
    held = math.ceil(state.held_for / step)
    shortest = max(1, math.ceil(params.min_duration / step))
    if params.max_duration // step < shortest:
        return None  # no use fits into whole intervals
    return PauseTerms(
        is_allowed=is_allowed,
        idle_power_ratio=1.0 - params.sheddable_ratio,
        lost_ratio=params.rebound_ratio * params.sheddable_ratio,
        shortest_intervals=shortest,
        longest_intervals=max(shortest, held + longest if held else params.max_duration // step),
        paused_for=held,
    )
