"""Whatever events want of a site, each kW of its delivery is counted once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpp.dispatch.attribution import attribute

KW = st.floats(0.0, 1e5)


@st.composite
def wants(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, list[int]]:
    count = draw(st.integers(1, 4))
    ranks = draw(st.lists(st.integers(1, 3), min_size=count, max_size=count))
    targets = np.array([[draw(st.one_of(st.just(0.0), KW)) for _ in range(3)] for _ in range(count)])
    delivered = np.array([draw(st.floats(-1e5, 3e5)) for _ in range(3)])
    return delivered, targets, ranks


@given(wants())
def test_shares_add_up_to_what_was_delivered(given_: tuple[np.ndarray, np.ndarray, list[int]]) -> None:
    delivered, targets, ranks = given_
    np.testing.assert_allclose(attribute(delivered, targets, ranks).sum(axis=0), delivered, atol=1e-6)


@given(wants())
def test_nobody_gets_anything_before_a_higher_rank_has_all_it_wants(
    given_: tuple[np.ndarray, np.ndarray, list[int]],
) -> None:
    delivered, targets, ranks = given_
    shares = attribute(delivered, targets, ranks)
    for n in range(delivered.size):
        for low, rank in enumerate(ranks):
            higher = [row for row, other in enumerate(ranks) if other > rank]
            if shares[low, n] > 1e-6:
                for row in higher:
                    assert shares[row, n] == pytest.approx(targets[row, n], abs=1e-6)
