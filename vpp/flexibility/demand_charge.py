"""What the month's highest demand costs: information beside the price of a kWh, never part of it.

A kWh has no share in a demand charge unless it raises the month's highest interval; whether it will is not
known when a bid is made. So no reservation price carries it, and a rebound that would raise the peak is
shown with its cost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from vpp.flexibility.bounds import check_within
from vpp.flexibility.offer import exact_ratio


@dataclass(frozen=True, slots=True)
class DemandCharge:
    """A charge on the highest demand of a month.

    Attributes:
        price_per_kw_month: Per kW of the month's highest interval.
        interval: Over which demand is averaged.
    """

    price_per_kw_month: Decimal
    interval: timedelta = timedelta(minutes=15)

    def added_cost(self, highest_kw: float, demand_kw: Sequence[float]) -> Decimal:
        """Return what a schedule adds to the month's charge.

        Args:
            highest_kw: Highest demand of the month so far, kW, 0 or more.
            demand_kw: Mean demand per `interval` to come, kW. Shape (N,).

        Example:
            >>> DemandCharge(Decimal(38)).added_cost(900.0, [880.0, 930.0])
            Decimal('1140.0')
        """
        check_within(highest_kw, "highest_kw")
        raised_kw = max(0.0, max(demand_kw, default=0.0) - highest_kw)
        return self.price_per_kw_month * exact_ratio(raised_kw)
