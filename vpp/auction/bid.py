"""Bids: what a site offers of one resource, at what price, and what comes back afterwards.

Every quantity is a magnitude in the bid's own direction: with `LOAD_DOWN` a reduction of
consumption, with `LOAD_UP` an increase. Field names say reduction, as almost every bid is one.
The README of this folder explains each kind with a worked example.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from vpp.foundation.direction import Direction


@dataclass(frozen=True, slots=True)
class PriceStep:
    """A quantity at a price; any part of it may be accepted.

    Attributes:
        reduction_kw: Reduction offered, kW, above 0.
        price_per_mwh: Least price at which it is offered.
    """

    reduction_kw: float
    price_per_mwh: Decimal


@dataclass(frozen=True, slots=True)
class StepOffer:
    """Divisible steps, interval by interval.

    Attributes:
        steps: The steps of each delivery interval, prices not decreasing; none means that
            nothing is offered in the interval. Shape (N,) of any.
    """

    steps: tuple[tuple[PriceStep, ...], ...]


@dataclass(frozen=True, slots=True)
class BlockOffer:
    """An offer that is accepted in one ratio for every interval, or not at all.

    Attributes:
        profile_kw: Change per interval from the start of delivery on, kW: positive is
            reduction, negative is rebound. Intervals beyond its end count as 0. Shape (T,) or
            shorter.
        price_per_mwh: Least price of the reduced energy.
        fixed_cost: Paid once if the block is accepted, however small the ratio; 0 or more.
        min_acceptance_ratio: The accepted ratio is 0 or at least this; 1 is indivisible.
    """

    profile_kw: tuple[float, ...]
    price_per_mwh: Decimal
    fixed_cost: Decimal = Decimal(0)
    min_acceptance_ratio: float = 1.0


@dataclass(frozen=True, slots=True)
class StoreOffer:
    """A store of energy: battery, UPS, or a chilled mass whose temperature may drift.

    Discharging reduces consumption, charging increases it, both by any amount within the limits
    of every interval. A thermal store is given as the deviation from its baseline trajectory:
    it starts and ends at 0, may go down to a negative `reserve_kwh`, and its deviation decays by
    itself with `hold_ratio`. Doing nothing must be allowed.

    Attributes:
        discharge_kw: Largest reduction, kW, above 0.
        charge_kw: Largest increase, kW, 0 or more.
        capacity_kwh: Most energy stored, kWh.
        reserve_kwh: Least energy stored, kWh: a UPS's ride-through, never sold.
        start_kwh: Energy stored at the start of delivery, kWh.
        end_kwh: Least energy stored at the end of the horizon, kWh: the recovery it owes.
        price_per_mwh: Least price of discharged energy.
        charge_efficiency: Energy stored per energy drawn, in (0, 1].
        discharge_efficiency: Reduction per energy taken from the store, in (0, 1].
        hold_ratio: Share of the stored energy, or deviation, that is left after an interval, in (0, 1].
        cycle_limit_kwh: Largest reduction energy over the horizon, kWh; None for none.
    """

    discharge_kw: float
    charge_kw: float
    capacity_kwh: float
    reserve_kwh: float
    start_kwh: float
    end_kwh: float
    price_per_mwh: Decimal
    charge_efficiency: float = 1.0
    discharge_efficiency: float = 1.0
    hold_ratio: float = 1.0
    cycle_limit_kwh: float | None = None


Offer = StepOffer | BlockOffer | StoreOffer


@dataclass(frozen=True, slots=True)
class Rebound:
    """Energy that comes back after reductions of a step offer, when the clearing finds it best.

    Attributes:
        ratio: Energy paid back per energy reduced, 0 or more.
        window_intervals: A reduction is paid back by the end of the interval so many later.
        max_return_kw: Largest increase while it is paid back, kW.
    """

    ratio: float
    window_intervals: int
    max_return_kw: float


@dataclass(frozen=True, slots=True)
class ReboundProfile:
    """Energy that comes back after reductions of a step offer, at times that cannot be chosen.

    Attributes:
        ratios: Increase per reduction, one, two, ... intervals later, each 0 or more. What would
            fall after the horizon is not counted.
    """

    ratios: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class RunLimits:
    """When a step offer may run and must rest.

    A run is an unbroken span of delivery intervals in each of which something is offered. Before
    delivery it rests, and for how long is not asked.

    Attributes:
        min_level_kw: Least reduction in every interval of a run, kW; with 0, a run may also pause
            at no reduction, which is no rest.
        min_run_intervals: Shortest run; a run must reach it within the delivery.
        max_run_intervals: Longest run, after which it rests for an interval at least; None for any.
        rest_intervals: Least rest between two runs.
        max_calls: Most runs; None for any.
        start_cost: Paid once for each run, 0 or more.
    """

    min_level_kw: float = 0.0
    min_run_intervals: int = 1
    max_run_intervals: int | None = None
    rest_intervals: int = 0
    max_calls: int | None = None
    start_cost: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Migration:
    """Load of a step offer that moves: what one zone sheds, another takes on in the same interval.

    Attributes:
        receiving_zone: Zone that takes the load.
        receiving_ratio: Increase there per reduction here, 0 or more: the two sites' PUE and speed.
    """

    receiving_zone: str
    receiving_ratio: float


@dataclass(frozen=True, slots=True)
class Bid:
    """An offer of one flexible resource.

    Attributes:
        bid_id: Last part of `bids/{bid}`; unique in a book.
        site_id: Site that offers.
        resource_id: Its flexible resource.
        zone: Zone in which the reduction counts.
        submitted_at: When it was entered, UTC; earlier wins a tie.
        delivery_ratio: Share of the reduction that counts towards the target, in (0, 1]: the
            reliability derate. A rebound always counts in full.
        offer: What is offered.
        energy_limit_kwh: Largest reduction energy over the whole delivery, kWh; None for none.
            Steps and blocks only.
        rebound: What comes back; only with steps, a block states it in its profile.
        exclusive_group: At most one bid of the site with this key is accepted; None for none.
            Steps and blocks only.
        parent_bid_id: Block of the same site whose ratio this block's may not exceed.
        direction: Which way it moves consumption. Where it is not the buyer's, what is accepted
            counts against the target, in full: it makes room that another's minimum needs.
        run_limits: When it may run and must rest; only with steps.
        migration: Where the load goes; only with steps.
        availability_price_per_kw_h: Asked for every awarded kW and hour, called or not; 0 or more.
    """

    bid_id: str
    site_id: str
    resource_id: str
    zone: str
    submitted_at: datetime
    delivery_ratio: float
    offer: Offer
    energy_limit_kwh: float | None = None
    rebound: Rebound | ReboundProfile | None = None
    exclusive_group: str | None = None
    parent_bid_id: str | None = None
    direction: Direction = Direction.LOAD_DOWN
    run_limits: RunLimits | None = None
    migration: Migration | None = None
    availability_price_per_kw_h: Decimal = Decimal(0)

    @property
    def tie_key(self) -> tuple[datetime, str]:
        """What decides between offers of one price: the earlier submission, then the id."""
        return self.submitted_at, self.bid_id
