from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.rule_cases import DAY, HOUR, MONDAY, before, event_on, found, refused, rule_of, site_of, view_of

from vpp.baseline.rule_baseline import NoBaselineReason, RuleBaseline
from vpp.baseline.rules.forecast_model import forecast_horizon, forecast_request
from vpp.baseline.site_meter import SiteMeter
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular
from vpp.portfolio.baseline_rule import BaselineRule

LAST = MONDAY + 70 * DAY  # a Monday
EVENT = event_on(LAST, length=4 * HOUR)
RULE = rule_of({"kind": "forecast", "mix": "fast"})
ADJUSTED = rule_of(
    {"kind": "forecast", "mix": "fast"}, adjustment=before(4, 1, cap_ratio=0.2, before_notice=True)
)


def workload(days: int = 71, seed: int = 3) -> pd.Series:
    """An office: 60 kW, 100 kW in the working hours of workdays, some noise; ends with the event's day."""
    index = pd.date_range(LAST - (days - 1) * DAY, periods=days * 24, freq="h")
    is_open = (index.hour >= 8) & (index.hour < 19) & (index.day_of_week < 5)
    noise = np.random.default_rng(seed).normal(0.0, 2.0, len(index))
    return pd.Series(np.where(is_open, 100.0, 60.0) + noise, index=index)


def site(load: pd.Series | None = None, **fields: Any) -> SiteMeter:  # noqa: ANN401  a test replaces any field
    return site_of(workload() if load is None else load, **fields)


def test_it_follows_the_days_shape() -> None:
    answer = found(RULE, site(), EVENT)
    np.testing.assert_allclose(answer.raw_kw, [100, 100, 60, 60], atol=5)
    assert (answer.method, answer.days_used) == ("a-rule", ())


def test_it_is_adjusted_to_what_the_day_shows_within_the_cap() -> None:
    load = workload()
    load.loc[LAST : EVENT.start - HOUR] += 10.0
    answer = found(ADJUSTED, site(load), EVENT, notice_at=EVENT.start - HOUR)
    assert answer.adjustment_kw == pytest.approx(10.0, abs=6.0)
    np.testing.assert_allclose(answer.adjusted_kw, answer.raw_kw + answer.adjustment_kw)
    load.loc[LAST : EVENT.start - HOUR] += 90.0
    held = found(ADJUSTED, site(load), EVENT, notice_at=EVENT.start - HOUR)
    assert held.capped
    assert held.adjustment_kw == pytest.approx(0.2 * held.raw_kw.mean())


def test_it_ends_at_midnight_or_at_notice_if_that_was_earlier() -> None:
    load = workload()
    changed = load.copy()
    changed.loc[LAST:] += 40.0
    changed.loc[LAST - 10 * HOUR : LAST - HOUR] += 40.0
    late, early = EVENT.start, LAST - 10 * HOUR

    def raw(metered: pd.Series, notice_at: datetime) -> pd.Series:
        return found(RULE, site(metered), EVENT, notice_at=notice_at).raw_kw

    pd.testing.assert_series_equal(raw(load, early), raw(changed, early))
    assert (raw(load, late) != raw(changed, late)).all()
    only_today = load.copy()
    only_today.loc[LAST:] += 40.0
    pd.testing.assert_series_equal(raw(load, late), raw(only_today, late))


@pytest.mark.parametrize(
    ("event", "window", "notice_h", "begin", "end"),
    [
        (EVENT, None, None, LAST, LAST + DAY),
        (EVENT, Interval(LAST + 13 * HOUR, LAST + 16 * HOUR), 2, LAST, LAST + DAY),
        (EVENT, None, 18.5, LAST - 2 * HOUR, LAST + DAY),  # notice at 22:30: 22:00 is the last known
        (event_on(LAST, hour=2), Interval(LAST - 2 * HOUR, LAST + HOUR), None, LAST - DAY, LAST + DAY),
        (EVENT, Interval(LAST + 22 * HOUR, LAST + 25 * HOUR), None, LAST, LAST + 25 * HOUR),
        (event_on(LAST, hour=23), None, None, LAST, LAST + DAY + HOUR),
    ],
)
def test_the_horizon(
    event: Interval, window: Interval | None, notice_h: float | None, begin: datetime, end: datetime
) -> None:
    notice_at = None if notice_h is None else event.start - notice_h * HOUR
    view = view_of(site(), event, notice_at)
    assert forecast_horizon(view, [window] if window else []) == Interval(begin, end)


@pytest.mark.parametrize("day", [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)])
def test_the_horizon_begins_at_civil_midnight(day: datetime) -> None:
    meter = site_of(regular(np.ones(24), day, HOUR), "Europe/London")
    view = view_of(meter, event_on(day))
    assert forecast_horizon(view, []) == meter.calendar.day(day.date())  # of 23 or 25 hours


