import numpy as np
import pytest
from support.hourly_panels import M, noisy_panel

from vpp.baseline.forecasting.mix import mix_forecast
from vpp.baseline.forecasting.replay import mix_at, replay


@pytest.mark.parametrize(("days", "replayed"), [(100, 42), (50, 35), (21, 6), (15, 0), (10, 0)])
def test_as_many_days_as_leave_two_weeks_to_learn_from(days: int, replayed: int) -> None:
    found = replay(noisy_panel(days, site_count=2), M, "fast", "batched")
    assert found.days_back.tolist() == list(range(replayed, 0, -1))
    assert found.paths.shape == (2, replayed, M)
    assert np.isfinite(found.paths).all()


def test_a_day_is_forecast_from_what_was_known_before_its_block() -> None:
    panel = noisy_panel(100, site_count=2)
    found = replay(panel, M, "mean", "batched")
    origins = panel.length - np.arange(42, 36, -1) * M
    block = mix_forecast(panel, origins, M, int(origins[0]), mix="mean").kw
    np.testing.assert_allclose(found.paths[:, :6], block)


def test_short_histories_are_replayed_with_the_members_they_would_have_had() -> None:
    assert mix_at("mean", 28) == "mean"
    panel = noisy_panel(30, site_count=1)
    oldest = np.array([panel.length - 15 * M])
    found = replay(panel, M, "mean", "batched").paths[0, 0]
    np.testing.assert_allclose(found, mix_forecast(panel, oldest, M, 15 * M, mix="fast").kw[0, 0])
