"""What a flexible resource can bid for a window, in the site's own terms."""

import math
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from vpp.flexibility.bounds import check_above_zero, check_within
from vpp.flexibility.opportunity_cost import OpportunityCost
from vpp.foundation.direction import Direction
from vpp.foundation.errors import InvalidInput

KWH_PER_MWH = 1000
SMALLEST_AMOUNT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Offer:
    """What one flexible resource can bid for a window of delivery intervals.

    Independent of any auction's vocabulary; the site agent puts it into the words of the wire.
    A divisible offer may be taken in any amount, interval by interval, within `energy_limit_kwh`.
    An indivisible one is taken in the same share, at least `min_acceptance_ratio`, in all
    intervals or in none. Quantities are magnitudes in the offer's direction; their names say reduction,
    as almost every offer is one.

    Attributes:
        resource_id: The flexible resource.
        reduction_kw: Largest reduction per delivery interval, kW, before any derating. Shape (N,).
        price_per_mwh: Lowest price of the reduced energy, in the site's currency; the highest of them
            where they differ by interval.
        divisible: Whether each interval may be taken on its own and in part.
        min_acceptance_ratio: Smallest share that may be taken of an indivisible offer; 1 is all.
        energy_limit_kwh: Largest reduction energy over all intervals, kWh; None for no limit.
        recovery_ratio: Energy paid back per energy reduced.
        recovery_intervals: Delivery intervals after release in which it is paid back, with what is
            still owed from before; 0 if nothing is.
        max_recovery_kw: Largest increase of consumption while it is paid back, kW.
        fixed_cost: Cost of being activated at all, in the site's currency.
        delivery_ratio: Share of the offer that is delivered nine times in ten.
        direction: Which way consumption is moved.
        cost: What the price was made of, before the price of power; None if it is not known.
        prices_per_mwh: Lowest price per interval, where they differ; empty for the same in all.
            Shape (N,) or (0,).
    """

    resource_id: str
    reduction_kw: tuple[float, ...]
    price_per_mwh: Decimal
    divisible: bool
    min_acceptance_ratio: float
    energy_limit_kwh: float | None
    recovery_ratio: float
    recovery_intervals: int
    max_recovery_kw: float
    fixed_cost: Decimal
    delivery_ratio: float
    direction: Direction = Direction.LOAD_DOWN
    cost: OpportunityCost | None = None
    prices_per_mwh: tuple[Decimal, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an offer of nothing and quantities outside their range."""
        if not self.reduction_kw or max(self.reduction_kw) <= 0.0:
            raise InvalidInput(f"reduction_kw is {self.reduction_kw}, expected at least one value above 0")
        for value in self.reduction_kw:
            check_within(value, "reduction_kw")
        check_within(self.min_acceptance_ratio, "min_acceptance_ratio", 0.0, 1.0)
        check_within(self.recovery_ratio, "recovery_ratio")
        check_within(self.recovery_intervals, "recovery_intervals")
        check_within(self.max_recovery_kw, "max_recovery_kw")
        check_above_zero(self.delivery_ratio, "delivery_ratio", 1.0)
        if self.energy_limit_kwh is not None:
            check_within(self.energy_limit_kwh, "energy_limit_kwh")
        for field, amount in (
            ("price_per_mwh", self.price_per_mwh),
            ("fixed_cost", self.fixed_cost),
            *(("prices_per_mwh", each) for each in self.prices_per_mwh),
        ):
            if not amount.is_finite():
                raise InvalidInput(f"{field} is {amount}, expected a finite amount", **{field: str(amount)})
        if self.prices_per_mwh and not (
            self.divisible and len(self.prices_per_mwh) == len(self.reduction_kw)
        ):
            raise InvalidInput(
                f"prices_per_mwh has {len(self.prices_per_mwh)} values, expected none, or one for each of"
                f" {len(self.reduction_kw)} intervals of a divisible offer"
            )

    def price_at(self, n: int) -> Decimal:
        """Return the lowest price in the n-th delivery interval."""
        return self.prices_per_mwh[n] if self.prices_per_mwh else self.price_per_mwh


def whole_intervals(span_hours: float, step_hours: float) -> int:
    """Return how many delivery intervals a span touches; rounding noise opens no further one.

    Example:
        >>> whole_intervals(0.1 + 0.2, 0.1), whole_intervals(0.31, 0.1)
        (3, 4)
    """
    return math.ceil(span_hours / step_hours - 1e-9)


def rounded_up(amount: Decimal) -> Decimal:
    """Round a cost up to two decimals, so that no bid loses by rounding.

    Example:
        >>> rounded_up(Decimal("1.001"))
        Decimal('1.01')
    """
    return amount.quantize(SMALLEST_AMOUNT, ROUND_CEILING)


def exact_ratio(ratio: float) -> Decimal:
    """Turn a float ratio into a decimal one, without the noise of its binary fraction.

    Example:
        >>> exact_ratio(0.1 + 0.2)
        Decimal('0.3')
    """
    return Decimal(repr(round(ratio, 9)))


def price_per_mwh(cost_per_kwh: Decimal) -> Decimal:
    """Turn a cost per kWh into a reservation price, rounded up.

    Args:
        cost_per_kwh: Cost of a reduced kWh; a negative cost gives a price of 0.

    Returns:
        Price per MWh with two decimals, 0 or more.

    Example:
        >>> price_per_mwh(Decimal("0.30"))
        Decimal('300.00')
    """
    return rounded_up(max(Decimal(0), cost_per_kwh * KWH_PER_MWH))
