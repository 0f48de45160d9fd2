"""One settlement interval, judged by itself."""

from decimal import Decimal

from vpp.portfolio.money_rules import MoneyRules
from vpp.settlement.delivery import MeasuredInterval
from vpp.settlement.judging import judge_alone
from vpp.settlement.pay_terms import PayTerms
from vpp.settlement.performance import Performance
from vpp.settlement.site_cells import SiteCells


def assess(
    measured: MeasuredInterval, rules: MoneyRules, price_per_mwh: Decimal, *, counts_estimates: bool = True
) -> Performance:
    """Judge an interval by a product's money rules, at the price of an award."""
    site = SiteCells([measured], [price_per_mwh], PayTerms.of(rules), counts_estimates=counts_estimates)
    judge_alone(site)
    return site.performances()[0]
