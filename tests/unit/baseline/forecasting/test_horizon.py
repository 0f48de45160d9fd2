from datetime import UTC, date, datetime, timedelta

import numpy as np

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.forecast_request import ForecastRequest
from vpp.baseline.forecasting.horizon import HorizonMap
from vpp.baseline.forecasting.site_panels import SitePanel, site_panels
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular

HOUR, DAY, QUARTER = timedelta(hours=1), timedelta(days=1), timedelta(minutes=15)
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def sites_of(step: timedelta, days: int = 7, late: timedelta = timedelta(0)) -> SitePanel:
    count = int(days * DAY / step)
    horizon = Interval(MONDAY + days * DAY + late, MONDAY + (days + 1) * DAY + late)
    calendar = SiteCalendar("Etc/UTC", frozenset({date(2026, 3, 4)}))
    load_kw = regular(np.arange(float(count)), MONDAY, step)
    (found,) = site_panels([ForecastRequest("site", load_kw, horizon, calendar)], 56)
    return found


def test_hours_are_read_as_they_are() -> None:
    on_horizon = HorizonMap.of(sites_of(HOUR, late=3 * HOUR))
    path_kw = np.arange(27.0)[None, None, :]
    assert on_horizon.values(np.zeros((1, 1)), path_kw)[0, 0].tolist() == list(range(3, 27))


def test_quarter_hours_lie_on_lines_between_half_hours() -> None:
    on_horizon = HorizonMap.of(sites_of(QUARTER))
    path_kw = np.full((1, 1, 48), 8.0)
    path_kw[0, 0, 0] = 4.0
    found = on_horizon.values(np.array([[0.0]]), path_kw)[0, 0]
    assert found[:4].tolist() == [3.0, 5.0, 7.0, 8.0]  # from 0 at -0.5 to 4 at 0.5 to 8 at 1.5
    assert found[-1] == 8.0


def test_what_was_metered_on_earlier_days() -> None:
    for step, per_day in ((HOUR, 24), (QUARTER, 96)):
        sites = sites_of(step)
        found = HorizonMap.of(sites).actual(sites, np.array([0]), np.array([3, 1]))
        assert found.shape == (1, 2, per_day)
        assert found[0, :, 0].tolist() == [4.0 * per_day, 6.0 * per_day]
    late = sites_of(HOUR, late=3 * HOUR)
    found = HorizonMap.of(late).actual(late, np.array([0]), np.array([1]))[0, 0]
    assert np.isnan(found[-3:]).all()  # not come yet
    assert found[:2].tolist() == [147.0, 148.0]


def test_days_off_of_the_horizon_moved_back() -> None:
    on_horizon = HorizonMap.of(sites_of(HOUR, late=12 * HOUR))  # from Monday noon
    off = on_horizon.is_off(np.array([0, 1, 5]))
    assert off[:, 0].tolist() == [False, True, True]  # Monday, Sunday, the holiday on Wednesday
    assert off[:, -1].tolist() == [False, False, False]  # Tuesday, Monday, Thursday
    assert on_horizon.intervals_per_day == 24
