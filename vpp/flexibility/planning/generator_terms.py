"""What the planner sees of a generator behind the meter."""

from dataclasses import dataclass

from vpp.flexibility.bounds import check_above_zero, check_within
from vpp.flexibility.planning.values import Values, check_powers


@dataclass(frozen=True, slots=True)
class GeneratorTerms:
    r"""A generator behind the meter; it reduces the import by what it makes.

    With on_t in {0, 1} and its start v_t:

        P_min on_t <= d_t <= P_max on_t,   on_t <= allowed_t,   u_t = 0
        on_t - on_{t-1} <= v_t,   sum_{j = t-m+1..t} v_j <= on_t
        h sum_t on_t <= permit

    Attributes:
        resource_id: The flexible resource.
        min_kw: Least output while it runs, kW.
        max_kw: Largest output, kW. Shape (N,).
        is_allowed: Whether it may run. Shape (N,).
        permit_hours: Hours of this use that the permit has left.
        min_run_intervals: Shortest run, intervals.
        running_for: Intervals for which it has been running when the horizon begins; 0 if it stands.
        start_cost: Of each start.
        cost_per_kwh: Fuel, upkeep and emissions of each kWh made.
        delivery_ratio: Share of a command delivered nine times in ten, in (0, 1].
    """

    resource_id: str
    min_kw: float
    max_kw: Values
    is_allowed: tuple[bool, ...]
    permit_hours: float
    min_run_intervals: int = 1
    running_for: int = 0
    start_cost: float = 0.0
    cost_per_kwh: float = 0.0
    delivery_ratio: float = 1.0

    def __post_init__(self) -> None:
        """Refuse quantities outside their range."""
        check_powers(self, "max_kw", "is_allowed")
        check_within(abs(self.cost_per_kwh), "cost_per_kwh")
        for name in ("min_kw", "permit_hours", "running_for", "start_cost"):
            check_within(getattr(self, name), name)
        check_within(self.min_run_intervals, "min_run_intervals", 1)
        check_above_zero(self.delivery_ratio, "delivery_ratio", 1.0)
