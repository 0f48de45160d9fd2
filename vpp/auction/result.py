"""The result of a clearing: an award and a reason for every bid, and what the target cost."""

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from vpp.auction.rules import TieRule, UniformPrice
from vpp.foundation.direction import Direction
from vpp.portfolio.money_rules import PayRule
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
    REJECTED_ZONE_LIMIT = "REJECTED_ZONE_LIMIT"
    REJECTED_FEEDER_LIMIT = "REJECTED_FEEDER_LIMIT"
    REJECTED_SITE_LIMIT = "REJECTED_SITE_LIMIT"
    REJECTED_PATH_LIMIT = "REJECTED_PATH_LIMIT"
    REJECTED_RAMP_LIMIT = "REJECTED_RAMP_LIMIT"
    REJECTED_BELOW_MINIMUM = "REJECTED_BELOW_MINIMUM"
    REJECTED_DEADLINE = "REJECTED_DEADLINE"
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
        FEASIBLE: The best found when time ran out; its gap is proven.
        FALLBACK: Merit order of the simple offers, because the solver had nothing, or nothing
            better, in time.
    """

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    FALLBACK = "fallback"


class ClearingMethod(enum.Enum):
    """What found the awards.

    Attributes:
        NOTHING_TO_DECIDE: No bid, or nothing asked for.
        LINEAR: The book has no indivisible bid; its linear model is exact.
        ROUNDED: The linear relaxation, rounded and solved again.
        COORDINATED: Prices that bids answer and a restricted program, rounded.
        EXACT: A mixed-integer search.
        MERIT_ORDER: The fallback.
    """

    NOTHING_TO_DECIDE = "nothing_to_decide"
    LINEAR = "linear"
    ROUNDED = "rounded"
    COORDINATED = "coordinated"
    EXACT = "exact"
    MERIT_ORDER = "merit_order"


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
        reduction_kw: Awarded reduction per delivery interval, in the bid's direction, kW. Shape (N,).
        rebound_kw: Expected change the other way per interval of the horizon, kW: what is paid
            back, or charged into a store. Shape (T,).
        price_per_mwh: Paid per interval and awarded MWh; 0 for a rejected bid. Shape (N,).
        make_whole: Paid once so that the bid's family does not lose by its acceptance;
            pay-as-bid pays fixed costs here.
        reason: Why.
        detail: The same in words, with the numbers that prove it.
        delivery_ratio: The derate applied: share of the reduction that counts towards the target.
        figures: The numbers that decided, by name; the unit stands in the name.
        winning_price_per_mwh: Rejected bids: asking this or less, all else unchanged, would have
            been worth taking at the clearing's prices; None where no price would have won.
        zone: The bid's zone, whose price it is paid; empty if it is not recorded.
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
    delivery_ratio: float = 1.0
    figures: tuple[tuple[str, float], ...] = ()
    winning_price_per_mwh: Decimal | None = None
    zone: str = ""


@dataclass(frozen=True, slots=True)
class ZonePrice:
    """What reliable reduction in one zone is worth.

    Attributes:
        zone: The zone.
        price_per_mwh: Price per interval of the horizon; where nothing is asked for, what room
            for rebound is worth there. Shape (T,).
    """

    zone: str
    price_per_mwh: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True)
class RowDual:
    """What a unit of one row of the linear relaxation is worth; the README names the rows.

    Attributes:
        family: Which family of constraints.
        key: Which row of it: ids, and intervals counted from the start of delivery.
        dual: Rise of cost per unit of the row's right-hand side, in thousandths of the currency.
    """

    family: str
    key: tuple[str | int, ...]
    dual: float


@dataclass(frozen=True, slots=True)
class Certificate:
    """Proof by arithmetic alone that no awards can cost less than a bound.

    Weak duality: whatever the duals, cost is at least the bound that follows from them. Whoever
    checks it needs no solver.

    Attributes:
        bound: The bound that follows from the duals, in currency.
        duals: The duals that are not 0.
    """

    bound: Decimal
    duals: tuple[RowDual, ...]


@dataclass(frozen=True, slots=True)
class SolverRun:
    """Which solver decided, and where the time went; times are not part of what must repeat.

    Attributes:
        solver: The solver asked for.
        version: Its version; empty if it was not needed.
        wall_s: How long the whole clearing took, s.
        build_s: Of it: checking the book and building the model, s.
        solve_s: Of it: searching, s.
        price_s: Of it: prices, ties and payments, s.
        explain_s: Of it: reasons, s.
        verify_s: Of it: checking the result, s.
    """

    solver: SolverName
    version: str
    wall_s: float
    build_s: float = 0.0
    solve_s: float = 0.0
    price_s: float = 0.0
    explain_s: float = 0.0
    verify_s: float = 0.0


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
        price_per_mwh: Price of reliable reduction per delivery interval, over all zones. Shape (N,).
        price_rule: Which rule set each price. Shape (N,).
        shortfall_kw: What no bid served of target and margin together, kW; with a reserve against
            losses, what would be missing without the site that serves most. Shape (N,).
        objective: Cost of what was accepted and, at the cap, of what was not served.
        bound: No awards can cost less; None if nothing was proved.
        gap_ratio: Distance between the two as a share of the objective; None without a bound.
        status: How good the result is.
        solver: Which solver decided.
        input_hash: SHA-256 of book and rules in canonical form, in hexadecimal.
        direction: Which way the buyer wants consumption to move.
        currency: ISO 4217 code of every amount; empty if it does not matter.
        method: What found the awards.
        uniform_price: Which uniform price is published.
        tie_rule: Who serves when several ask the same.
        zone_prices: Price of each zone, by zone. Empty for pay-as-bid fallbacks.
        local_shortfall_kw: Local target that no bid served, kW, by zone; no margin is added to it.
            Shape (N,) each.
        margin_kw: Asked for beyond the target against the risk of delivery, kW; empty without a
            margin. Shape (N,).
        margin_cost: What that margin costs, by the linear relaxation; None without a margin.
        lost_opportunity: What accepted and rejected bids together could have gained more at the
            published prices, had each chosen its own awards; the other half of uplift.
        certificate: Proof of a bound; None if nothing was proved.
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
    direction: Direction = Direction.LOAD_DOWN
    currency: str = ""
    method: ClearingMethod = ClearingMethod.EXACT
    uniform_price: UniformPrice = UniformPrice.FIXED_BINARIES
    tie_rule: TieRule = TieRule.PRICE_TIME
    zone_prices: tuple[ZonePrice, ...] = ()
    local_shortfall_kw: tuple[tuple[str, tuple[float, ...]], ...] = ()
    margin_kw: tuple[float, ...] = ()
    margin_cost: Decimal | None = None
    lost_opportunity: Decimal | None = None
    certificate: Certificate | None = None

    @property
    def made_whole(self) -> dict[str, Decimal]:
        """Make-whole amounts by bid id, without zeros."""
        return {award.bid_id: award.make_whole for award in self.awards if award.make_whole}

    @property
    def paradoxically_rejected(self) -> tuple[str, ...]:
        """Ids of blocks that were rejected although the prices would have given them a surplus."""
        return tuple(award.bid_id for award in self.awards if award.reason is BidReason.REJECTED_INDIVISIBLE)
