"""Sharing loses nothing and is fair to the unit; rounding is symmetric."""

from hypothesis import given
from hypothesis import strategies as st

from vpp.settlement.exact_units import half_up, share_out

WEIGHTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=20).filter(any)


@given(st.integers(0, 10**12), WEIGHTS)
def test_shares_sum_to_the_whole(total: int, weights: list[int]) -> None:
    shares, ups = share_out(total, weights)
    assert sum(shares) == total
    whole = sum(weights)
    for share, is_up, weight in zip(shares, ups, weights, strict=True):
        assert share == total * weight // whole + is_up


@given(st.integers(-(10**12), 10**12), st.integers(1, 10**9))
def test_rounding_is_symmetric(numerator: int, denominator: int) -> None:
    assert half_up(-numerator, denominator) == -half_up(numerator, denominator)
