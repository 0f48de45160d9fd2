r"""A backup generator: off unless the site turns it on, and then within the hours of its permit.

With on_t in {0, 1}, its start v_t, output x_t, the site's load l_t and the permit's hours H:

    P_min on_t <= x_t <= min(P_max, l_t) on_t                     nothing flows into the grid
    on_t - on_{t-1} <= v_t,   v_t = 1  =>  on for at least the minimum run
    h sum_t on_t <= H,   sum_t h x_t <= fuel - reserve

A start fails with probability q. What is delivered nine times in ten is therefore nothing where
q >= 0.1 and the set stands still; such a set is not offered. Every hour is counted with its category
(`generator_permit`).

Source:
    Permit hours: `generator_permit`; minimum run 30 to 60 min; large sets start within 60 to 90 s.
    Off by default: reliability and permits outrank revenue, a choice of this project.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from vpp.flexibility.bounds import (
    SECONDS_PER_HOUR,
    TOLERANCE_KW,
    check_above_zero,
    check_amount,
    check_excludes,
    check_wait,
    check_within,
    hours_of,
)
from vpp.flexibility.enrolment_envelope import LONGEST_ACTIVATION
from vpp.flexibility.envelope import (
    Boundary,
    DeliveryConfidence,
    Envelope,
    EnvelopeCost,
    EnvelopeUse,
    FlexDirection,
)
from vpp.flexibility.generator_permit import (
    LONGEST_YEAR_HOURS,
    NON_EMERGENCY_HOURS_PER_YEAR,
    PAID_HOURS_PER_YEAR,
    GeneratorPermit,
)
from vpp.flexibility.offer import Offer, exact_ratio, price_per_mwh, rounded_up
from vpp.flexibility.opportunity_cost import OpportunityCost
from vpp.flexibility.planning.terms import GeneratorTerms

MOST_FAILURES_RATIO = 0.1
"""A p10 promise needs a start that fails less often than this."""
ROUNDING_HOURS = 1e-9


@dataclass(frozen=True, slots=True)
class GeneratorParameters:
    """What the site knows about its generator.

    Attributes:
        resource_id: The flexible resource.
        max_kw: Largest output at the point of connection, kW.
        min_kw: Least output while it runs, kW: below it the engine wears.
        start_failure_ratio: Share of starts that fail, 0..1.
        fuel_cost_per_kwh: Fuel and upkeep of a kWh made.
        emission_kg_per_kwh: Carbon dioxide of a kWh made, kg.
        delivery_ratio: Share of a command delivered nine times in ten once it runs, in (0, 1].
        is_enabled: Whether the site lets it serve the grid at all.
        non_emergency_hours_per_year: Hours the permit allows without an emergency, tests included.
        paid_hours_per_year: Hours the permit allows under a financial arrangement.
        response_time: From command to full output: start, run-up and transfer.
        min_run: Shortest run.
        start_cost: Of each start.
        tank_kwh: Energy that a full tank makes, kWh; None for fuel without limit.
        fuel_reserve_kwh: Energy of which the fuel is kept for emergencies, kWh; only with `tank_kwh`.
        excludes: Resource ids that cannot be used at the same time, a UPS for example.
    """

    resource_id: str
    max_kw: float
    min_kw: float
    start_failure_ratio: float
    fuel_cost_per_kwh: Decimal
    emission_kg_per_kwh: float
    delivery_ratio: float
    is_enabled: bool = False
    non_emergency_hours_per_year: float = NON_EMERGENCY_HOURS_PER_YEAR
    paid_hours_per_year: float = PAID_HOURS_PER_YEAR
    response_time: timedelta = timedelta(seconds=120)
    min_run: timedelta = timedelta(minutes=30)
    start_cost: Decimal = Decimal(0)
    tank_kwh: float | None = None
    fuel_reserve_kwh: float = 0.0
    excludes: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse quantities outside their range."""
        check_above_zero(self.max_kw, "max_kw")
        check_within(self.min_kw, "min_kw", 0.0, self.max_kw)
        check_within(self.start_failure_ratio, "start_failure_ratio", 0.0, 1.0)
        check_within(self.emission_kg_per_kwh, "emission_kg_per_kwh")
        check_above_zero(self.delivery_ratio, "delivery_ratio", 1.0)
        hours_of(self.min_run, "min_run")
        check_wait(self.response_time, "response_time")
        check_amount(self.fuel_cost_per_kwh, "fuel_cost_per_kwh")
        check_amount(self.start_cost, "start_cost")
        check_excludes(self.resource_id, self.excludes)
        # A reserve of fuel without limit would be kept by nobody: no tank tells how much is left.
        check_within(self.fuel_reserve_kwh, "fuel_reserve_kwh", 0.0, self.tank_kwh or 0.0)
        check_within(
            self.non_emergency_hours_per_year, "non_emergency_hours_per_year", 0.0, LONGEST_YEAR_HOURS
        )
        check_within(self.paid_hours_per_year, "paid_hours_per_year", 0.0, self.non_emergency_hours_per_year)

    @property
    def permit(self) -> GeneratorPermit:
        """Hours of a year that the permit allows."""
        return GeneratorPermit(self.non_emergency_hours_per_year, self.paid_hours_per_year)


