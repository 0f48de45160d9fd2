"""How far rules read, from their own figures."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from support.products import shipped_rules
from support.rule_cases import before, days_of, high, rule_of

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.rule_baseline import NoBaseline, RuleBaseline
from vpp.baseline.rule_reach import history_days, read_until
from vpp.baseline.rules.engine import compute_baseline
from vpp.baseline.site_meter import SiteMeter
from vpp.foundation.errors import NotFound
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular
from vpp.portfolio.baseline_rule import BaselineRule

LONDON = SiteCalendar("Europe/London")
HOUR = timedelta(hours=1)
START = datetime(2026, 7, 2, 16, tzinfo=UTC)  # 17:00 in London
EVENT = Interval(START, START + 2 * HOUR)
MIDNIGHT = datetime(2026, 7, 1, 23, tzinfo=UTC)  # that begins the event's day in London
DAY_BEFORE = START - timedelta(days=1)


@pytest.mark.parametrize(
    ("name", "days"),
    [
        ("example-high-4-of-5", 47),  # 45 and two to spare
        ("high-4-of-5", 92),  # the shortage step goes 90 days back
        ("cn-jiangsu-real-time", 47),  # nothing is looked back for but what tells odd readings apart
        ("forecast-robust", 367),
        ("ercot-max-base-load", 368),
    ],
)
def test_how_much_history(name: str, days: int) -> None:
    assert history_days(shipped_rules()[name]) == days


def until_of(rule: BaselineRule, event: Interval, notice_at: datetime) -> datetime:
    return read_until(rule, event, LONDON, notice_at, step=HOUR, library=shipped_rules())


@pytest.mark.parametrize(
    ("name", "notice_at", "until"),
    [
        ("example-high-4-of-5", DAY_BEFORE, START - 2 * HOUR),  # its window ends then, notice or not
        ("high-4-of-5", DAY_BEFORE, MIDNIGHT),  # its window ends with notice, so there is none
        ("high-4-of-5", START - 2 * HOUR, START - 2 * HOUR),
        ("high-4-of-5", START - HOUR / 4, START - HOUR),
        ("cn-guangzhou", DAY_BEFORE, MIDNIGHT),
        ("cn-jiangsu-real-time", DAY_BEFORE, START),
        ("forecast-robust-unadjusted", DAY_BEFORE, MIDNIGHT),
        ("pjm-firm-service-level", DAY_BEFORE, MIDNIGHT),
        ("pjm-guaranteed-load-drop", DAY_BEFORE, START - HOUR),  # the rule it names adjusts until then
    ],
)
def test_until_when(name: str, notice_at: datetime, until: datetime) -> None:
    assert until_of(shipped_rules()[name], EVENT, notice_at) == until


def test_until_when_on_days_of_23_and_25_hours() -> None:
    for midnight, start in (
        (datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 3, 29, 16, tzinfo=UTC)),
        (datetime(2026, 10, 24, 23, tzinfo=UTC), datetime(2026, 10, 25, 17, tzinfo=UTC)),
    ):
        event = Interval(start, start + HOUR)
        assert until_of(shipped_rules()["cn-guangzhou"], event, start - 9 * HOUR) == midnight


LATE = datetime(2026, 7, 2, 21, tzinfo=UTC)  # 22:00 in London
NIGHT = Interval(LATE, LATE + 6 * HOUR)  # to 04:00
FOUR = datetime(2026, 7, 2, 3, tzinfo=UTC)  # 04:00 on the event's own day, where the night before ends


@pytest.mark.parametrize(
    ("rule", "until"),
    [
        (high(), FOUR),
        (high(latest_day_offset=2), MIDNIGHT),  # that of the day before ends on yesterday's morning
        (high(before_notice=True), MIDNIGHT),  # no night counts that was not over at notice
        (high(adjustment=before(4, 1)), LATE - HOUR),
        (high(adjustment=before(24, 20)), FOUR),
        (rule_of({"kind": "exponential", "keep_ratio": 0.9, "start_days": 5}, days=days_of()), FOUR),
        (rule_of({"kind": "daily_energy_regression", "fewest_days": 5}, days=days_of()), MIDNIGHT),
        (rule_of({"kind": "nominated"}), MIDNIGHT),
        (rule_of({"kind": "nominated"}, device={"like_hours": 3}), FOUR),
        (rule_of({"kind": "forecast"}), MIDNIGHT),
    ],
)
def test_until_when_for_an_event_past_midnight(rule: BaselineRule, until: datetime) -> None:
    assert until_of(rule, NIGHT, LATE - 24 * HOUR) == until


def test_nothing_is_read_after_the_start() -> None:
    assert until_of(high(), Interval(LATE, LATE + 24 * HOUR), LATE - 48 * HOUR) == LATE


def test_a_night_whose_clock_went_forward_ends_with_what_is_read_for_the_skipped_hour() -> None:
    # On 29 March 01:00 to 02:00 is skipped in London; the hour that follows the gap stands for it.
    start = datetime(2026, 3, 29, 21, tzinfo=UTC)  # 22:00
    assert until_of(high(), Interval(start, start + 4 * HOUR), start) == datetime(2026, 3, 29, 2, tzinfo=UTC)


def test_a_night_of_which_the_clock_repeats_an_hour_ends_with_its_first_occurrence() -> None:
    # On 25 October 01:00 to 02:00 occurs twice in London; the next night's hour is the first of them.
    start = datetime(2026, 10, 25, 22, tzinfo=UTC)  # 22:00
    until = until_of(high(), Interval(start, start + 4 * HOUR), start)
    assert until == datetime(2026, 10, 25, 1, tzinfo=UTC)


def test_a_named_rule_counts_with_the_one_that_names_it() -> None:
    level = {"kind": "firm_level", "basis": "nominated_kw", "also_baseline_id": "a-rule"}
    naming = rule_of(level, baseline_id="naming")
    library = {"a-rule": high(lookback_days=900)}
    assert history_days(naming, library) == 902
    with pytest.raises(NotFound, match="naming names a-rule, which is not known"):
        history_days(naming)
    with pytest.raises(NotFound, match="which is not known"):
        read_until(naming, EVENT, LONDON, DAY_BEFORE, step=HOUR)


@pytest.mark.parametrize("event", [EVENT, NIGHT])
def test_no_shipped_rule_reads_further(event: Interval) -> None:
    notice_at = event.start - 10 * HOUR
    random = np.random.default_rng(0)
    first = datetime(2026, 4, 1, tzinfo=UTC)
    load_kw = regular(50 + 50 * random.random(24 * 95), first, HOUR)
    for name, rule in shipped_rules().items():
        if rule.looks_past_start or name in {"forecast-mean", "forecast-robust", "forecast-boosted"}:
            continue
        until = until_of(rule, event, notice_at)
        later_kw = load_kw.copy()
        later_kw.loc[until:] += 40.0
        before_until, after = (
            compute_baseline(rule, site(metered_kw), event, notice_at=notice_at, library=shipped_rules())
            for metered_kw in (load_kw, later_kw)
        )
        assert outcome(before_until) == outcome(after), name


def site(load_kw: pd.Series) -> SiteMeter:
    return SiteMeter(load_kw, LONDON, plan_kw=load_kw * 0 + 60.0, nominated_kw=80.0)


def outcome(found: RuleBaseline | NoBaseline) -> list[float] | str:
    return found.detail if isinstance(found, NoBaseline) else found.adjusted_kw.tolist()
