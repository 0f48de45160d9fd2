from decimal import Decimal

import pytest

from vpp.portfolio.pay_parts import ShareTerms
from vpp.settlement.aggregator_share import ShareRule
from vpp.settlement.exact_units import MinorUnit

WHOLE = (1, 1)


def test_a_ratio_keeps_a_share_half_up() -> None:
    rule = ShareRule.of(ShareTerms(ratio=Decimal("0.1")))
    assert [rule.of_payments(paid) for paid in (125, 124, -125, 0)] == [13, 12, -13, 0]
    assert rule.shown_ratio == Decimal("0.1")


@pytest.mark.parametrize(("price", "site_price"), [(1000, 860), (300, 300), (200, 300), (-50, 300)])
def test_floor_and_share(price: int, site_price: int) -> None:
    terms = ShareTerms(kind="floor_and_share", floor_price_per_mwh=Decimal(300), site_ratio=Decimal("0.8"))
    rule = ShareRule.of(terms)
    assert rule.site_price_micros(price * 1_000_000) == site_price * 1_000_000
    # 10 MWh at the difference, in fen
    fee = rule.of_energy(10_000_000, price * 1_000_000, WHOLE, MinorUnit("CNY"))
    assert fee == 10 * (price - site_price) * 100


def test_a_fixed_price_leaves_the_rest() -> None:
    rule = ShareRule.of(ShareTerms(kind="fixed_price", site_price_per_mwh=Decimal("50.5")))
    assert rule.site_price_micros(80_000_000) == 50_500_000
    assert rule.of_energy(100_000, 80_000_000, WHOLE, MinorUnit("GBP")) == 295
    assert rule.of_payments(1000) == 0


def test_where_the_energy_was_cut_the_fee_is_too() -> None:
    rule = ShareRule.of(ShareTerms(kind="fixed_price", site_price_per_mwh=Decimal(40)))
    assert rule.of_energy(100_000, 80_000_000, (1, 4), MinorUnit("GBP")) == 100


def test_a_floor_and_a_share_of_nothing_are_just_that() -> None:
    floor = ShareRule.of(
        ShareTerms(kind="floor_and_share", floor_price_per_mwh=Decimal(300), site_ratio=Decimal(0))
    )
    assert floor.site_price_micros(1_000_000_000) == 300_000_000
    share = ShareRule.of(
        ShareTerms(kind="floor_and_share", floor_price_per_mwh=Decimal(0), site_ratio=Decimal("0.8"))
    )
    assert share.site_price_micros(1_000_000_000) == 800_000_000
