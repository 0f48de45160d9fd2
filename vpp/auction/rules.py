"""The rules a book is cleared by, beside the book itself."""

import enum
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from vpp.foundation.errors import InvalidInput
from vpp.portfolio.money_rules import PayRule
from vpp.solver.report import SolverName


class UniformPrice(enum.Enum):
    """Which uniform price is published where `pay_rule` is as_clear.

    Attributes:
        FIXED_BINARIES: What the last kW of target costs with the accepted blocks as they are,
            raised to the hull price where only indivisible bids serve.
        CONVEX_HULL: The price with the least uplift: that of the book in which every bid were
            divisible.
    """

    FIXED_BINARIES = "fixed_binaries"
    CONVEX_HULL = "convex_hull"


class TieRule(enum.Enum):
    """Who serves when several ask the same and not all are needed.

    Attributes:
        PRICE_TIME: The earlier submission, then the smaller bid id.
        PRO_RATA: Each divisible step in proportion to its quantity; all else by time.
    """

    PRICE_TIME = "price_time"
    PRO_RATA = "pro_rata"


@dataclass(frozen=True, slots=True)
class ClearingRules:
    """The rules a book is cleared by, beside the book itself.

    Attributes:
        pay_rule: How the price of an award is set.
        fixed_price_per_mwh: The price where `pay_rule` is fixed, else None.
        solver: Which solver decides.
        time_limit: How long the search for a better answer may take once there is one. At least
            1 s.
        relative_gap: Distance to the best possible cost, as a share, at which the search may stop.
        uniform_price: Which price is published where `pay_rule` is as_clear.
        tie_rule: Who serves when several ask the same.
    """

    pay_rule: PayRule
    fixed_price_per_mwh: Decimal | None = None
    solver: SolverName = SolverName.GLPK
    time_limit: timedelta = timedelta(seconds=30)
    relative_gap: float = 1e-6
    uniform_price: UniformPrice = UniformPrice.FIXED_BINARIES
    tie_rule: TieRule = TieRule.PRICE_TIME

    def __post_init__(self) -> None:
        """Refuse a fixed price without its rule, and the rule without its price."""
        if (self.pay_rule is PayRule.FIXED) != (self.fixed_price_per_mwh is not None):
            price = str(self.fixed_price_per_mwh)
            raise InvalidInput(
                f"fixed_price_per_mwh is {price}, expected a price with pay_rule fixed and only with it",
                fixed_price_per_mwh=price,
            )
