from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from vpp.foundation.errors import InvalidInput
from vpp.settlement.exact_units import (
    MinorUnit,
    half_up,
    kwh_of,
    micros_of,
    microseconds,
    price_of,
    share_out,
    watts_of,
    wh_of,
)


def test_energies_and_powers_are_whole_thousandths() -> None:
    assert (wh_of(Decimal("-1.5")), watts_of(Decimal(2))) == (-1500, 2000)
    assert (str(kwh_of(-1500)), str(kwh_of(0))) == ("-1.500", "0")
    with pytest.raises(InvalidInput, match=r"energy is 0.0005 kWh"):
        wh_of(Decimal("0.0005"))
    with pytest.raises(InvalidInput, match=r"power is 0.0005 kW,"):
        watts_of(Decimal("0.0005"))


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"),
    [
        (1, 2, 1),
        (-1, 2, -1),
        (1, 3, 0),
        (-1, 3, 0),
        (2, 3, 1),
        (-2, 3, -1),
        (0, 7, 0),
        (15, 10, 2),
        (-25, 10, -3),
    ],
)
def test_halves_go_away_from_zero(numerator: int, denominator: int, rounded: int) -> None:
    assert half_up(numerator, denominator) == rounded


def test_prices_have_six_places() -> None:
    assert micros_of(Decimal("0.0000005")) == 1
    assert micros_of(Decimal("-0.0000005")) == -1
    assert micros_of(Decimal(1000), Fraction(1, 3)) == 333_333_333
    assert str(price_of(333_333_333)) == "333.333333"


def test_a_time_is_whole_microseconds() -> None:
    assert microseconds(timedelta(minutes=20)) == 1_200_000_000


def test_amounts_are_whole_minor_units() -> None:
    pound, yen = MinorUnit("GBP"), MinorUnit("JPY")
    # 62.5 kWh at 80.08 per MWh are 5.005
    assert (pound.rounded(62_500, 80_080_000), yen.rounded(62_500, 80_080_000)) == (501, 5)
    assert (str(pound.amount(-501)), str(yen.amount(5))) == ("-5.01", "5")
    assert (pound.most(Decimal("1.019")), yen.most(Decimal("1.9"))) == (101, 1)
    assert (pound.of(Fraction(1, 200)), yen.of(Fraction(1, 2))) == (1, 1)
    with pytest.raises(InvalidInput, match="currency is 'XXX'"):
        MinorUnit("XXX")


@pytest.mark.parametrize(
    ("total", "weights", "shares", "ups"),
    [
        (10, [1, 1, 1], [4, 3, 3], [True, False, False]),
        (2, [1, 1, 1], [1, 1, 0], [True, True, False]),
        (5, [0, 7], [0, 5], [False, False]),
        (0, [3, 4], [0, 0], [False, False]),
        (7, [1, 2, 4], [1, 2, 4], [False, False, False]),
        (3, [1, 9], [0, 3], [False, True]),  # 0.3 and 2.7
    ],
)
def test_the_largest_remainder_gets_what_is_left(
    total: int, weights: list[int], shares: list[int], ups: list[bool]
) -> None:
    assert share_out(total, weights) == (shares, ups)
