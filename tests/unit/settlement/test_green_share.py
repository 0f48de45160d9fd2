from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpp.foundation.errors import InvalidInput
from vpp.settlement.green_share import GreenShare, certificates_for, share_ratio

ENERGIES = st.integers(min_value=1, max_value=10**15).map(lambda wh: Decimal(wh).scaleb(-3))
SHARES = st.integers(min_value=0, max_value=100).map(lambda hundredths: Decimal(hundredths).scaleb(-2))


def share(certificates: int, counted_kwh: str) -> GreenShare:
    counted = Decimal(counted_kwh)
    return GreenShare("a", "2026-03", counted, Decimal(743), Decimal(0), counted, certificates, 0)


def test_eighty_percent_of_a_month() -> None:
    assert certificates_for(Decimal("0.80"), Decimal(1_000_000)) == 800
    assert share_ratio(800, Decimal(1_000_000)) == Decimal("0.80")
    assert share_ratio(799, Decimal(1_000_000)) == Decimal("0.79")  # 0.799, cut
    assert certificates_for(Decimal("0.80"), Decimal("1000000.001")) == 801
    assert share_ratio(800, Decimal("1000000.001")) == Decimal("0.79")


def test_a_share_is_never_above_one_and_unknown_of_nothing() -> None:
    assert share_ratio(2, Decimal(1500)) == 1
    assert share_ratio(2, Decimal(2000)) == 1
    assert share_ratio(1, Decimal(0)) is None
    assert str(share_ratio(0, Decimal(1))) == "0.00"


def test_what_is_not_covered_and_what_is_left_over_are_told() -> None:
    short, over = share(1, "1500.250"), share(2, "1500.250")
    assert (short.uncovered_kwh, short.left_over_kwh) == (Decimal("500.250"), 0)
    assert (over.uncovered_kwh, over.left_over_kwh) == (0, Decimal("499.750"))
    assert share(2, "2000").left_over_kwh == share(2, "2000").uncovered_kwh == 0


def test_gaps_are_told_as_a_share_of_the_month() -> None:
    half = GreenShare("a", "2026-03", Decimal(1), Decimal(744), Decimal(186), Decimal(9), 1, 2)
    assert half.gap_ratio == 0.25
    assert half.certificates == 3


@given(st.integers(min_value=0, max_value=10**6), ENERGIES)
def test_a_share_is_cut_and_never_rounded_up(certificates: int, consumed_kwh: Decimal) -> None:
    exact = Fraction(certificates * 1000) / Fraction(consumed_kwh)
    told = share_ratio(certificates, consumed_kwh)
    assert told is not None
    assert Fraction(told) <= exact
    assert told == 1 or exact < Fraction(told) + Fraction(1, 100)


@given(SHARES, ENERGIES)
def test_the_fewest_certificates_are_enough_and_one_less_is_not(
    share: Decimal, consumed_kwh: Decimal
) -> None:
    count = certificates_for(share, consumed_kwh)
    enough = share_ratio(count, consumed_kwh)
    assert enough is not None
    assert enough >= share
    if count:
        fewer = share_ratio(count - 1, consumed_kwh)
        assert fewer is not None
        assert fewer < share


@pytest.mark.parametrize("wrong", ["-0.01", "1.01", "0.805"])
def test_a_share_that_cannot_be_told_is_refused(wrong: str) -> None:
    with pytest.raises(
        InvalidInput, match=f"share_ratio is {wrong}, expected 0 to 1 with at most two decimals"
    ):
        certificates_for(Decimal(wrong), Decimal(1))
