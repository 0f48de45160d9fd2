"""From the options of `vpp auction clear` to the rules of a clearing."""

import math
from datetime import timedelta
from decimal import Decimal

import typer

from vpp.auction.rules import ClearingRules, TieRule, UniformPrice
from vpp.cli.auction.choices import Pricing, Ties
from vpp.portfolio.money_rules import PayRule
from vpp.solver.report import SolverName

_PAY_RULES = {Pricing.AS_BID: PayRule.AS_BID, Pricing.FIXED: PayRule.FIXED}
_TIE_RULES = {Ties.PRICE_TIME: TieRule.PRICE_TIME, Ties.PRO_RATA: TieRule.PRO_RATA}


def clearing_rules(  # noqa: PLR0913  one argument per option
    *,
    solver: SolverName,
    pricing: Pricing,
    fixed_price: Decimal | None,
    ties: Ties,
    time_limit_s: float,
    gap_ratio: float,
) -> ClearingRules:
    """Turn options into rules.

    Raises:
        BadParameter: `--fixed-price` without its pricing or the other way round, or a limit that
            is no finite number.
    """
    if (pricing is Pricing.FIXED) != (fixed_price is not None):
        raise typer.BadParameter("--pricing fixed and --fixed-price PRICE go together")
    for option, value in (("--time-limit", time_limit_s), ("--gap", gap_ratio)):
        if not math.isfinite(value):
            raise typer.BadParameter(f"{option} {value} is not a finite number")
    return ClearingRules(
        pay_rule=_PAY_RULES.get(pricing, PayRule.AS_CLEAR),
        fixed_price_per_mwh=fixed_price,
        solver=solver,
        time_limit=timedelta(seconds=time_limit_s),
        relative_gap=gap_ratio,
        uniform_price=UniformPrice.CONVEX_HULL if pricing is Pricing.HULL else UniformPrice.FIXED_BINARIES,
        tie_rule=_TIE_RULES[ties],
    )
