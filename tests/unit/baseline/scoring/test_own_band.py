import numpy as np
import pytest
from support.baseline_sites import day_of, noisy_site

from vpp.baseline.accuracy import coverage_ratio
from vpp.baseline.scoring.civil_days import number_of
from vpp.baseline.scoring.day_forecast import DayForecast, SeriesForecasts
from vpp.baseline.scoring.own_band import days_for_band, with_own_band
from vpp.baseline.scoring.site_days import SiteDays

SITE = noisy_site(80)
DAYS = SiteDays.of(SITE)
FIRST = number_of(day_of(0))


def forecasts(first: int, last: int, shift_kw: float = 0.0) -> SeriesForecasts:
    """The load a week before, moved."""
    before = DAYS.week_before()
    return SeriesForecasts(
        {
            FIRST + day: DayForecast(before[DAYS.span(FIRST + day)] + shift_kw, None, None, "week before")
            for day in range(first, last)
        },
        cpu_s=1.5,
    )


def test_a_band_holds_four_fifths_of_what_comes() -> None:
    banded = with_own_band(forecasts(60, 80), forecasts(18, 60), DAYS, SITE.calendar)
    assert banded.cpu_s == 1.5
    low, high, actual = [], [], []
    for day, found in banded.by_day.items():
        assert found is not None
        assert found.p10_kw is not None
        assert found.p90_kw is not None
        assert (found.p10_kw <= found.p50_kw).all()
        assert (found.p50_kw <= found.p90_kw).all()
        low.append(found.p10_kw)
        high.append(found.p90_kw)
        actual.append(DAYS.actual_kw[DAYS.span(day)])
    assert coverage_ratio(*(np.concatenate(part) for part in (low, high, actual))) == pytest.approx(
        0.8, abs=0.08
    )


def test_a_band_comes_from_the_days_before_alone() -> None:
    plain = with_own_band(forecasts(60, 61), forecasts(18, 60), DAYS, SITE.calendar)
    later = with_own_band(
        forecasts(60, 61),
        SeriesForecasts(forecasts(18, 60).by_day | forecasts(61, 80, 900.0).by_day, 0.0),
        DAYS,
        SITE.calendar,
    )
    one, other = plain.by_day[FIRST + 60], later.by_day[FIRST + 60]
    assert one is not None
    assert other is not None
    np.testing.assert_array_equal(one.p10_kw, other.p10_kw)


@pytest.mark.parametrize(("known_days", "has_band"), [(6, False), (7, True)])
def test_too_few_days_give_no_band(known_days: int, *, has_band: bool) -> None:
    banded = with_own_band(forecasts(60, 61), forecasts(60 - known_days, 60), DAYS, SITE.calendar)
    found = banded.by_day[FIRST + 60]
    assert found is not None
    assert (found.p10_kw is not None) is has_band


def test_the_days_for_a_band_are_the_42_before_each_that_are_not_wanted_themselves() -> None:
    able = np.arange(100)
    found = days_for_band(np.array([50, 52]), able)
    assert found.tolist() == [*range(8, 50), 51]
    assert days_for_band(np.zeros(0, dtype=np.int64), able).size == 0
