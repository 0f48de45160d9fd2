"""What the shorthand of money rules comes to, and where parts take its place."""

from decimal import Decimal

import pytest

from vpp.portfolio.money_rules import MoneyRules, PayRule
from vpp.portfolio.pay_parts import PenaltyTerms, ResponsePoint, ResponseTable


def rules(*corners: tuple[str, str], penalty: PenaltyTerms | None = None) -> MoneyRules:
    """Make rules whose bands are a response table."""
    points = tuple(
        ResponsePoint(delivered_ratio=Decimal(at), paid_ratio=Decimal(paid)) for at, paid in corners
    )
    return MoneyRules(
        currency="CNY",
        pay_rule=PayRule.AS_CLEAR,
        penalty_formula_id="none" if penalty is None else "parts",
        penalty=penalty,
        response=ResponseTable(points=points),
    )


def test_the_bands_of_the_shorthand_are_its_ratios() -> None:
    given = MoneyRules(
        currency="GBP",
        pay_rule=PayRule.AS_BID,
        penalty_formula_id="shortfall_at_price",
        penalty_ratio=Decimal("0.5"),
        band_low_ratio=Decimal("0.5"),
        band_full_ratio=Decimal("0.9"),
        band_cap_ratio=Decimal("1.2"),
    )
    assert given.band == (Decimal("0.5"), Decimal("0.9"), Decimal("1.2"))


@pytest.mark.parametrize(
    ("corners", "low", "cap"),
    [
        ((("0.8", "0"), ("0.8", "0.8"), ("1.2", "1.2")), "0.8", "1.2"),
        ((("0", "0"), ("0.5", "0"), ("1", "1"), ("2", "1"), ("3", "1")), "0.5", "1"),
        ((("0", "1"), ("1", "0.2")), "0", "1"),
        ((("0.9", "1"),), "0.9", "0.9"),
    ],
)
def test_the_bands_of_a_table_are_where_it_turns(
    corners: tuple[tuple[str, str], ...], low: str, cap: str
) -> None:
    assert rules(*corners).band == (Decimal(low), 0, Decimal(cap))


def test_a_penalty_of_parts_says_from_where_on_there_is_none() -> None:
    penalty = PenaltyTerms(threshold_ratio=Decimal("0.9"), price_ratio=Decimal("1.1"))
    assert rules(("0", "0"), ("1.1", "1.1"), penalty=penalty).band[1] == Decimal("0.9")
