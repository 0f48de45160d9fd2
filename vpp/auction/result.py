"""The result of a clearing: an award and a reason for every bid, and what the target cost."""

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from vpp.portfolio.product import PayRule
from vpp.solver.report import SolverName


class BidReason(enum.Enum):
    """Why a bid was accepted or not; the closed list."""

    ACCEPTED_IN_FULL = "ACCEPTED_IN_FULL"
    ACCEPTED_IN_PART = "ACCEPTED_IN_PART"
    ACCEPTED_AT_MINIMUM_RATIO = "ACCEPTED_AT_MINIMUM_RATIO"
    ACCEPTED_WITH_MAKE_WHOLE = "ACCEPTED_WITH_MAKE_WHOLE"
    REJECTED_PRICE_ABOVE_CLEARING = "REJECTED_PRICE_ABOVE_CLEARING"
    REJECTED_INDIVISIBLE = "REJECTED_INDIVISIBLE"
    REJECTED_GROUP_ALTERNATIVE = "REJECTED_GROUP_ALTERNATIVE"
    REJECTED_PARENT = "REJECTED_PARENT"
    REJECTED_REBOUND_HEADROOM = "REJECTED_REBOUND_HEADROOM"
    REJECTED_ENERGY_LIMIT = "REJECTED_ENERGY_LIMIT"
    REJECTED_RESOURCE_LIMIT = "REJECTED_RESOURCE_LIMIT"
    REJECTED_TIE_LOST = "REJECTED_TIE_LOST"
    REJECTED_NOT_NEEDED = "REJECTED_NOT_NEEDED"
    REJECTED_LEFT_OUT_OF_FALLBACK = "REJECTED_LEFT_OUT_OF_FALLBACK"

    @property
    def is_accepted(self) -> bool:
        """Whether something was bought from the bid."""
        return self.value.startswith("ACCEPTED")


class ClearingStatus(enum.Enum):
    """How good the result is.

    Attributes:
        OPTIMAL: Proven best within the gap asked for.
        FEASIBLE: The solver's best when time ran out.
        FALLBACK: Merit order of the simple offers, because the solver had nothing, or nothing
            better, in time.
    """

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    FALLBACK = "fallback"


class PriceBranch(enum.Enum):
    """Which rule set an interval's price.

    Attributes:
        MARGINAL: Lowest price that supports the awards: what the last kW of target cost.
        HULL: Only indivisible bids are accepted there: their average cost, as far as no
            divisible offer is cheaper.
        SHORTAGE: Part of the target is unserved: the price cap.
        NO_TARGET: Nothing is asked for: the value of making room for rebound, mostly 0.
        FIXED: The product's own fixed price.
        HIGHEST_ACCEPTED: Fallback: the dearest offer accepted.
    """

    MARGINAL = "marginal"
    HULL = "hull"
    SHORTAGE = "shortage"
    NO_TARGET = "no_target"
    FIXED = "fixed"
    HIGHEST_ACCEPTED = "highest_accepted"


@dataclass(frozen=True, slots=True)
class Award:
    """What was bought from one bid, perhaps nothing, and why.

    Attributes:
        bid_id: The bid.
        site_id: Its site.
        resource_id: Its flexible resource.
        reduction_kw: Awarded reduction per delivery interval, kW. Shape (N,).
        rebound_kw: Expected rebound per interval of the horizon, kW. Shape (T,).
        price_per_mwh: Paid per interval and awarded MWh; 0 for a rejected bid. Shape (N,).
        make_whole: Paid once so that the bid's family does not lose by its acceptance;
            pay-as-bid pays fixed costs here.
        reason: Why.
        detail: The numbers that prove the reason.
    """

    bid_id: str
    site_id: str
    resource_id: str
    reduction_kw: tuple[float, ...]
    rebound_kw: tuple[float, ...]
    price_per_mwh: tuple[Decimal, ...]
    make_whole: Decimal
    reason: BidReason
    detail: str


@dataclass(frozen=True, slots=True)
class SolverRun:
    """Which solver decided, and for how long.

    Attributes:
        solver: The solver asked for.
        version: Its version; empty if it was not needed.
        wall_s: How long the whole clearing took, s; not part of what must repeat.
    """

    solver: SolverName
    version: str
    wall_s: float


@dataclass(frozen=True, slots=True)
class Clearing:
    """The result of clearing one book.

    Attributes:
        auction_id: The book's auction.
        start: Start of delivery, UTC.
        step: Length of an interval.
        pay_rule: How awards are paid.
        target_kw: Reduction asked for, kW. Shape (N,).
        awards: One for every bid, by bid id.
        price_per_mwh: Price of reliable reduction per delivery interval. Shape (N,).
        price_rule: Which rule set each price. Shape (N,).
        shortfall_kw: Target that no bid served, kW. Shape (N,).
        objective: Cost of what was accepted and, at the cap, of what was not served.
        bound: No awards can cost less; None if the solver proved nothing.
        gap_ratio: Distance between the two as a share of the objective; None without a bound.
        status: How good the result is.
        solver: Which solver decided.
        input_hash: SHA-256 of book and rules in canonical form, in hexadecimal.
    """

    auction_id: str
    start: datetime
    step: timedelta
    pay_rule: PayRule
    target_kw: tuple[float, ...]
    awards: tuple[Award, ...]
    price_per_mwh: tuple[Decimal, ...]
    price_rule: tuple[PriceBranch, ...]
    shortfall_kw: tuple[float, ...]
    objective: Decimal
    bound: Decimal | None
    gap_ratio: float | None
    status: ClearingStatus
    solver: SolverRun
    input_hash: str

    @property
    def made_whole(self) -> dict[str, Decimal]:
        """Make-whole amounts by bid id, without zeros."""
        return {award.bid_id: award.make_whole for award in self.awards if award.make_whole}

    @property
    def paradoxically_rejected(self) -> tuple[str, ...]:
        """Ids of blocks that were rejected although the prices would have given them a surplus."""
        return tuple(award.bid_id for award in self.awards if award.reason is BidReason.REJECTED_INDIVISIBLE)