@dataclass(frozen=True, slots=True)
class GeneratorState:
    """How the generator stands.

    Attributes:
        load_kw: Load of the site that it can carry, kW.
        paid_hours_left: Hours that the permit has left for paid use, h.
        running_for: How long it has been running; zero if it stands.
        fuel_kwh: Energy that the fuel at hand makes, kWh; infinite for no limit.
        is_blocked: Whether a failed start, a test or an alarm keeps it from serving.
    """

    load_kw: float
    paid_hours_left: float
    running_for: timedelta = timedelta(0)
    fuel_kwh: float = math.inf
    is_blocked: bool = False

    def __post_init__(self) -> None:
        """Refuse negative quantities."""
        check_within(self.load_kw, "load_kw")
        check_within(self.paid_hours_left, "paid_hours_left")
        if self.fuel_kwh != math.inf:
            check_within(self.fuel_kwh, "fuel_kwh")

    @property
    def is_running(self) -> bool:
        """Whether it runs."""
        return self.running_for > timedelta(0)


def rested(params: GeneratorParameters, state: GeneratorState) -> GeneratorState:
    """Return the state of a set that stands ready, with the hours that the permit has left now."""
    fuel_kwh = math.inf if params.tank_kwh is None else params.tank_kwh
    return GeneratorState(state.load_kw, state.paid_hours_left, fuel_kwh=fuel_kwh)


def _run_hours(params: GeneratorParameters, state: GeneratorState, span: timedelta) -> float:
    """Return the hours that running for a span takes from the permit, the minimum run included, h."""
    rest_of_run = max(timedelta(0), params.min_run - state.running_for)
    return hours_of(max(span, rest_of_run))


def why_not(params: GeneratorParameters, state: GeneratorState, span: timedelta) -> str:
    """Return in words why it may not run for a span; empty if it may."""
    if not params.is_enabled:
        return "the site has not turned it on"
    if state.is_blocked:
        return "it failed to start, is being tested, or reports an alarm"
    if min(state.load_kw, params.max_kw) < max(params.min_kw, TOLERANCE_KW):
        return "the load is below its least output"
    if _run_hours(params, state, span) > state.paid_hours_left + ROUNDING_HOURS:
        return f"the permit has {state.paid_hours_left:g} paid hours left"
    if _fuel_kwh(params, state) < params.min_kw * _run_hours(params, state, span):
        return "its fuel is kept for emergencies"
    return ""


def _fuel_kwh(params: GeneratorParameters, state: GeneratorState) -> float:
    return max(0.0, state.fuel_kwh - params.fuel_reserve_kwh)


