from collections.abc import Callable

import numpy as np
import pytest

from vpp.baseline.accuracy import (
    coverage_ratio,
    geometric_mean,
    mase_ratio,
    mean_absolute_error_kw,
    nmbe_ratio,
    pinball_kw,
    relative_errors,
    rmae_ratio,
    rrmse_ratio,
)
from vpp.foundation.errors import InvalidInput

NAN = float("nan")


def test_gaps_on_either_side_are_left_out() -> None:
    estimate_kw, actual_kw = [110.0, NAN, 50.0, 90.0], [100.0, 70.0, NAN, 100.0]
    assert rrmse_ratio(estimate_kw, actual_kw) == pytest.approx(0.1)
    assert nmbe_ratio(estimate_kw, actual_kw) == 0.0
    assert mean_absolute_error_kw(estimate_kw, actual_kw) == 10.0
    assert coverage_ratio([NAN, 0.0, 0.0, 0.0], [200.0] * 4, actual_kw) == 1.0


def test_bias_is_positive_where_the_estimate_is_too_high() -> None:
    assert nmbe_ratio([120.0, 100.0], [100.0, 100.0]) == pytest.approx(0.1)
    assert nmbe_ratio([80.0, 100.0], [100.0, 100.0]) == pytest.approx(-0.1)


def test_the_pinball_loss_is_smallest_at_the_quantile() -> None:
    actual_kw = np.arange(1.0, 101.0)
    losses = {level: pinball_kw(np.full(100, level), actual_kw, 0.9) for level in (50.0, 90.0, 99.0)}
    assert min(losses, key=lambda level: losses[level]) == 90.0


@pytest.mark.parametrize("measure", [rrmse_ratio, nmbe_ratio, mean_absolute_error_kw])
def test_shapes_must_match_and_something_must_be_known(measure: Callable[..., float]) -> None:
    with pytest.raises(InvalidInput, match="shape"):
        measure([1.0, 2.0], [1.0])
    with pytest.raises(InvalidInput, match="no position is known"):
        measure([NAN], [1.0])


@pytest.mark.parametrize("measure", [rrmse_ratio, nmbe_ratio])
def test_a_relative_error_needs_a_load_above_zero(measure: Callable[..., float]) -> None:
    with pytest.raises(InvalidInput, match="expected above 0"):
        measure([1.0, 1.0], [1.0, -1.0])


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, 90.0])
def test_a_quantile_level_lies_between_0_and_1(level: float) -> None:
    with pytest.raises(InvalidInput, match="level is"):
        pinball_kw([1.0], [1.0], level)


def test_a_band_needs_the_shape_of_the_load_and_something_known() -> None:
    with pytest.raises(InvalidInput, match="band of shapes"):
        coverage_ratio([1.0], [1.0, 2.0], [1.0, 2.0])
    with pytest.raises(InvalidInput, match="no position is known"):
        coverage_ratio([NAN], [1.0], [1.0])


def test_a_reference_is_held_against_the_same_intervals() -> None:
    # The third interval has no reference, the fourth no load: errors 2 and 4 against 4 and 8.
    estimate, reference = [102.0, 104.0, 500.0, 500.0], [104.0, 108.0, NAN, 100.0]
    assert rmae_ratio(estimate, reference, [100.0, 100.0, 100.0, NAN]) == pytest.approx(0.5)
    with pytest.raises(InvalidInput, match="never wrong"):
        rmae_ratio([1.0], [2.0], [2.0])
    with pytest.raises(InvalidInput, match="shapes"):
        rmae_ratio([1.0], [2.0, 3.0], [2.0])


def test_the_scale_of_an_error_is_the_change_from_a_season_before() -> None:
    # Changes from two intervals before: |30-10|, |35-20|, one unknown: mean 17.5; the error is 7.
    history = [10.0, 20.0, 30.0, 35.0, NAN]
    assert mase_ratio([107.0], [100.0], history, 2) == pytest.approx(7.0 / 17.5)
    for short in ([10.0], [10.0, 20.0], [10.0, 20.0, 10.0]):
        with pytest.raises(InvalidInput, match="shows no change"):
            mase_ratio([107.0], [100.0], short, 2)


def test_events_have_one_relative_error_each_however_long() -> None:
    assert relative_errors([[110.0, 110.0], [95.0]], [[100.0, 100.0], [100.0]]) == pytest.approx((0.1, -0.05))
    with pytest.raises(InvalidInput, match="events"):
        relative_errors([[1.0]], [])


def test_half_and_double_cancel_in_the_geometric_mean() -> None:
    assert geometric_mean([0.5, NAN, 2.0, 1.0]) == pytest.approx(1.0)
    for bad in ([NAN], [0.5, 0.0]):
        with pytest.raises(InvalidInput, match="above 0"):
            geometric_mean(bad)
