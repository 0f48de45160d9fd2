from fractions import Fraction

import pytest

from vpp.portfolio.pay_parts import ResponsePoint, ResponseTable
from vpp.settlement.response_curve import ResponseCurve


def curve(*corners: tuple[str, str]) -> ResponseCurve:
    points = tuple(ResponsePoint(delivered_ratio=at, paid_ratio=paid) for at, paid in corners)  # type: ignore[arg-type]  # text is read as a Decimal
    return ResponseCurve.of(ResponseTable(points=points))


BAND = curve(("0.8", "0"), ("0.8", "0.8"), ("1.2", "1.2"))


@pytest.mark.parametrize(
    ("delivered", "paid"),
    [(-50, "0"), (0, "0"), (79, "0"), (80, "80"), (100, "100"), (119, "119"), (120, "120"), (500, "120")],
)
def test_a_band_pays_nothing_below_it_and_no_more_above(delivered: int, paid: str) -> None:
    assert Fraction(*BAND.paid(delivered, 100)) == Fraction(paid)


def test_a_line_between_corners_is_exact() -> None:
    thirds = curve(("0", "0"), ("0.3", "0.1"))
    assert Fraction(*thirds.paid(1, 10)) == Fraction(1, 3)


def test_at_a_step_the_later_corner_counts() -> None:
    down = curve(("0", "0"), ("1", "1"), ("1", "0.5"))
    assert Fraction(*down.paid(99, 100)) == 99
    assert Fraction(*down.paid(100, 100)) == 50
    assert Fraction(*down.paid(200, 100)) == 50


def test_a_single_corner_is_all_or_nothing() -> None:
    all_or_nothing = curve(("0.9", "1"))
    assert Fraction(*all_or_nothing.paid(89, 100)) == 0
    assert Fraction(*all_or_nothing.paid(90, 100)) == 100


@pytest.mark.parametrize("delivered", [-5, 0, 5])
def test_nothing_promised_is_nothing_paid(delivered: int) -> None:
    assert Fraction(*BAND.paid(delivered, 0)) == 0