def available_kw(params: GeneratorParameters, state: GeneratorState, step: timedelta) -> float:
    """Return the largest output that holds for the whole next step, kW; 0 while it may not run."""
    if why_not(params, state, step):
        return 0.0
    hours = hours_of(step)
    # Fuel for the rest of the minimum run is not there to be burnt in its first step.
    kept_kwh = params.min_kw * (_run_hours(params, state, step) - hours)
    by_fuel_kw = max(0.0, _fuel_kwh(params, state) - kept_kwh) / hours
    return min(params.max_kw, state.load_kw, by_fuel_kw)


def available_increase_kw(params: GeneratorParameters, state: GeneratorState, step: timedelta) -> float:
    """Return 0.0: it makes power and can use none."""
    del params, state, step
    return 0.0


def recovery_kw(params: GeneratorParameters, state: GeneratorState, step: timedelta) -> float:
    """Return 0.0: what it made is not drawn again."""
    del params, state, step
    return 0.0


def advance(  # noqa: PLR0913  the last two by keyword
    params: GeneratorParameters,
    state: GeneratorState,
    reduction_kw: float,
    step: timedelta,
    *,
    increase_kw: float = 0.0,
    recovery_limit_kw: float = math.inf,
) -> tuple[GeneratorState, float]:
    """Carry the generator through one step; a start succeeds here, a failed one is the state's.

    Args:
        params: The generator.
        state: At the start of the step.
        reduction_kw: Commanded output, kW; 0 stops it once it has run its minimum. Less than its
            least output makes it run at that, more than `available_kw` as far as available.
        step: Length of the step.
        increase_kw: Commanded increase, kW; it has none to offer.
        recovery_limit_kw: Without meaning here: nothing is drawn again.

    Returns:
        The state at the end of the step and the change of consumption at the point of
        connection, kW, 0 or negative.

    Raises:
        InvalidInput: A command is negative or not finite, or the step is not above zero.
    """
    del recovery_limit_kw
    check_within(reduction_kw, "reduction_kw")
    check_within(increase_kw, "increase_kw")
    hours = hours_of(step)
    most_kw = available_kw(params, state, step)
    must_run = timedelta(0) < state.running_for < params.min_run
    if most_kw <= 0.0 or (reduction_kw <= 0.0 and not must_run):
        return replace(state, running_for=timedelta(0)), 0.0
    output_kw = min(max(reduction_kw, params.min_kw), most_kw)
    after = replace(
        state,
        paid_hours_left=max(0.0, state.paid_hours_left - hours),
        running_for=state.running_for + step,
        fuel_kwh=max(0.0, state.fuel_kwh - output_kw * hours),
    )
    return after, -output_kw


def emission_kg(params: GeneratorParameters, energy_kwh: float) -> float:
    """Return the carbon dioxide of some energy made, kg.

    Raises:
        InvalidInput: The energy is negative or not finite.
    """
    check_within(energy_kwh, "energy_kwh")
    return energy_kwh * params.emission_kg_per_kwh


def _confidence(params: GeneratorParameters, state: GeneratorState) -> DeliveryConfidence:
    may_fail = not state.is_running and params.start_failure_ratio >= MOST_FAILURES_RATIO
    return DeliveryConfidence(0.0 if may_fail else params.delivery_ratio)


def envelope(params: GeneratorParameters, state: GeneratorState) -> Envelope:
    """Return what the generator can deliver from its present state."""
    reason = why_not(params, state, params.min_run)
    power_kw = 0.0 if reason else min(params.max_kw, state.load_kw)
    by_fuel_hours = _fuel_kwh(params, state) / power_kw if power_kw > 0.0 else 0.0
    hours = min(state.paid_hours_left, by_fuel_hours, LONGEST_ACTIVATION.total_seconds() / SECONDS_PER_HOUR)
    longest = timedelta(hours=hours) if power_kw > 0.0 else timedelta(0)
    return Envelope(
        resource_id=params.resource_id,
        direction=FlexDirection.LOAD_DOWN,
        boundary=Boundary.POC,
        p_max_kw=power_kw,
        energy_budget_kwh=power_kw * hours,
        max_duration=longest,
        confidence=_confidence(params, state),
        p_min_kw=min(params.min_kw, power_kw),
        delay=params.response_time,
        min_duration=min(params.min_run, longest),
        use=EnvelopeUse(max_hours_per_year=params.paid_hours_per_year),
        cost=EnvelopeCost(per_start=params.start_cost, per_kwh=params.fuel_cost_per_kwh),
        excludes=params.excludes,
        why_not=reason,
    )


