"""What the planner would bid, in the site's own terms; the agent puts it into the words of the wire."""

from dataclasses import dataclass
from decimal import Decimal

from vpp.flexibility.bounds import check_within
from vpp.flexibility.envelope import FlexDirection
from vpp.flexibility.planning.values import Values
from vpp.foundation.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class BidWindow:
    """What is bid for, as places in the site's horizon.

    Attributes:
        first: First delivery interval.
        count: Number of delivery intervals, at least 1.
        recovery_count: Intervals after delivery into which a rebound may reach.
        cap_price_per_mwh: Highest price that is accepted.
        floor_price_per_mwh: Lowest price of a bid.
        direction: Which way the site is to move.
        min_bid_kw: Smallest bid, kW.
    """

    first: int
    count: int
    recovery_count: int
    cap_price_per_mwh: Decimal
    floor_price_per_mwh: Decimal = Decimal(0)
    direction: FlexDirection = FlexDirection.LOAD_DOWN
    min_bid_kw: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a window without an interval, and a cap below the floor."""
        check_within(self.first, "first")
        check_within(self.count, "count", 1)
        check_within(self.recovery_count, "recovery_count")
        check_within(self.min_bid_kw, "min_bid_kw")
        if self.cap_price_per_mwh < self.floor_price_per_mwh:
            raise InvalidInput(
                f"cap_price_per_mwh is {self.cap_price_per_mwh}, expected at least"
                f" the floor {self.floor_price_per_mwh}"
            )

    @property
    def end(self) -> int:
        """The interval after the last delivery interval."""
        return self.first + self.count


@dataclass(frozen=True, slots=True)
class PricedStep:
    """A quantity at a price; any part of it may be accepted.

    Attributes:
        power_kw: Change in the window's direction, kW, before any derating.
        price_per_mwh: Least price.
    """

    power_kw: float
    price_per_mwh: Decimal


@dataclass(frozen=True, slots=True)
class PlannedBid:
    """One bid for one resource: either steps or a block.

    Attributes:
        resource_id: The flexible resource.
        delivery_ratio: Share of it delivered nine times in ten.
        steps: Steps of each delivery interval, prices rising; empty for a block. Shape (count,).
        block_kw: Change per interval from the first delivery interval on, kW: positive in the
            window's direction, negative is rebound; empty for steps. Shape (T,).
        price_per_mwh: Least price of a block's energy; 0 with steps.
        fixed_cost: Paid once if it is accepted at all.
        min_acceptance_ratio: A block is accepted in this share at least, or not at all.
        energy_limit_kwh: Most energy over all intervals; None for no limit.
        recovery_ratio: Energy paid back per energy moved.
        recovery_intervals: Delivery intervals after the window until it is paid back.
        max_recovery_kw: Largest power while it is paid back, kW.
        exclusive_group: At most one bid of the site with this key may be accepted; None for none.
    """

    resource_id: str
    delivery_ratio: float
    steps: tuple[tuple[PricedStep, ...], ...] = ()
    block_kw: Values = ()
    price_per_mwh: Decimal = Decimal(0)
    fixed_cost: Decimal = Decimal(0)
    min_acceptance_ratio: float = 0.0
    energy_limit_kwh: float | None = None
    recovery_ratio: float = 0.0
    recovery_intervals: int = 0
    max_recovery_kw: float = 0.0
    exclusive_group: str | None = None

    @property
    def largest_kw(self) -> Values:
        """The most that may be accepted in each delivery interval, kW. Shape (count,) for steps."""
        if self.steps:
            return tuple(sum(step.power_kw for step in each) for each in self.steps)
        return tuple(max(0.0, kw) for kw in self.block_kw)


@dataclass(frozen=True, slots=True)
class LadderRung:
    """A part of the site's cost of moving energy in a window.

    Attributes:
        energy_kwh: How much more is moved.
        cost_per_kwh: What each kWh of it costs: the marginal cost.
    """

    energy_kwh: float
    cost_per_kwh: float


@dataclass(frozen=True, slots=True)
class BidPlan:
    """The site's bids for a window.

    Attributes:
        bids: The bids, cheapest first.
        ladder: The marginal cost of all divisible resources together, rising.
        solve_count: Programs solved for it.
        is_complete: Whether nothing was left out for lack of time.
        wall_s: How long it took, s.
    """

    bids: tuple[PlannedBid, ...]
    ladder: tuple[LadderRung, ...]
    solve_count: int
    is_complete: bool
    wall_s: float
