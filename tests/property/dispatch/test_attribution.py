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


@given(wants(), st.lists(st.sampled_from([1.0, -1.0]), min_size=4, max_size=4))
def test_events_that_want_opposite_things_share_all_of_it_too(
    given_: tuple[np.ndarray, np.ndarray, list[int]], ways: list[float]
) -> None:
    delivered, targets, ranks = given_
    signs = ways[: len(ranks)]
    shares = attribute(delivered, targets, ranks, signs)
    np.testing.assert_allclose(shares.sum(axis=0), delivered, atol=1e-6)
    mirrored = attribute(-delivered, targets, ranks, [-sign for sign in signs])
    wanted = targets.any(axis=0)  # where nobody wants anything the lowest in order of sign gets what is left
    np.testing.assert_allclose(mirrored.sum(axis=0), -delivered, atol=1e-6)
    if len(set(ranks)) == len(ranks):
        np.testing.assert_allclose(mirrored[:, wanted], -shares[:, wanted], atol=1e-6)


@given(wants())
def test_signs_that_are_all_one_change_no_bit(given_: tuple[np.ndarray, np.ndarray, list[int]]) -> None:
    delivered, targets, ranks = given_
    np.testing.assert_array_equal(
        attribute(delivered, targets, ranks, [1.0] * len(ranks)), attribute(delivered, targets, ranks)
    )