def offer(
    params: GeneratorParameters,
    state: GeneratorState,
    interval_count: int,
    step: timedelta,
    *,
    tariff_per_kwh: Decimal,
) -> Offer | None:
    """Return what the generator can bid for a window.

    Args:
        params: The generator.
        state: As expected at the start of the window.
        interval_count: Delivery intervals in the window; at least 1.
        step: Length of a delivery interval.
        tariff_per_kwh: What the site pays for a kWh and saves by making one.

    Returns:
        An indivisible offer, down to the least output; starting, and running on until the minimum
        run is over, are its fixed cost. None where it may not run, or starts too badly to promise.

    Raises:
        InvalidInput: No interval, or the step is not above zero.
    """
    check_within(interval_count, "interval_count", 1)
    window = interval_count * step
    power_kw = available_kw(params, state, window)
    if power_kw <= TOLERANCE_KW or _confidence(params, state).p10_ratio <= 0.0:
        return None
    beyond_hours = _run_hours(params, state, window) - hours_of(window)
    net_cost = max(Decimal(0), params.fuel_cost_per_kwh - tariff_per_kwh)
    run_on_cost = exact_ratio(beyond_hours * params.min_kw) * net_cost
    start_cost = Decimal(0) if state.is_running else params.start_cost
    return Offer(
        resource_id=params.resource_id,
        reduction_kw=(power_kw,) * interval_count,
        price_per_mwh=price_per_mwh(net_cost),
        divisible=False,
        min_acceptance_ratio=min(1.0, params.min_kw / power_kw),
        energy_limit_kwh=None,
        recovery_ratio=0.0,
        recovery_intervals=0,
        max_recovery_kw=0.0,
        fixed_cost=rounded_up(start_cost + run_on_cost),
        delivery_ratio=params.delivery_ratio,
        cost=OpportunityCost(lost_value_per_kwh=params.fuel_cost_per_kwh),
    )


def terms(
    params: GeneratorParameters,
    state: GeneratorState,
    interval_count: int,
    step: timedelta,
    *,
    load_kw: Sequence[float] = (),
) -> GeneratorTerms:
    """Return what the planner sees of the generator.

    Args:
        params: The generator.
        state: At the start of the horizon.
        interval_count: Intervals of the horizon, N.
        step: Length of an interval.
        load_kw: Forecast of the load it can carry, kW. Shape (N,); empty for the present load.
    """
    hours_of(step)
    loads_kw = tuple(load_kw) or (state.load_kw,) * interval_count
    can_start = _confidence(params, state).p10_ratio > 0.0
    fuel_hours = _fuel_kwh(params, state) / params.max_kw
    return GeneratorTerms(
        resource_id=params.resource_id,
        min_kw=params.min_kw,
        max_kw=tuple(min(params.max_kw, kw) for kw in loads_kw),
        is_allowed=tuple(
            can_start and not why_not(params, replace(state, load_kw=kw), step) for kw in loads_kw
        ),
        permit_hours=min(state.paid_hours_left, fuel_hours),
        min_run_intervals=max(1, math.ceil(params.min_run / step)),
        running_for=math.ceil(state.running_for / step),
        start_cost=float(params.start_cost),
        cost_per_kwh=float(params.fuel_cost_per_kwh),
        delivery_ratio=params.delivery_ratio,
    )
