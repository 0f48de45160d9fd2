"""Floats and unknown currencies never get in."""

from decimal import Decimal

import pytest

from vpp.foundation.errors import InvalidInput
from vpp.foundation.money import Money, energy_kwh


@pytest.mark.parametrize("bad", [Decimal("NaN"), Decimal("Infinity"), 1.5])
def test_only_finite_decimals_are_money(bad: Decimal) -> None:
    with pytest.raises(InvalidInput, match="amount"):
        Money(bad, "GBP")


def test_a_currency_is_a_known_one() -> None:
    with pytest.raises(InvalidInput, match="currency"):
        Money(Decimal(1), "XYZ")


def test_an_energy_is_finite() -> None:
    with pytest.raises(InvalidInput, match="energy"):
        energy_kwh(float("nan"))
