from dataclasses import replace

import numpy as np
import pytest
from support.load_panels import panel_of, weekly_load

from vpp.baseline.forecasting.robust_arx import ROBUST_ARX, huber_coefficients, huber_weights, robust_rows
from vpp.baseline.forecasting.windows import window

M = 8


@pytest.mark.parametrize(
    ("length", "begun", "lead"),
    [(14 * M, 0, M), (60 * M, 0, M), (60 * M, 3, 2 * M + 3), (200 * M, 0, M), (400 * M, 0, M)],
)
def test_both_computations_give_one_answer(length: int, begun: int, lead: int) -> None:
    panel = panel_of(weekly_load(3, length + begun, M), M)
    origins = np.array([length + begun - M, length + begun])
    batched = ROBUST_ARX.batched(panel, origins, lead, int(origins[0]))
    reference = ROBUST_ARX.reference(panel, origins, lead, int(origins[0]))
    assert batched.shape == (3, 2, lead)
    np.testing.assert_allclose(batched, reference, rtol=1e-8, atol=1e-9)


def test_both_computations_agree_with_temperature_and_plan() -> None:
    load = weekly_load(2, 40 * M, M)
    temperature_c = 15.0 + 10.0 * weekly_load(2, 41 * M, M, seed=5)
    panel = panel_of(load, M, temperature_c=temperature_c, plan_kw=weekly_load(2, 41 * M, M, seed=6))
    origins = np.array([40 * M])
    batched = ROBUST_ARX.batched(panel, origins, M, 40 * M)
    np.testing.assert_allclose(batched, ROBUST_ARX.reference(panel, origins, M, 40 * M), rtol=1e-8, atol=1e-9)
    without = replace(panel, temperature_c=None)
    assert np.abs(batched - ROBUST_ARX.batched(without, origins, M, 40 * M)).max() > 1e-6


def test_a_site_is_not_moved_by_the_others() -> None:
    panel = panel_of(weekly_load(5, 40 * M, M), M)
    origins = np.array([40 * M])
    together = ROBUST_ARX.batched(panel, origins, M, 40 * M)
    alone = ROBUST_ARX.batched(panel.take(np.array([3])), origins, M, 40 * M)
    np.testing.assert_allclose(together[3], alone[0], rtol=1e-10)


def test_chunks_for_memory_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    panel = panel_of(weekly_load(5, 40 * M, M), M)
    origins = np.array([40 * M])
    whole = ROBUST_ARX.batched(panel, origins, M, 40 * M)
    monkeypatch.setattr("vpp.baseline.forecasting.robust_arx.LARGEST_DESIGN", 40 * M * 64 * 2)  # two sites
    np.testing.assert_allclose(ROBUST_ARX.batched(panel, origins, M, 40 * M), whole, rtol=1e-10)


def test_a_load_that_repeats_every_week_is_forecast() -> None:
    load = weekly_load(4, 61 * M, M, noise=0.01)
    panel = panel_of(load[:, : 60 * M], M)
    found = ROBUST_ARX.forecast(panel, np.array([60 * M]), M, 60 * M)
    assert np.abs(found[:, 0] - load[:, 60 * M :]).mean() < 0.1  # the weekly swing is about 2


def test_a_few_wild_days_move_it_little() -> None:
    load = weekly_load(4, 60 * M, M)
    origins = np.array([60 * M])
    usual = ROBUST_ARX.forecast(panel_of(load, M), origins, M, 60 * M)
    wild = load.copy()
    wild[:, 30 * M : 31 * M] += 25.0
    moved = np.abs(ROBUST_ARX.forecast(panel_of(wild, M), origins, M, 60 * M) - usual).mean()
    assert moved < 0.1


def test_a_forecast_never_looks_beyond_its_origin() -> None:
    load = weekly_load(2, 40 * M, M)
    origins = np.array([30 * M, 31 * M])
    before = ROBUST_ARX.forecast(panel_of(load, M), origins, M, 30 * M)
    load[:, 31 * M :] += 50.0
    np.testing.assert_allclose(ROBUST_ARX.forecast(panel_of(load, M), origins, M, 30 * M), before, rtol=1e-9)


def test_a_flat_load_stays_flat() -> None:
    panel = panel_of(np.zeros((1, 30 * M)), M)
    for by in ("batched", "reference"):
        found = ROBUST_ARX.forecast(panel, np.array([30 * M]), M, 30 * M, by=by)
        np.testing.assert_allclose(found, 0.0, atol=1e-12)


def test_shifting_and_scaling_the_load_shifts_and_scales_the_forecast() -> None:
    load = weekly_load(2, 40 * M, M)
    origins = np.array([40 * M])
    usual = ROBUST_ARX.forecast(panel_of(load, M), origins, M, 40 * M)
    other = ROBUST_ARX.forecast(panel_of(3.0 * load + 7.0, M), origins, M, 40 * M)
    np.testing.assert_allclose(other, 3.0 * usual + 7.0, rtol=1e-8)


def test_huber_weights_are_one_within_the_limit_and_fall_beyond_it() -> None:
    # The median size is 1, so the limit is 1.345 / 0.6745 = 1.994.
    weights = huber_weights(np.array([0.5, -1.0, 1.0, 3.9881, -19.9407]))
    np.testing.assert_allclose(weights, [1.0, 1.0, 1.0, 0.5, 0.1], rtol=1e-4)
    np.testing.assert_array_equal(huber_weights(np.array([0.0, 0.0, 5.0])), 1.0)


def test_a_column_that_vanishes_has_no_coefficient() -> None:
    panel = panel_of(weekly_load(1, 30 * M, M), M)
    (rows,) = robust_rows(window(panel, np.array([30 * M]), 30 * M), M)
    columns = rows.columns.copy()
    columns[:, -1] = 0.0
    found = huber_coefficients(replace(rows, columns=columns))
    assert found[0, -1] == 0.0
    assert np.isfinite(found).all()
