from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from vpp.cli.demo.fleet_loads import fitted
from vpp.foundation.errors import InvalidInput
from vpp.simulator.site_load import SiteLoad

MONDAY = datetime(2022, 12, 5, tzinfo=UTC)
HISTORY = datetime(2026, 2, 3, tzinfo=UTC)  # a Tuesday
WEEK = timedelta(days=7)


def load(start: datetime, step: timedelta, level_kw: float) -> SiteLoad:
    values = np.linspace(0.5, 1.5, 2 * (WEEK // step)) * level_kw
    return SiteLoad(start, step, values, values * 0.8, values * 0.1)


def test_a_fleet_load_takes_the_sites_grid_size_and_calendar() -> None:
    fleet = load(MONDAY, timedelta(minutes=15), 12_000.0)
    drawn = load(HISTORY, timedelta(minutes=5), 900.0)
    result = fitted(fleet, drawn, HISTORY)
    assert result.step == timedelta(minutes=5)
    assert result.start.weekday() == MONDAY.weekday()
    assert result.start <= HISTORY < result.start + WEEK
    assert result.net_kw.mean() == pytest.approx(drawn.net_kw.mean())
    assert result.net_kw[:3].tolist() == [result.net_kw[0]] * 3
    assert result.it_kw / result.net_kw == pytest.approx(0.8)


def test_a_grid_that_does_not_fit_is_refused() -> None:
    fleet = load(MONDAY, timedelta(minutes=15), 12_000.0)
    with pytest.raises(InvalidInput, match="no multiple"):
        fitted(fleet, load(HISTORY, timedelta(minutes=4), 900.0), HISTORY)
