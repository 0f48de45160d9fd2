from fractions import Fraction
from typing import Any

import pytest

from vpp.portfolio.pay_parts import PenaltyTerms
from vpp.settlement.shortfall import ShortfallRule


def rule(**terms: Any) -> ShortfallRule:  # noqa: ANN401  any field of the terms
    return ShortfallRule.of(
        PenaltyTerms.model_validate({"threshold_ratio": "0.9", "price_ratio": "1"} | terms)
    )


@pytest.mark.parametrize(("delivered", "missing"), [(100, 0), (90, 0), (89, 1), (0, 90), (-10, 100)])
def test_what_is_missing_of_the_threshold_is_charged_for(delivered: int, missing: int) -> None:
    assert Fraction(*rule().basis(delivered, 100, (0, 1))) == missing


@pytest.mark.parametrize("delivered", [-10, 0, 10])
def test_nothing_committed_is_nothing_missing_and_nothing_too_much(delivered: int) -> None:
    assert Fraction(*rule(excess_above_ratio="1.1").basis(delivered, 0, (0, 1))) == 0


def test_the_paid_quantity_may_count() -> None:
    assert Fraction(*rule(counts="paid").basis(100, 100, (170, 2))) == 5
    assert Fraction(*rule(counts="delivered").basis(100, 100, (170, 2))) == 0


def test_an_excess_is_charged_for_like_a_shortfall() -> None:
    both = rule(threshold_ratio="1.2", excess_above_ratio="1.1")
    assert Fraction(*both.basis(115, 100, (0, 1))) == 5 + 5
    assert Fraction(*both.basis(130, 100, (0, 1))) == 20
    assert Fraction(*both.basis(105, 100, (0, 1))) == 15
    assert Fraction(*rule(excess_above_ratio="1").basis(101, 100, (0, 1))) == 1


def test_denominators_of_whole_payments_divide_the_unit() -> None:
    odd = rule(threshold_ratio="0.77", excess_above_ratio="0.3", counts="paid")
    for delivered in (-5, 1, 40, 90):
        _, per = odd.basis(delivered, 100, (17, 1))
        assert odd.unit % per == 0


def test_the_price_is_a_multiple_or_its_own() -> None:
    assert rule(price_ratio="1.5").price_micros(80_000_001) == 120_000_002  # half up
    assert rule(price_ratio="1.5").price_micros(-80_000_000) == 0
    own = rule(price_ratio=None, price_per_mwh="11")
    assert (own.price_micros(7_000_000), own.price_micros(-1)) == (11_000_000, 11_000_000)
    assert rule(price_ratio=None, price_per_mwh="0").price_micros(7_000_000) == 0


def test_whose_the_money_is() -> None:
    assert not rule().is_kept_by_aggregator
    assert rule(retained_by="aggregator").is_kept_by_aggregator
