from typing import Any

import numpy as np
import pytest
from support.baseline_sites import additive, day_of, site_of, x_of_y

from vpp.baseline.scoring.civil_days import number_of
from vpp.baseline.scoring.rule_days import day_ahead_rule, forecast_rule_days
from vpp.baseline.scoring.site_days import SiteDays
from vpp.foundation.errors import InvalidInput

# Each hour of day n at 100 + n kW.
SITES = {
    name: site_of(np.repeat(100.0 + np.arange(20.0), 24) * factor, zone=zone)
    for name, factor, zone in (("a", 1.0, "Europe/London"), ("b", 2.0, "Europe/London"), ("c", 1.0, "UTC"))
}
BY_DAY = {name: SiteDays.of(site) for name, site in SITES.items()}


def test_a_rule_forecasts_whole_days_without_its_adjustment() -> None:
    rule = x_of_y(adjustment=additive())
    days = {name: np.array([number_of(day_of(day)) for day in (11, 16)]) for name in SITES}
    found = forecast_rule_days(rule, SITES, BY_DAY, days, library={})
    # Day 11 is a Friday: mean of days 10, 9, 8, 7 and 4; day 16 a Wednesday: 15, 14, 11, 10, 9.
    for name, factor in (("a", 1.0), ("b", 2.0), ("c", 1.0)):
        expected = [100 + np.mean([10, 9, 8, 7, 4]), 100 + np.mean([15, 14, 11, 10, 9])]
        for day, level in zip(days[name], expected, strict=True):
            forecast = found[name].by_day[int(day)]
            assert forecast is not None
            assert forecast.p50_kw == pytest.approx(np.full(24, level * factor))
            assert (forecast.p10_kw, forecast.step) == (None, "mean-of-5")
        assert found[name].cpu_s >= 0


def test_a_day_without_like_days_has_no_forecast() -> None:
    days = {"a": np.array([number_of(day_of(0))])}
    found = forecast_rule_days(x_of_y(), {"a": SITES["a"]}, {"a": BY_DAY["a"]}, days, library={})
    assert found["a"].by_day == {int(days["a"][0]): None}


@pytest.mark.parametrize(
    "changes",
    [
        {"method": {"kind": "nearest_days", "by": "other_hours"}},
        {"method": {"kind": "around_event", "before": "PT1H", "after": "PT1H"}, "days": None},
    ],
)
def test_a_rule_that_needs_the_day_itself_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="rule mean-of-5 needs readings of the day itself"):
        day_ahead_rule(x_of_y(**changes))


def test_an_adjustment_after_the_event_does_not_matter_at_midnight() -> None:
    after = {"kind": "additive", "windows": [{"anchor": "end", "begin": "PT1H", "end": "PT2H"}]}
    assert day_ahead_rule(x_of_y(adjustment=after)).adjustment is None
