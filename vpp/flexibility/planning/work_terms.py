"""What the planner sees of work that can wait: jobs, or anything else that sheds."""

import math
from dataclasses import dataclass

from vpp.flexibility.bounds import check_above_zero, check_within
from vpp.flexibility.planning.values import Values, check_powers
from vpp.foundation.errors import InvalidInput

MOST_LOST_RATIO = 3.0
"""No load draws more than this again for what it was without."""


@dataclass(frozen=True, slots=True)
class CutSegment:
    """A part of a job group's cap response; segments are convex: what loses least comes first.

    Attributes:
        width_ratio: Largest reduction in it, as a share of the group's load, 0..1.
        lost_ratio: Work lost per energy not drawn in it, both in kWh at full speed; 0 or more.
    """

    width_ratio: float
    lost_ratio: float

    def __post_init__(self) -> None:
        """Refuse quantities outside their range."""
        check_within(self.width_ratio, "width_ratio", 0.0, 1.0)
        check_within(self.lost_ratio, "lost_ratio")


@dataclass(frozen=True, slots=True)
class PauseTerms:
    """How a job group is paused as a whole.

    Attributes:
        is_allowed: Whether a pause may begin in the interval: a checkpoint falls into the notice.
            Shape (N,).
        idle_power_ratio: Share of the load that a paused group still draws, 0..1.
        lost_ratio: Work lost per load paused; 1 for work, 0 for machines that stand idle, more where more
            is drawn again than was saved.
        restart_kwh: Work lost by stopping and starting again, kWh at full speed.
        restart_cost: Other cost of a pause, in the site's currency.
        shortest_intervals: Shortest pause, intervals; it may reach over the horizon's end.
        longest_intervals: Longest pause, intervals.
        max_count: Most pauses in the horizon, one already running not counted.
        paused_for: Intervals for which the group has been paused when the horizon begins; 0 if it
            is running.
    """

    is_allowed: tuple[bool, ...]
    idle_power_ratio: float = 0.0
    lost_ratio: float = 1.0
    restart_kwh: float = 0.0
    restart_cost: float = 0.0
    shortest_intervals: int = 1
    longest_intervals: int | None = None
    max_count: int = 1
    paused_for: int = 0

    def __post_init__(self) -> None:
        """Refuse quantities outside their range."""
        check_within(self.idle_power_ratio, "idle_power_ratio", 0.0, 1.0)
        check_within(self.lost_ratio, "lost_ratio", 0.0, MOST_LOST_RATIO)
        for name in ("restart_kwh", "restart_cost", "max_count", "paused_for"):
            check_within(getattr(self, name), name)
        check_within(self.shortest_intervals, "shortest_intervals", 1)
        if self.longest_intervals is not None:
            check_within(self.longest_intervals, "longest_intervals", self.shortest_intervals)


@dataclass(frozen=True, slots=True)
class WorkTerms:
    r"""A group of jobs, or anything else that sheds and may owe work: what it lost is done later.

    Work is counted in the kWh that doing it at full speed draws. With reductions c_{k,t} in
    segment k, the pause p_t in {0, 1} and its beginning b_t, catch-up power g_t, and work w_tau
    that is late by the end of interval tau, all 0 or more:

        c_{k,t} <= width_k l_t,   g_t <= G_t
        sum_k c_{k,t} / (l_t sum_k width_k) + p_t + g_t / G_t <= 1          (one after the other)
        p_t - p_{t-1} <= b_t <= allowed_t,   sum_t b_t <= max_count
        sum_{j=t-m+1..t} b_j <= p_t <= sum_{j=t-M+1..t} b_j                 (shortest m, longest M)
        lost_t = h (sum_k lost_k c_{k,t} + lost_p l_t p_t) + restart b_t
        d_t = sum_k c_{k,t} + (1 - idle) l_t p_t,   u_t = g_t
        B + sum_{j<=t} (lost_j - h g_j) >= -ahead
        D_tau + sum_{due_j <= tau} lost_j - h sum_{j<=tau} g_j <= w_tau                 tau < N
        D_tau + sum_{due_j <= tau} lost_j - h sum_j g_j - h (tau + 1 - N) G_N <= w_tau  tau >= N
        w_tau <= max_late + what is late whatever is done

    where B is the whole backlog, D_tau what of it is due by the end of interval tau, and
    due_j = j + due_after_j when work lost in j must be done. The last row reaches beyond the
    horizon: what is still owed at its end fits into the catch-up power G_N afterwards. Without free
    machines G = 0, nothing rebounds, and a reduction is either late or not allowed.

    Attributes:
        resource_id: The flexible resource.
        load_kw: What it draws if left alone, kW. Shape (N,).
        segments: Its cap response, convex; empty if it can only be paused.
        catch_up_kw: Largest extra power while it catches up, kW. Shape (N,).
        later_catch_up_kw: The same after the horizon, G_N, kW.
        due_after: Intervals after which work lost in an interval must be done, counted from that
            interval; 1 is by the end of the next. Shape (N,).
        backlog_kwh: Work already put off: (index of the interval by whose end it is due, kWh);
            an index of N or more lies beyond the horizon.
        ahead_kwh: Most work that can be brought forward, kWh.
        later_price_per_kwh: What a kWh costs that the group draws after the horizon, to do what is
            still put off; work done ahead saves it.
        pause: How it is paused; None if it is never.
        value_per_kwh: What a kWh of work put off costs the site, by its job value.
        late_cost_per_kwh: Of each kWh of work that is not done when it falls due.
        max_late_kwh: Most work that may be late at any time, kWh; 0 holds every deadline.
        start_cost: Of being called at all.
        cost_per_kwh: Of each kWh not drawn, work aside; below 0 it is a saving.
        delivery_ratio: Share of a command delivered nine times in ten, in (0, 1].
    """

    resource_id: str
    load_kw: Values
    segments: tuple[CutSegment, ...]
    catch_up_kw: Values
    later_catch_up_kw: float
    due_after: tuple[int, ...]
    backlog_kwh: tuple[tuple[int, float], ...] = ()
    ahead_kwh: float = 0.0
    later_price_per_kwh: float = 0.0
    pause: PauseTerms | None = None
    value_per_kwh: float = 0.0
    late_cost_per_kwh: float = 0.0
    max_late_kwh: float = 0.0
    start_cost: float = 0.0
    cost_per_kwh: float = 0.0
    delivery_ratio: float = 1.0

    def __post_init__(self) -> None:
        """Refuse quantities outside their range and a cap response that is not convex."""
        check_powers(self, "load_kw", "catch_up_kw", "due_after")
        for name in ("cost_per_kwh", "later_price_per_kwh"):
            check_within(abs(getattr(self, name)), name)
        for name in ("later_catch_up_kw", "ahead_kwh", "value_per_kwh", "late_cost_per_kwh", "max_late_kwh"):
            check_within(getattr(self, name), name)
        check_within(self.start_cost, "start_cost")
        check_above_zero(self.delivery_ratio, "delivery_ratio", 1.0)
        lost = [segment.lost_ratio for segment in self.segments]
        if lost != sorted(lost):
            raise InvalidInput(f"segments lose {lost}, expected what loses least first", segments=str(lost))
        check_within(math.fsum(each.width_ratio for each in self.segments), "width_ratio", 0.0, 1.0 + 1e-9)
        for index, kwh in self.backlog_kwh:
            check_within(index, "backlog_kwh")
            check_within(kwh, "backlog_kwh")
