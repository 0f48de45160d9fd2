import importlib

import numpy as np
import pytest
from support.load_panels import panel_of, weekly_load

from vpp.baseline.forecasting.boosted import BOOSTED, load_lightgbm
from vpp.baseline.forecasting.robust_arx import ROBUST_ARX
from vpp.foundation.errors import InvalidInput

M = 24


@pytest.fixture
def _has_trees() -> None:
    pytest.importorskip("lightgbm", reason="the extra 'boosting' is not installed")


@pytest.mark.usefixtures("_has_trees")
def test_it_learns_what_no_straight_line_says() -> None:
    # Load falls by 2 after a day whose last hours were within the usual and rises by 2 after one outside it.
    draw = np.random.default_rng(1)
    last = draw.uniform(-1.0, 1.0, 150)
    load = 0.02 * draw.normal(0.0, 1.0, (150, M))
    load[:, -2:] += last[:, None]
    load[1:, :12] += np.where(np.abs(last[:-1]) > 0.5, 2.0, -2.0)[:, None]
    panel = panel_of(load[:149].reshape(1, -1), M)
    origins = np.arange(140, 150) * M
    actual = load[140:150].reshape(1, 10, M)
    boosted = np.abs(BOOSTED.forecast(panel, origins, M, 140 * M) - actual).mean()
    straight = np.abs(ROBUST_ARX.forecast(panel, origins, M, 140 * M) - actual).mean()
    assert boosted < 0.7 * straight


@pytest.mark.usefixtures("_has_trees")
def test_it_is_the_same_every_time_and_whichever_sites_are_beside() -> None:
    panel = panel_of(weekly_load(3, 30 * M + 5, M), M)
    origins = np.array([29 * M + 5, 30 * M + 5])
    first = BOOSTED.forecast(panel, origins, M + 3, 29 * M + 5)
    again = BOOSTED.forecast(panel.take(np.array([2])), origins, M + 3, 29 * M + 5, by="reference")
    np.testing.assert_allclose(first[2], again[0], rtol=1e-8, atol=1e-9)
    assert first.shape == (3, 2, M + 3)


@pytest.mark.usefixtures("_has_trees")
def test_fourteen_days_are_enough() -> None:
    panel = panel_of(weekly_load(1, 14 * M, M), M)
    assert np.isfinite(BOOSTED.forecast(panel, np.array([14 * M]), M, 14 * M)).all()


def test_without_the_library_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(InvalidInput, match=r"pip install vpp\[boosting\]"):
        load_lightgbm()
