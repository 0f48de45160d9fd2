"""What the planner sees of cooling that may drift for a while."""

from dataclasses import dataclass

from vpp.flexibility.bounds import check_above_zero, check_within
from vpp.flexibility.planning.values import Values, check_powers, check_values


@dataclass(frozen=True, slots=True)
class ThermalTerms:
    r"""Cooling that may drift: the deviation of two temperatures from their undisturbed course.

    With the deviation z_t of (loop water, air) at the end of interval t, in K, and the electric
    reduction d_t and increase u_t of the cooling:

        z_t = A_t z_{t-1} + g_t (d_t - b u_t)
        air: -under_t <= z_t[1] <= over_t,   z_t[1] - z_{t-1}[1] <= rate_t
        z_{N-1}[i] <= end,   0 <= d_t <= D_t,   0 <= u_t <= U_t

    A_t and g_t are the exact discretisation of the two-node model over one interval, g_t per
    electric kW at that interval's coefficient of performance.

    Attributes:
        resource_id: The flexible resource.
        start_k: Deviation of (loop water, air) at the start, K.
        decay: A_t by rows: ((ww, wa), (aw, aa)). Shape (N, 2, 2).
        gain_k_per_kw: g_t of (loop water, air), K per electric kW. Shape (N, 2).
        over_k: Largest deviation of the air, K. Shape (N,).
        under_k: Largest deviation of the air below, K: cooling ahead; 0 for none. Shape (N,).
        rate_k: Largest rise of the air over one interval, K. Shape (N,).
        max_reduction_kw: Largest reduction, kW: what the cooling draws, and the rate limit inside
            an interval. Shape (N,).
        max_increase_kw: Largest increase, kW: spare chiller capacity. Shape (N,).
        return_ratio: Heat that an increase takes out over what the same reduction puts in, b in
            (0, 1]: chillers work worse at the load of a rebound than at that of a cut.
        end_k: Largest deviation of either temperature left at the end of the horizon, K; reached as
            far as `max_increase_kw` allows.
        cost_per_kwh: Of each kWh not drawn, beside the energy drawn again.
        start_cost: Of being called at all.
        delivery_ratio: Share of a command delivered nine times in ten, in (0, 1].
    """

    resource_id: str
    start_k: tuple[float, float]
    decay: tuple[tuple[tuple[float, float], tuple[float, float]], ...]
    gain_k_per_kw: tuple[tuple[float, float], ...]
    over_k: Values
    under_k: Values
    rate_k: Values
    max_reduction_kw: Values
    max_increase_kw: Values
    return_ratio: float = 1.0
    end_k: float = 0.0
    cost_per_kwh: float = 0.0
    start_cost: float = 0.0
    delivery_ratio: float = 1.0

    def __post_init__(self) -> None:
        """Refuse quantities outside their range."""
        check_values(self, "over_k", "under_k", "rate_k")
        check_powers(self, "max_reduction_kw", "max_increase_kw")
        for name in ("end_k", "cost_per_kwh", "start_cost"):
            check_within(getattr(self, name), name)
        check_above_zero(self.delivery_ratio, "delivery_ratio", 1.0)
        check_above_zero(self.return_ratio, "return_ratio", 1.0)
