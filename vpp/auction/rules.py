"""The rules a book is cleared by, beside the book itself."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from vpp.foundation.errors import InvalidInput
from vpp.portfolio.product import PayRule
from vpp.solver.report import SolverName


@dataclass(frozen=True, slots=True)
class ClearingRules:
    """The rules a book is cleared by, beside the book itself.

    Attributes:
        pay_rule: How the price of an award is set.
        fixed_price_per_mwh: The price where `pay_rule` is fixed, else None.
        solver: Which solver decides.
        time_limit: Longest time of one solve; a clearing makes two to five. At least 1 s.
        relative_gap: Distance to the best possible cost, as a share, at which the search may stop.
    """

    pay_rule: PayRule
    fixed_price_per_mwh: Decimal | None = None
    solver: SolverName = SolverName.GLPK
    time_limit: timedelta = timedelta(seconds=30)
    relative_gap: float = 1e-6

    def __post_init__(self) -> None:
        """Refuse a fixed price without its rule, and the rule without its price."""
        if (self.pay_rule is PayRule.FIXED) != (self.fixed_price_per_mwh is not None):
            price = str(self.fixed_price_per_mwh)
            raise InvalidInput(
                f"fixed_price_per_mwh is {price}, expected a price with pay_rule fixed and only with it",
                fixed_price_per_mwh=price,
            )
