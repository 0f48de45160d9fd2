import numpy as np
import pytest
from support.baseline_sites import day_of, flat_site, site_of, span

from vpp.baseline.scoring.civil_days import number_of
from vpp.baseline.scoring.day_ahead_plan import DayAheadPlan, days_to_forecast
from vpp.baseline.scoring.site_days import SiteDays
from vpp.baseline.site_meter import SiteMeter


def chosen(site: SiteMeter, plan: DayAheadPlan) -> list[int]:
    return [int(day) - number_of(day_of(0)) for day in days_to_forecast(SiteDays.of(site), plan)]


def test_the_last_days_in_a_row_or_days_spread_over_all() -> None:
    assert chosen(flat_site(30), DayAheadPlan(day_count=3)) == [27, 28, 29]
    assert chosen(flat_site(30), DayAheadPlan(day_count=3, pick="even")) == [21, 25, 29]
    assert chosen(flat_site(30), DayAheadPlan(day_count=99, pick="even")) == list(range(21, 30))


def test_history_counts_from_the_first_reading() -> None:
    load = np.full(24 * 30, 100.0)
    load[: 24 * 5] = np.nan
    assert chosen(site_of(load), DayAheadPlan()) == [26, 27, 28, 29]
    assert chosen(flat_site(21), DayAheadPlan()) == []
    assert chosen(site_of(np.full(24 * 30, np.nan)), DayAheadPlan()) == []


@pytest.mark.parametrize(("hidden_hours", "expected"), [(12, [27, 28, 29]), (13, [26, 27, 29])])
def test_a_day_of_which_less_than_half_is_known_is_not_taken(hidden_hours: int, expected: list[int]) -> None:
    site = flat_site(30, events=[span(28, 0, hidden_hours)])
    assert chosen(site, DayAheadPlan(day_count=3)) == expected


def test_a_day_that_the_meter_cuts_off_is_not_taken() -> None:
    assert chosen(site_of(np.full(24 * 29 + 23, 100.0)), DayAheadPlan(day_count=1)) == [28]
