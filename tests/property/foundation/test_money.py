"""Splitting loses nothing, rounding is symmetric, floats never get in."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpp.foundation.errors import InvalidInput
from vpp.foundation.money import MINOR_DIGITS, Money, energy_kwh, minor_unit, split

CURRENCIES = st.sampled_from(sorted(MINOR_DIGITS))
WEIGHTS = st.lists(st.decimals(0, 1000, places=3), min_size=1, max_size=20).filter(any)


@given(st.integers(-(10**9), 10**9), CURRENCIES, WEIGHTS)
def test_shares_sum_to_the_whole(units: int, currency: str, weights: list[Decimal]) -> None:
    total = Money(units * minor_unit(currency), currency)
    shares = split(total, weights)
    assert sum(share.amount for share in shares) == total.amount
    assert [share.amount for share in split(-total, weights)] == [-share.amount for share in shares]
    whole = sum(weights)
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share.amount - total.amount * weight / whole) <= minor_unit(currency)


@given(st.decimals(-(10**6), 10**6, places=6), CURRENCIES)
def test_rounding_is_symmetric(amount: Decimal, currency: str) -> None:
    assert Money(-amount, currency).rounded() == -Money(amount, currency).rounded()


@pytest.mark.parametrize("weights", [[], [Decimal(0)], [Decimal(1), Decimal(-1)]])
def test_weights_that_share_nothing_are_refused(weights: list[Decimal]) -> None:
    with pytest.raises(InvalidInput, match="weights"):
        split(Money(Decimal(1), "GBP"), weights)


@pytest.mark.parametrize("bad", [Decimal("NaN"), Decimal("Infinity"), 1.5])
def test_only_finite_decimals_are_money(bad: Decimal) -> None:
    with pytest.raises(InvalidInput, match="amount"):
        Money(bad, "GBP")


def test_currencies_never_mix() -> None:
    with pytest.raises(InvalidInput, match="cannot add"):
        Money(Decimal(1), "GBP") + Money(Decimal(1), "JPY")
    with pytest.raises(InvalidInput, match="currency"):
        Money(Decimal(1), "XYZ")


def test_an_energy_is_finite() -> None:
    with pytest.raises(InvalidInput, match="energy"):
        energy_kwh(float("nan"))
