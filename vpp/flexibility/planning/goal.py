r"""What a plan is for: to deliver what is owed, and to earn what is paid.

With n_t the net load, s = 1 for a reduction and -1 for an increase, in each interval with a
baseline B_t:

    delivered_t = s (B_t - n_t) = q_t + e_t - w_t,   least_t <= q_t <= most_t,   e_t, w_t >= 0

q_t is paid for, e_t lies beyond the band and w_t is missing. Missing energy costs more than any
resource, so that it stays missing only where no resource can give it.
"""

import math
from dataclasses import dataclass

from vpp.flexibility.bounds import check_above_zero, check_within
from vpp.flexibility.envelope import FlexDirection
from vpp.flexibility.planning.values import Values
from vpp.foundation.errors import InvalidInput

SHORTFALL_COST_PER_KWH = 100.0
EXCESS_COST_PER_KWH = 1.0


@dataclass(frozen=True, slots=True)
class Goal:
    """What is owed and what is paid, per interval; magnitudes in the goal's direction.

    Attributes:
        baseline_kw: What deliveries are measured against, kW; NaN where none is measured. Shape (N,).
        least_kw: Owed, kW. Shape (N,).
        most_kw: Upper edge of the band, up to which delivery is paid, kW; infinite for none.
            Shape (N,).
        direction: Which way the site is to move.
        price_per_kwh: Paid for delivery up to `most_kw`; empty for nothing. Shape (N,).
        shortfall_cost_per_kwh: Of energy owed and not delivered, beside its price.
        excess_cost_per_kwh: Of energy delivered beyond `most_kw`.
    """

    baseline_kw: Values
    least_kw: Values
    most_kw: Values
    direction: FlexDirection = FlexDirection.LOAD_DOWN
    price_per_kwh: Values = ()
    shortfall_cost_per_kwh: float = SHORTFALL_COST_PER_KWH
    excess_cost_per_kwh: float = EXCESS_COST_PER_KWH

    def __post_init__(self) -> None:
        """Refuse shapes that differ and a band that is upside down."""
        count = len(self.baseline_kw)
        for name in ("least_kw", "most_kw", "price_per_kwh"):
            values = getattr(self, name)
            if len(values) != count and not (name == "price_per_kwh" and not values):
                raise InvalidInput(f"{name} has {len(values)} values, expected {count}")
        for baseline, least, most in zip(self.baseline_kw, self.least_kw, self.most_kw, strict=True):
            if not math.isnan(baseline):
                check_within(baseline, "baseline_kw", -math.inf)
                check_within(least, "least_kw")
                if not most >= least:
                    raise InvalidInput(f"most_kw is {most}, expected at least least_kw {least}")
        check_above_zero(self.shortfall_cost_per_kwh, "shortfall_cost_per_kwh")
        check_within(self.excess_cost_per_kwh, "excess_cost_per_kwh")

    @classmethod
    def nothing(cls, interval_count: int) -> "Goal":
        """Make a goal that owes nothing: the site plans for itself."""
        return cls((math.nan,) * interval_count, (0.0,) * interval_count, (0.0,) * interval_count)

    @property
    def sign(self) -> float:
        """1 where less is to be drawn, -1 where more is."""
        return 1.0 if self.direction is FlexDirection.LOAD_DOWN else -1.0

    @property
    def is_measured(self) -> tuple[bool, ...]:
        """Where deliveries are measured. Shape (N,)."""
        return tuple(not math.isnan(baseline) for baseline in self.baseline_kw)
