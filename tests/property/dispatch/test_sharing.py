"""An order's shares add up to its target, and nobody is asked for more than it has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpp.dispatch.sharing import share_target

KW = st.floats(0.0, 1e6)
CAPACITY = st.dictionaries(st.sampled_from("abcdef"), st.tuples(KW, KW), max_size=6)


@given(st.tuples(KW, KW), CAPACITY)
def test_shares_add_up_and_stay_within_capacity(
    target_kw: tuple[float, float], capacity_kw: dict[str, tuple[float, float]]
) -> None:
    shares = share_target(target_kw, capacity_kw)
    assert set(shares) == set(capacity_kw)
    for n in range(2):
        total = sum(values[n] for values in capacity_kw.values())
        assert sum(values[n] for values in shares.values()) == pytest.approx(
            min(target_kw[n], total), rel=1e-9, abs=1e-6
        )
        assert all(shares[key][n] <= capacity_kw[key][n] for key in shares)