@pytest.mark.parametrize("field", ["plan_kw", "temperature_c"])
@pytest.mark.parametrize(
    ("known_until", "end"),
    [
        (LAST + DAY, LAST + DAY),
        (EVENT.end, EVENT.end),
        (EVENT.end - HOUR, LAST + DAY),
        (LAST + 2 * DAY, LAST + DAY),
    ],
)
def test_a_plan_or_temperature_to_the_events_end_is_used(
    field: str, known_until: datetime, end: datetime
) -> None:
    series = regular(np.full(73 * 24, 70.0), LAST - 70 * DAY, HOUR)
    meter = site(**{field: series.where(series.index < known_until)})
    request = forecast_request(view_of(meter, EVENT), RULE)
    assert request.horizon == Interval(LAST, end)
    unused = [note for note in found(RULE, meter, EVENT).notes if "not used" in note]
    assert bool(unused) is (known_until < EVENT.end)


def test_a_coarse_plan_is_known_to_the_end_of_its_interval() -> None:
    plan_kw = regular(np.full(70 * 6 + 6, 70.0), LAST - 70 * DAY - 3 * HOUR, 4 * HOUR)  # to 21:00
    meter = site(plan_kw=plan_kw)
    assert forecast_request(view_of(meter, EVENT), RULE).horizon == Interval(LAST, EVENT.end)


def test_nothing_known_of_the_temperature_cuts_nothing() -> None:
    none = regular(np.full(72 * 24, np.nan), LAST - 70 * DAY, HOUR)
    assert forecast_request(view_of(site(temperature_c=none), EVENT), RULE).horizon == Interval(
        LAST, LAST + DAY
    )
    one = regular(np.full(1, 8.0), EVENT.end - HOUR, HOUR)
    assert forecast_request(view_of(site(temperature_c=one), EVENT), RULE).horizon == Interval(
        LAST, EVENT.end
    )


def test_the_horizon_is_whole_intervals_where_the_day_is_not() -> None:
    halves = site_of(regular(np.ones(24 * 3), LAST - DAY + HOUR / 2, HOUR))
    event = Interval(LAST + 17.5 * HOUR, LAST + 19.5 * HOUR)
    found = forecast_horizon(view_of(halves, event), [])
    assert found == Interval(LAST - HOUR / 2, LAST + DAY + HOUR / 2)


def test_other_events_and_masks_are_hidden_from_training() -> None:
    # Every workday's evening of the last three weeks was curtailed to nothing: it must not be learnt.
    load = workload()
    days = [LAST - n * DAY for n in range(1, 22) if (LAST - n * DAY).weekday() < 5]
    for day in days:
        load.loc[day + 17 * HOUR : day + 18 * HOUR] = 0.0
        load.loc[day + 19 * HOUR : day + 19 * HOUR] = 200.0  # and rebounds
    events = tuple(event_on(day) for day in days)
    rebound = tuple(Interval(day + 19 * HOUR, day + 20 * HOUR) for day in days)
    answer = found(RULE, site(load, events=events, masked=rebound), EVENT)
    np.testing.assert_allclose(answer.raw_kw, [100, 100, 60, 60], atol=12)
    learnt = found(RULE, site(load), EVENT)
    assert learnt.raw_kw.iloc[0] < 80.0
    request = forecast_request(view_of(site(load, events=events, masked=rebound), EVENT), RULE)
    assert len(request.masked) == 2 * len(days)


def test_plan_and_temperature_are_handed_on() -> None:
    plan_kw, temperature_c = workload(), workload()
    request = forecast_request(view_of(site(plan_kw=plan_kw, temperature_c=temperature_c), EVENT), ADJUSTED)
    assert request.plan_kw is plan_kw
    assert request.temperature_c is temperature_c


def test_less_history_takes_a_named_step_down() -> None:
    def method(days: int) -> str:
        return found(RULE, site(workload(days)), EVENT).method

    assert [method(days) for days in (71, 12)] == ["a-rule", "a-rule/class-profile"]


def test_no_history_is_a_value() -> None:
    detail = refused(RULE, site(workload() * np.nan), EVENT, NoBaselineReason.INSUFFICIENT_HISTORY)
    assert detail == "0 days are metered before the event, expected at least 1"


def of_whole_day(rule: BaselineRule) -> RuleBaseline:
    return found(rule, site(), Interval(LAST, LAST + DAY))


def test_an_event_may_take_the_whole_day() -> None:
    assert len(of_whole_day(RULE).raw_kw) == 24
    assert of_whole_day(ADJUSTED).adjusted  # its window lies on the day before
