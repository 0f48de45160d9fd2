import numpy as np
import pytest
from support.load_panels import panel_of, weekly_load

from vpp.baseline.forecasting.persistence import held_load

M = 24
END = np.array([40 * M])


def test_a_level_that_changed_is_held_where_it_is() -> None:
    load = np.where(np.arange(40 * M) < 36 * M + 5, 1.0, -1.0)[None] + 0.001 * weekly_load(1, 40 * M, M)
    found = held_load(panel_of(load, M), END, M)
    assert found.trust[0, 0] > 0.95
    np.testing.assert_allclose(found.kw[0, 0], -1.0, atol=0.01)


def test_a_week_that_repeats_to_the_letter_is_repeated() -> None:
    # Nothing of one day is like the day before, and all of it like the week before.
    week = np.random.default_rng(2).normal(0.0, 1.0, 7 * M)
    found = held_load(panel_of(np.tile(week, 6)[None, : 40 * M], M), END, 2 * M)
    np.testing.assert_allclose(found.kw[0, 0], np.tile(week, 6)[40 * M : 42 * M], rtol=1e-9)
    assert found.trust[0, 0] > 0.999


def test_days_that_are_alike_repeat_the_last() -> None:
    day = np.random.default_rng(3).normal(0.0, 1.0, M)
    growth = np.repeat(np.arange(40) ** 2 * 0.01, M)  # weeks are further apart than days
    load = np.tile(day, 40) + growth
    found = held_load(panel_of(load[None], M), END, 2 * M)
    np.testing.assert_allclose(found.kw[0, 0], np.tile(load[-M:], 2), atol=0.01)


def test_of_two_that_are_as_good_rounding_does_not_decide() -> None:
    # Yesterday and last week were as good until today, whose level only yesterday knows.
    load = np.tile(np.random.default_rng(4).normal(0.0, 1.0, M), 40)[None].copy()
    load[:, -M:] += 1.0
    found = held_load(panel_of(load, M), END, M).kw
    nudged = held_load(panel_of(load + 1e-13 * weekly_load(1, 40 * M, M), M), END, M).kw
    np.testing.assert_allclose(nudged, found, atol=1e-9)


def test_a_building_is_left_to_the_regressions() -> None:
    found = held_load(panel_of(weekly_load(6, 40 * M, M), M), END, M)
    assert found.trust.max() < 0.1


def test_days_that_take_turns_are_not_held() -> None:
    # The profile lies between the two levels and errs by half their distance, yesterday by the whole of it.
    load = np.repeat(np.arange(40) % 2, M).astype(float)[None]
    assert held_load(panel_of(load, M), END, M).trust[0, 0] < 0.1


def test_only_the_past_of_each_origin_counts() -> None:
    load = weekly_load(2, 40 * M, M)
    origins = np.array([30 * M + 5, 31 * M + 5])
    before = held_load(panel_of(load, M), origins, M)
    load[:, 31 * M + 5 :] += 9.0
    after = held_load(panel_of(load, M), origins, M)
    np.testing.assert_array_equal(before.kw, after.kw)
    np.testing.assert_array_equal(before.trust, after.trust)


def test_a_flat_load_is_held() -> None:
    found = held_load(panel_of(np.zeros((1, 40 * M)), M), END, M)
    np.testing.assert_array_equal(found.kw, 0.0)
    assert np.isfinite(found.trust).all()


def test_mixing_goes_by_trust() -> None:
    found = held_load(panel_of(weekly_load(2, 40 * M, M), M), END, M)
    regression = np.full((2, 1, M), 2.0)
    share = found.trust[:, :, None]
    np.testing.assert_allclose(found.mixed_with(regression), share * found.kw + (1 - share) * 2.0)
    assert np.isnan(found.mixed_with(np.full((2, 1, M), np.nan))).all()


@pytest.mark.parametrize("days", [14, 21, 60])
def test_fourteen_days_are_enough(days: int) -> None:
    found = held_load(panel_of(weekly_load(1, days * M, M), M), np.array([days * M]), 7 * M)
    assert np.isfinite(found.kw).all()
    assert 0.0 <= found.trust[0, 0] <= 1.0
