from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.rule_cases import DAY, HOUR, MONDAY, before, event_on, refused, rule_of, site_of, view_of

from vpp.baseline.rule_baseline import NoBaseline, NoBaselineReason, RuleBaseline
from vpp.baseline.rules.batch import compute_baselines
from vpp.baseline.rules.engine import compute_baseline
from vpp.baseline.rules.forecast_history import too_little_history
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular

LAST = MONDAY + 28 * DAY  # a Monday
EVENT = event_on(LAST)
RULE = rule_of({"kind": "forecast", "mix": "fast"}, adjustment=before(4, 1, before_notice=True))
SHORT = NoBaselineReason.INSUFFICIENT_HISTORY


def load(days: float, begin: datetime = MONDAY) -> pd.Series:
    """Some load, hourly."""
    count = round(days * 24)
    return regular(50 + 10 * np.random.default_rng(0).random(count), begin, HOUR)


def said(
    metered_kw: pd.Series,
    event: Interval = EVENT,
    notice_at: datetime | None = None,
    **fields: Any,  # noqa: ANN401  a test replaces any field
) -> str:
    """Why there is too little; empty if there is enough."""
    view = view_of(site_of(metered_kw, **fields), event, notice_at)
    midnight = view.site.calendar.day(view.event_day).start
    start = midnight if notice_at is None else min(midnight, notice_at)
    found = too_little_history(view, Interval(start, event.end))
    return "" if found is None else found.detail


def test_one_old_reading_is_no_baseline() -> None:
    silent = load(50).where(np.arange(50 * 24) == 0)
    detail = refused(RULE, site_of(silent), event_on(MONDAY + 50 * DAY), SHORT)
    assert detail == (
        "the last reading that the forecast may use ends 50.7 days before the event, expected at most 7"
    )


@pytest.mark.parametrize(("days", "is_enough"), [(28 + 17 / 24 - 7, True), (28 + 16 / 24 - 7, False)])
def test_the_last_reading_may_be_a_week_old(days: float, is_enough: bool) -> None:  # noqa: FBT001  as listed
    assert (said(load(days)) == "") is is_enough


def test_hidden_readings_and_those_after_the_origin_are_not_usable() -> None:
    whole = load(29)
    assert not said(whole)
    hidden = Interval(LAST - 8 * DAY, LAST)
    for detail in (said(whole, events=(hidden,)), said(whole, masked=(hidden,))):
        assert detail.startswith("the last reading that the forecast may use ends 8.7 days")
    late = whole.copy()
    late.loc[LAST - 8 * DAY : LAST - HOUR] = np.nan  # the event's own morning is after the origin
    assert said(late).startswith("the last reading")
    assert said(whole, notice_at=EVENT.start - 8 * DAY).startswith("the last reading")


SATURDAY, SUNDAY = event_on(LAST + 5 * DAY), event_on(LAST + 6 * DAY)


@pytest.mark.parametrize(
    ("event", "days", "holidays", "count"),
    [
        (EVENT, 5, (), None),  # Monday to Friday before
        (EVENT, 4.5, (), None),  # of Monday the second half
        (EVENT, 4.25, (), 4),
        (EVENT, 5, (date(2026, 3, 24),), 4),  # a Tuesday that was a holiday
        (SATURDAY, 35, (), None),
        (SATURDAY, 34, (), 4),
        (SUNDAY, 34, (), 4),
        (SUNDAY, 34, (date(2026, 3, 24),), None),
    ],
)
def test_five_days_of_the_events_class_are_metered(
    event: Interval, days: float, holidays: tuple[date, ...], count: int | None
) -> None:
    midnight = event.start - 17 * HOUR
    if event is EVENT:
        days += 2  # the weekend
    detail = said(load(days, midnight - days * DAY), event, holidays=holidays)
    assert (detail == "") is (count is None)
    if count is not None:
        assert detail.startswith(f"{count} days like ")


def test_declared_days_do_not_count() -> None:
    short = load(7, LAST - 7 * DAY)
    assert not said(short)
    assert said(short, excluded_dates=frozenset({date(2026, 3, 25)})).startswith(
        "4 days like 2026-03-30 (workday)"
    )


def test_a_plan_stands_for_like_days_where_it_covers_all() -> None:
    short = load(3, LAST - 3 * DAY)
    plan_kw = regular(np.full(24 * 4, 70.0), LAST - 3 * DAY, HOUR)
    assert said(short).endswith("or the site's plan")
    assert not said(short, plan_kw=plan_kw)
    assert said(short, plan_kw=plan_kw.iloc[:-6]).endswith("or the site's plan")
    found = compute_baseline(RULE, site_of(short, plan_kw=plan_kw), EVENT)
    assert isinstance(found, RuleBaseline)
    assert found.raw_kw.tolist() == [70.0, 70.0]
    # A plan does not make up for a meter that has been silent for more than a week.
    assert said(load(9), plan_kw=plan_kw).startswith("the last reading")


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York"])
def test_days_of_23_hours_count(zone: str) -> None:
    # London's clocks go forward on Sunday, 29 March 2026, New York's three weeks before.
    metered = load(36, MONDAY + 5 * HOUR)
    event = event_on(MONDAY + 34 * DAY + 5 * HOUR, hour=12)  # the Sunday after five others
    view = view_of(site_of(metered, zone), event)
    horizon = Interval(view.site.calendar.day(view.event_day).start, event.end)
    refusal = too_little_history(view, horizon)
    assert isinstance(refusal, NoBaseline)
    assert refusal.detail.startswith("4 days like 2026-04-05 (sunday)")


def test_many_sites_are_held_to_the_same() -> None:
    sites = [
        site_of(load(28)),
        site_of(load(29).where(np.arange(29 * 24) == 0)),
        site_of(load(3, LAST - 3 * DAY)),
        site_of(load(3, LAST - 3 * DAY), plan_kw=regular(np.full(24 * 4, 70.0), LAST - 3 * DAY, HOUR)),
        site_of(load(28) * np.nan),
        site_of(load(20.9)),
    ]
    together = compute_baselines(RULE, sites, EVENT)
    alone = [compute_baseline(RULE, site, EVENT) for site in sites]
    refusals = [found for found in together if isinstance(found, NoBaseline)]
    assert [isinstance(found, NoBaseline) for found in together] == [False, True, True, False, True, True]
    assert refusals == [found for found in alone if isinstance(found, NoBaseline)]
    assert {found.reason for found in refusals} == {SHORT}
