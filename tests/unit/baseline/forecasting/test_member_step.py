from datetime import UTC, datetime, timedelta

import numpy as np

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.forecast_request import ForecastRequest, PastErrors
from vpp.baseline.forecasting.member_step import member_steps
from vpp.baseline.forecasting.site_panels import SitePanel, site_panels
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = 30
HORIZON = Interval(MONDAY + DAYS * DAY, MONDAY + (DAYS + 1) * DAY)


def panel_of(site_count: int) -> SitePanel:
    rng, hour = np.random.default_rng(1), np.arange(DAYS * 24)
    usual = 100 + 20 * np.sin(2 * np.pi * hour / 24)
    asked = [
        ForecastRequest(
            str(site),
            regular(usual + rng.normal(0, 2, len(hour)), MONDAY, HOUR),
            HORIZON,
            SiteCalendar("Etc/UTC"),
        )
        for site in range(site_count)
    ]
    (sites,) = site_panels(asked, 98)
    return sites


def errors_of(days_back: list[int], size_kw: float) -> PastErrors:
    days = tuple((HORIZON.start - back * DAY).date() for back in days_back)
    return PastErrors(days, np.random.default_rng(2).normal(0, size_kw, (len(days), 24)))


def test_given_errors_are_taken_and_others_replayed() -> None:
    sites = panel_of(4)
    unknown = errors_of([3, 2, 1], np.nan)
    given = [errors_of([9, 2, 1], 5.0), None, errors_of([9, 2, 1], 50.0), unknown]
    steps = member_steps(sites, np.arange(4), "fast", given, "batched")
    by_site = {int(site): step for step in steps for site in step.sites}
    assert set(by_site) == {0, 1, 2, 3}
    assert by_site[0].given == (given[0], given[2])
    assert by_site[0].days_back is not None
    assert by_site[0].days_back.tolist() == [9, 2, 1]
    for replayed in (by_site[1], by_site[3]):
        assert replayed.given is None
        assert replayed.errors_kw is not None
        assert replayed.errors_kw.shape == (2, DAYS - 14 - 1, 24)
    width_kw = by_site[0].high_kw - by_site[0].low_kw
    np.testing.assert_allclose(width_kw[1], 10 * width_kw[0])


def test_only_the_sites_asked_for_are_forecast() -> None:
    sites = panel_of(3)
    steps = member_steps(sites, np.array([2]), "fast", [None] * 3, "batched")
    assert [step.sites.tolist() for step in steps] == [[2]]
    assert member_steps(sites, np.array([], dtype=np.int64), "fast", [None] * 3, "batched") == []
