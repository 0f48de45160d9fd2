from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.earlier_days import EarlierDays
from vpp.baseline.forecast_request import Floats
from vpp.baseline.portfolio_forecast import PortfolioForecast, PortfolioPart, sum_forecasts, summed_errors
from vpp.foundation.interval import Interval

HOUR = timedelta(hours=1)
DAYS, HOURS = 42, 24
START = datetime(2026, 3, 20, tzinfo=UTC)
EARLIER = EarlierDays.of(
    SiteCalendar("Europe/London", frozenset({date(2026, 1, 1)})),
    Interval(START, START + HOURS * HOUR),
    HOUR,
    DAYS,
)
DICE = np.random.default_rng(3)
COMMON = DICE.normal(0.0, 20.0, (DAYS, HOURS))


def part(site_id: str, error_kw: Floats, level_kw: float = 1000.0) -> PortfolioPart:
    point_kw = np.full(HOURS, level_kw)
    return PortfolioPart(site_id, point_kw, point_kw - 30.0, point_kw + 1.0, point_kw + 30.0, error_kw)


def total(*parts: PortfolioPart) -> PortfolioForecast:
    return sum_forecasts(parts, EARLIER, START, HOUR)


def width_kw(forecast: PortfolioForecast) -> float:
    return float((forecast.p90_kw - forecast.p10_kw).mean())


def test_errors_that_cancel_leave_no_band() -> None:
    forecast = total(part("a", COMMON), part("b", -COMMON))
    assert width_kw(forecast) == pytest.approx(0.0, abs=1e-9)
    assert forecast.p50_kw.to_list() == pytest.approx([2000.0] * HOURS)
    assert forecast.error_day_count == DAYS
    assert forecast.notes == ()


def test_errors_that_go_together_add_up() -> None:
    one = total(part("a", COMMON))
    two = total(part("a", COMMON), part("b", COMMON))
    np.testing.assert_allclose(two.p10_kw, 2 * one.p10_kw)
    np.testing.assert_allclose(two.p90_kw, 2 * one.p90_kw)


def test_errors_of_their_own_add_up_as_their_squares() -> None:
    parts = [part(f"site-{n:02}", DICE.normal(0.0, 20.0, (DAYS, HOURS))) for n in range(25)]
    alone_kw = np.mean([width_kw(total(each)) for each in parts])
    # Twenty-five independent sites: five times the width of one, not twenty-five times.
    assert width_kw(total(*parts)) == pytest.approx(5 * alone_kw, rel=0.2)


def test_the_sites_come_in_any_order() -> None:
    parts = [part(f"site-{n}", COMMON * n + DICE.normal(0.0, 5.0, (DAYS, HOURS))) for n in range(1, 5)]
    forward, backward = total(*parts), total(*reversed(parts))
    assert forward.site_ids == backward.site_ids == ("site-1", "site-2", "site-3", "site-4")
    np.testing.assert_array_equal(forward.p10_kw, backward.p10_kw)


def test_any_subset_is_summed_from_the_same_errors() -> None:
    parts = [part(f"site-{n}", DICE.normal(0.0, 5.0, (DAYS, HOURS))) for n in range(4)]
    whole, halves = summed_errors(parts), summed_errors(parts[:2]) + summed_errors(parts[2:])
    np.testing.assert_allclose(whole, halves)


def test_an_unknown_site_is_taken_to_err_as_the_known_ones_did() -> None:
    # b bears a third of the load and is unknown on day 0: 10 kW of a's 1000 kW stand for 15 kW of 1500 kW.
    known, unknown = np.full((DAYS, HOURS), 10.0), np.full((DAYS, HOURS), 5.0)
    unknown[0] = np.nan
    errors_kw = summed_errors([part("a", known), part("b", unknown, level_kw=500.0)])
    assert errors_kw[0].tolist() == [15.0] * HOURS
    assert errors_kw[1].tolist() == [15.0] * HOURS


def test_a_day_of_which_less_than_half_is_known_counts_for_nothing() -> None:
    small, large = np.full((DAYS, HOURS), 1.0), np.full((DAYS, HOURS), 2.0)
    large[0] = np.nan
    errors_kw = summed_errors([part("a", small, level_kw=499.0), part("b", large, level_kw=501.0)])
    assert np.isnan(errors_kw[0]).all()
    assert total(part("a", small, 499.0), part("b", large, 501.0)).error_day_count == DAYS - 1


def test_without_days_enough_the_bands_are_added_and_it_says_so() -> None:
    few = np.full((DAYS, HOURS), np.nan)
    few[-13:] = 1.0
    forecast = total(part("a", few), part("b", few))
    assert forecast.p10_kw.to_list() == [1940.0] * HOURS
    assert forecast.p50_kw.to_list() == [2002.0] * HOURS
    assert forecast.p90_kw.to_list() == [2060.0] * HOURS
    assert forecast.error_day_count == 0
    assert "14 days" in forecast.notes[0]


def test_quantiles_stay_in_order_around_a_lasting_bias() -> None:
    forecast = total(part("a", np.full((DAYS, HOURS), 50.0)))
    assert (forecast.p10_kw <= forecast.p50_kw).all()
    assert (forecast.p50_kw <= forecast.p90_kw).all()
    assert forecast.p50_kw.iloc[0] > 1000.0


def test_sites_without_load_are_summed_too() -> None:
    forecast = total(part("a", COMMON, level_kw=0.0), part("b", COMMON, level_kw=0.0))
    assert np.isfinite(forecast.p10_kw).all()
