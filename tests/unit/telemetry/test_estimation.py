import numpy as np
import pytest

from vpp.telemetry.estimation import like_mean_kw, linear_kw, neighbour_scale
from vpp.telemetry.runs import Run

NAN = np.nan


def test_a_line_leaves_equal_steps() -> None:
    np.testing.assert_allclose(
        linear_kw(np.array([4.0, NAN, NAN, NAN, 0.0]), Run(1, 4)), [3.0, 2.0, 1.0], rtol=1e-12
    )


def test_the_nearest_like_readings_are_averaged() -> None:
    values = np.array([100.0, 1.0, 2.0, 3.0, NAN, 5.0, 6.0, 100.0])
    like = np.zeros(8, dtype=np.int64)
    # Nearest to position 4 are 3 and 5, then 2 and 6.
    assert like_mean_kw(values, like, np.array([4]), count=2, span=9).tolist() == [4.0]
    assert like_mean_kw(values, like, np.array([4]), count=4, span=9).tolist() == [4.0]
    # Of two that are as near, the earlier: 3, then 2 after 5.
    assert like_mean_kw(values, like, np.array([4]), count=3, span=9).tolist() == [pytest.approx(10.0 / 3.0)]


def test_only_the_same_label_counts() -> None:
    values = np.array([1.0, 50.0, NAN, 60.0, 3.0])
    assert like_mean_kw(values, np.array([0, 1, 0, 1, 0]), np.array([2]), count=6, span=9).tolist() == [2.0]


def test_far_readings_do_not_count() -> None:
    values = np.array([1.0, NAN, NAN, NAN, 9.0])
    like = np.zeros(5, dtype=np.int64)
    assert like_mean_kw(values, like, np.array([1]), count=6, span=2).tolist() == [1.0]
    np.testing.assert_array_equal(like_mean_kw(values, like, np.array([2]), count=6, span=1), [NAN])


def test_a_reading_does_not_stand_for_itself() -> None:
    values = np.array([1.0, 500.0, 3.0])
    found = like_mean_kw(values, np.zeros(3, dtype=np.int64), np.array([1, 0]), count=1, span=9)
    assert found.tolist() == [1.0, 500.0]


def test_nothing_like_it_gives_no_estimate() -> None:
    found = like_mean_kw(np.array([1.0, NAN]), np.array([0, 1]), np.array([1]), count=6, span=9)
    assert np.isnan(found).all()


@pytest.mark.parametrize(
    ("actual", "like", "expected"),
    [
        ([11.0, 13.0], [10.0, 10.0], 1.2),
        ([11.0, NAN], [10.0, 10.0], 1.1),
        ([11.0, 13.0], [10.0, NAN], 1.1),
        ([50.0], [10.0], 2.0),
        ([1.0], [10.0], 0.5),
        ([0.0], [10.0], 1.0),
        ([5.0], [0.0], 1.0),
        ([-5.0], [10.0], 1.0),
        ([], [], 1.0),
    ],
)
def test_neighbours_scale_within_limits(actual: list[float], like: list[float], expected: float) -> None:
    assert neighbour_scale(np.array(actual), np.array(like), 2.0) == pytest.approx(expected)
