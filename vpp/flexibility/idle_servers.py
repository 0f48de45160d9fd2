r"""Idle servers, switched off and woken again: consolidation as a resource.

With I servers idle and on, A asleep, K kept awake, and a difference of p kW at the computers between
idle and asleep, the reduction against leaving all of them on is

    d = n (1 + k) p,      0 <= n <= max(0, I + A - K),      n whole

No work is lost and nothing is paid back. What it costs is waking in time: K is the most by which demand
for servers rises within the wake time, so that no job ever waits for a sleeping server.

Source:
    Elastic scheduling with idle-server shutdown and wake time; low utilisation of servers. Design of
    this project.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from vpp.flexibility.bounds import TOLERANCE_KW, check_above_zero, check_within, hours_of
from vpp.flexibility.enrolment_envelope import LONGEST_ACTIVATION
from vpp.flexibility.envelope import (
    Boundary,
    DeliveryConfidence,
    Envelope,
    EnvelopeCost,
    FlexDirection,
)
from vpp.flexibility.measurement_boundary import at_connection_kw
from vpp.flexibility.offer import Offer, exact_ratio, price_per_mwh
from vpp.flexibility.opportunity_cost import OpportunityCost
from vpp.flexibility.planning.terms import CutSegment, WorkTerms, flat
from vpp.foundation.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class IdleServersParameters:
    """What the site knows about servers that it may switch off when they have no work.

    Attributes:
        resource_id: The flexible resource.
        idle_kw_per_server: Power of a server that is on and has no work, kW, at the computers.
        asleep_kw_per_server: Its power when it is off, kW; below the idle power.
        overhead_slope_ratio: Overhead that follows IT power, kW per kW.
        shutdown_time: From command until it draws its least.
        wake_time: From command until it takes work.
        keep_awake_count: Idle servers always left on; see `servers_to_keep_awake`.
        wear_cost_per_start: What switching a server off and on takes from its life.
        delivery_ratio: Share of a command delivered nine times in ten, in (0, 1].
    """

    resource_id: str
    idle_kw_per_server: float
    asleep_kw_per_server: float
    overhead_slope_ratio: float
    shutdown_time: timedelta
    wake_time: timedelta
    keep_awake_count: int
    wear_cost_per_start: Decimal
    delivery_ratio: float

    def __post_init__(self) -> None:
        """Refuse quantities outside their range."""
        check_above_zero(self.idle_kw_per_server, "idle_kw_per_server")
        check_within(self.asleep_kw_per_server, "asleep_kw_per_server", 0.0, self.idle_kw_per_server)
        check_above_zero(self.kw_per_server, "idle_kw_per_server less asleep_kw_per_server")
        check_within(self.overhead_slope_ratio, "overhead_slope_ratio")
        check_within(self.shutdown_time.total_seconds(), "shutdown_time")
        check_within(self.wake_time.total_seconds(), "wake_time")
        check_within(self.keep_awake_count, "keep_awake_count")
        check_above_zero(self.delivery_ratio, "delivery_ratio", 1.0)
        if not self.wear_cost_per_start.is_finite() or self.wear_cost_per_start < 0:
            raise InvalidInput(
                f"wear_cost_per_start is {self.wear_cost_per_start}, expected a finite amount of 0 or more"
            )

    @property
    def kw_per_server(self) -> float:
        """What switching one server off saves at the point of connection, kW."""
        saved_kw = self.idle_kw_per_server - self.asleep_kw_per_server
        return at_connection_kw(saved_kw, self.overhead_slope_ratio)


@dataclass(frozen=True, slots=True)
class IdleServersState:
    """How many servers have no work.

    Attributes:
        idle_count: On and idle.
        asleep_count: Switched off.
    """

    idle_count: int
    asleep_count: int = 0

    def __post_init__(self) -> None:
        """Refuse negative counts."""
        check_within(self.idle_count, "idle_count")
        check_within(self.asleep_count, "asleep_count")


def servers_to_keep_awake(busy_count: Sequence[float], step: timedelta, wake_time: timedelta) -> int:
    """Return how many idle servers must stay on so that no job waits for a sleeping one.

    Args:
        busy_count: Busy servers over time, observed or forecast; NaN is a gap. Shape (N,).
        step: Time between two values.
        wake_time: From command until a server takes work.

    Returns:
        The largest rise of the busy servers within the wake time, and at least 0.

    Example:
        >>> servers_to_keep_awake([10, 12, 15, 11], timedelta(minutes=5), timedelta(minutes=8))
        5
    """
    span = math.ceil(wake_time / step - 1e-9) if hours_of(step) else 0
    rise = 0.0
    for n, before in enumerate(busy_count):
        for after in busy_count[n + 1 : n + 1 + span]:
            if not math.isnan(after - before):
                rise = max(rise, after - before)
    return math.ceil(rise)


def _most(params: IdleServersParameters, state: IdleServersState) -> int:
    return max(0, state.idle_count + state.asleep_count - params.keep_awake_count)


def available_kw(params: IdleServersParameters, state: IdleServersState, step: timedelta) -> float:
    """Return the largest reduction for the whole next step, kW: all but those kept awake."""
    hours_of(step)
    return _most(params, state) * params.kw_per_server


def available_increase_kw(
    params: IdleServersParameters,  # noqa: ARG001  as of every kind
    state: IdleServersState,  # noqa: ARG001  as of every kind
    step: timedelta,
) -> float:
    """Return 0: idle power for its own sake is nothing to sell."""
    hours_of(step)
    return 0.0


def recovery_kw(
    params: IdleServersParameters,  # noqa: ARG001  as of every kind
    state: IdleServersState,  # noqa: ARG001  as of every kind
    step: timedelta,
) -> float:
    """Return 0: a woken server draws what it drew before."""
    hours_of(step)
    return 0.0


def advance(  # noqa: PLR0913  a command has three parts, and none of them is the state's
    params: IdleServersParameters,
    state: IdleServersState,
    reduction_kw: float,
    step: timedelta,
    *,
    increase_kw: float = 0.0,
    recovery_limit_kw: float = math.inf,
) -> tuple[IdleServersState, float]:
    """Carry the servers through one step.

    Args:
        params: The servers.
        state: At the start of the step.
        reduction_kw: Commanded reduction, kW; 0 wakes them all. As few servers sleep as give it;
            more than `available_kw` is delivered as far as available.
        step: Length of the step.
        increase_kw: Must be 0 or more; gives nothing.
        recovery_limit_kw: Without meaning here: nothing is paid back.

    Returns:
        The state at the end of the step and the change of consumption at the point of
        connection, kW: 0 or negative. Idle and sleeping servers together never change.

    Raises:
        InvalidInput: A command is negative or not finite, or the step is not above zero.
    """
    del recovery_limit_kw
    check_within(reduction_kw, "reduction_kw")
    check_within(increase_kw, "increase_kw")
    hours_of(step)
    wanted = math.ceil((reduction_kw - TOLERANCE_KW) / params.kw_per_server)
    asleep_count = min(_most(params, state), max(0, wanted))
    all_count = state.idle_count + state.asleep_count
    after = replace(state, idle_count=all_count - asleep_count, asleep_count=asleep_count)
    return after, -asleep_count * params.kw_per_server


def envelope(
    params: IdleServersParameters, state: IdleServersState, *, tariff_per_kwh: Decimal | None = None
) -> Envelope:
    """Return what switching idle servers off can do: for as long as they are idle.

    Args:
        params: The servers.
        state: How many are idle now.
        tariff_per_kwh: What the site pays for a kWh and saves; None leaves the cost at 0.
    """
    count = _most(params, state)
    power_kw = count * params.kw_per_server
    longest = LONGEST_ACTIVATION if count else timedelta(0)
    cost = EnvelopeCost(
        per_start=params.wear_cost_per_start * count,
        per_kwh=Decimal(0) if tariff_per_kwh is None else -tariff_per_kwh,
    )
    return Envelope(
        resource_id=params.resource_id,
        direction=FlexDirection.LOAD_DOWN,
        boundary=Boundary.POC,
        p_max_kw=power_kw,
        energy_budget_kwh=power_kw * (longest / timedelta(hours=1)),
        max_duration=longest,
        confidence=DeliveryConfidence(params.delivery_ratio),
        step_kw=params.kw_per_server,
        delay=params.shutdown_time,
        min_duration=min(params.wake_time, longest),
        cost=cost,
        why_not="" if count else "no server is idle beyond those kept awake",
    )


def offer(
    params: IdleServersParameters,
    state: IdleServersState,
    interval_count: int,
    step: timedelta,
    *,
    tariff_per_kwh: Decimal,
) -> Offer | None:
    """Return what switching idle servers off can bid for a window.

    Args:
        params: The servers.
        state: As expected in the window.
        interval_count: Delivery intervals in the window; at least 1.
        step: Length of a delivery interval.
        tariff_per_kwh: What the site pays for a kWh and saves: the price is seldom above 0.

    Returns:
        A block of which any whole number of servers may be taken, for the whole window: the wear of a
        server's start is earned by the energy that it saves until the end. None if no server is spare,
        or if the window is shorter than a server takes to wake.

    Raises:
        InvalidInput: No interval, or the step is not above zero.
    """
    check_within(interval_count, "interval_count", 1)
    count = _most(params, state)
    if count == 0 or interval_count * step < params.wake_time:
        return None
    saved_kwh = params.kw_per_server * interval_count * hours_of(step)
    cost = OpportunityCost(wear_per_kwh=params.wear_cost_per_start / exact_ratio(saved_kwh))
    return Offer(
        resource_id=params.resource_id,
        reduction_kw=(count * params.kw_per_server,) * interval_count,
        price_per_mwh=price_per_mwh(cost.at(tariff_per_kwh)),
        divisible=False,
        min_acceptance_ratio=1.0 / count,
        energy_limit_kwh=None,
        recovery_ratio=0.0,
        recovery_intervals=0,
        max_recovery_kw=0.0,
        fixed_cost=Decimal(0),
        delivery_ratio=params.delivery_ratio,
        cost=cost,
    )


def terms(
    params: IdleServersParameters, state: IdleServersState, interval_count: int, step: timedelta
) -> WorkTerms:
    """Return the servers in the planner's terms: what sheds and owes nothing."""
    hours_of(step)
    spare_kw = _most(params, state) * params.kw_per_server
    all_kw = (state.idle_count + state.asleep_count) * params.kw_per_server
    return WorkTerms(
        resource_id=params.resource_id,
        load_kw=flat(all_kw, interval_count),
        segments=(CutSegment(spare_kw / all_kw, 0.0),) if spare_kw > 0.0 else (),
        catch_up_kw=flat(0.0, interval_count),
        later_catch_up_kw=0.0,
        due_after=(1,) * interval_count,
        start_cost=float(params.wear_cost_per_start) * (spare_kw / params.kw_per_server),
        delivery_ratio=params.delivery_ratio,
    )
