import pickle
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from vpp.baseline.adjustment import SameDayAdjustment
from vpp.baseline.day_matching import RawBaseline
from vpp.baseline.insufficient_history import InsufficientHistory
from vpp.baseline.site_baseline import SiteBaseline, adjusted_baseline, site_baseline
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular
from vpp.portfolio.product import BaselineRules

Rules = Callable[..., BaselineRules]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
FRIDAY_EVENT = Interval(MONDAY + 4 * DAY + 17 * HOUR, MONDAY + 4 * DAY + 19 * HOUR)
SITE: dict[str, Any] = {
    "time_zone": "Etc/UTC",
    "holidays": frozenset(),
    "excluded_dates": frozenset(),
    "masked": (),
}


def test_raw_and_adjustment_are_composed(make_rules: Rules) -> None:
    load = regular(np.repeat([100.0, 100.0, 100.0, 100.0, 115.0], 24), MONDAY, HOUR)
    load[FRIDAY_EVENT.start :] = 60.0  # curtailed
    found = site_baseline(load, FRIDAY_EVENT, make_rules(), **SITE)
    assert isinstance(found, SiteBaseline)
    assert found.raw_kw.tolist() == [100.0, 100.0]
    assert (found.adjustment_kw, found.adjusted, found.capped) == (15.0, True, False)
    assert found.adjusted_kw.tolist() == [115.0, 115.0]
    assert found.method == "high-4-of-4"
    assert found.days_used == tuple(date(2026, 3, day) for day in (5, 4, 3, 2))


def test_missing_window_is_said_and_leaves_the_raw_baseline(make_rules: Rules) -> None:
    load = regular(np.repeat([100.0, 100.0, 100.0, 100.0, np.nan], 24), MONDAY, HOUR)
    found = site_baseline(load, FRIDAY_EVENT, make_rules(), **SITE)
    assert isinstance(found, SiteBaseline)
    assert (found.adjustment_kw, found.adjusted) == (0.0, False)
    assert found.adjusted_kw.tolist() == found.raw_kw.tolist()


def test_too_little_history_passes_through(make_rules: Rules) -> None:
    load = regular(np.repeat(100.0, 24), MONDAY + 4 * DAY, HOUR)
    assert site_baseline(load, FRIDAY_EVENT, make_rules(), **SITE) == InsufficientHistory(0, 4)


@pytest.mark.parametrize(("adjustment_kw", "expected_kw"), [(-8.0, [0.0, 2.0]), (8.0, [13.0, 18.0])])
def test_the_adjusted_baseline_stops_at_zero(adjustment_kw: float, expected_kw: list[float]) -> None:
    raw = RawBaseline(regular([5.0, 10.0], FRIDAY_EVENT.start, HOUR), (), "high-4-of-5")
    found = adjusted_baseline(raw, SameDayAdjustment(adjustment_kw, applied=True, capped=False))
    assert found.adjusted_kw.tolist() == expected_kw
    assert found.raw_kw.tolist() == [5.0, 10.0]


def test_it_can_be_sent_to_another_process(make_rules: Rules) -> None:
    load = regular(np.repeat([100.0] * 5, 24), MONDAY, HOUR)
    found = site_baseline(load, FRIDAY_EVENT, make_rules(), **SITE)
    assert isinstance(found, SiteBaseline)
    copy = pickle.loads(pickle.dumps((site_baseline, found)))[1]  # noqa: S301  our own bytes
    assert copy.adjusted_kw.equals(found.adjusted_kw)
