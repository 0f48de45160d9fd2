"""What holds for every baseline rule, whatever the load."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.rule_cases import before, days_of, rule_of

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.rule_baseline import NoBaseline, RuleBaseline
from vpp.baseline.rules.batch import compute_baselines
from vpp.baseline.rules.engine import compute_baseline
from vpp.baseline.site_meter import SiteMeter
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular
from vpp.hub.baseline_rule_files import load_rule_files
from vpp.portfolio.baseline_method import ForecastMethod
from vpp.portfolio.baseline_rule import BaselineRule
from vpp.telemetry.grid import metering_step

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIRST = datetime(2026, 9, 28, tzinfo=UTC)  # four weeks that end after London's 25-hour day
DAYS = 29
EVENT_DAY = FIRST + 28 * DAY  # Monday 26 October
LONDON = SiteCalendar("Europe/London", frozenset({date(2026, 10, 20)}))
RULES = load_rule_files(Path(__file__).resolve().parents[3] / "configs" / "baselines")
PLAIN = {name: rule for name, rule in RULES.items() if not isinstance(rule.method, ForecastMethod)}

LEVEL_KW = st.floats(1, 1000, allow_subnormal=False).map(lambda kw: round(kw, 3))
GAP = st.just(float("nan"))
LEVELS = st.lists(LEVEL_KW, min_size=DAYS, max_size=DAYS)
LEVELS_WITH_GAPS = st.lists(st.one_of(GAP, LEVEL_KW, LEVEL_KW, LEVEL_KW), min_size=DAYS, max_size=DAYS)
SEEDS = st.integers(0, 999)
EVENTS = st.builds(
    lambda back, hour, length: Interval(
        EVENT_DAY - back * DAY + hour * HOUR, EVENT_DAY - back * DAY + (hour + length) * HOUR
    ),
    st.integers(0, 2),  # Saturday, Sunday with 25 hours, Monday
    st.integers(0, 23),
    st.integers(1, 6),
)
X_OF_Y = st.builds(
    lambda pick, rank, average, surplus, low, inclusive, complete, adjustment: rule_of(
        {"kind": "x_of_y", "pick": pick, "rank_by": rank},
        days=days_of(
            average,
            average + surplus,
            low_use_ratio=low,
            low_use_inclusive=inclusive,
            complete_ratio=complete,
            lookback_days=21,
            extended_lookback_days=28,
            shortage=["extend_lookback", "highest_event_days", "use_available"],
        ),
        adjustment=adjustment,
    ),
    st.sampled_from(["high", "low", "middle", "all"]),
    st.sampled_from(["event_mean", "day_energy"]),
    st.integers(1, 5),
    st.integers(0, 5),
    st.sampled_from([0.0, 0.25, 0.9]),
    st.booleans(),
    st.sampled_from([1.0, 0.5]),
    st.sampled_from(
        [
            None,
            before(4, 1),
            before(4, 1, cap_ratio=0.2),
            before(3, 0, kind="ratio", cap_ratio=0.2),
            before(2, 0, kind="ratio", up_only=True),
            before(2, 0, up_only=True, cap_ratio=0.1),
        ]
    ),
)


def load_of(levels: list[float], seed: int) -> pd.Series:
    """A level a day, with a shape and noise that a seed gives; some hours missing."""
    random = np.random.default_rng(seed)
    shape = 1.0 + 0.5 * np.sin(np.arange(24) / 24 * 2 * np.pi)
    values = (np.array(levels)[:, None] * shape).ravel() + random.random(DAYS * 24)
    return regular(values, FIRST, HOUR)


def spoilt(load: pd.Series, seed: int) -> SiteMeter:
    """A site with gaps, events, masks and exclusions."""
    random = np.random.default_rng(seed)
    values = load.copy()
    values[random.random(len(values)) < 0.02 * (seed % 3)] = np.nan
    events = [FIRST + int(at) * HOUR for at in random.integers(0, 27 * 24, seed % 4)]
    return SiteMeter(
        values,
        LONDON,
        excluded_dates=frozenset(EVENT_DAY.date() - int(n) * DAY for n in random.integers(1, 28, seed % 3)),
        events=tuple(Interval(at, at + 3 * HOUR) for at in events),
        masked=tuple(Interval(at + 3 * HOUR, at + 5 * HOUR) for at in events),
    )


def stretch(*values: float, step: timedelta = HOUR) -> pd.Series:
    """Values over the whole time, then ended or cut by the caller."""
    return regular(np.resize(np.array(values, dtype=np.float64), DAYS * (DAY // step)), FIRST, step)


WITH_GAP = stretch(*range(1, 25))
WITH_GAP.loc[EVENT_DAY + 12 * HOUR :] = np.nan
ODD_LOADS = {
    "one reading": regular([5.0], EVENT_DAY - DAY, HOUR),
    "all gaps": stretch(float("nan")),
    "a flat line": stretch(7.0),
    "nothing but zero": stretch(0.0),
    "negative": stretch(-5.0, -20.0, -1.0),
    "every second reading": stretch(4.0, float("nan"), 6.0, 5.0),
    "an event in a gap": WITH_GAP,
    "ends before the event": stretch(*range(1, 25))[: EVENT_DAY - 6 * DAY],
    "begins after the event": regular(np.ones(48), EVENT_DAY + 3 * DAY, HOUR),
    "two days": stretch(*range(1, 25))[EVENT_DAY - DAY :],
    "five minutes": stretch(*range(1, 50), step=timedelta(minutes=5)),
    "half a day": stretch(1.0, 2.0, step=12 * HOUR),
}


@pytest.mark.parametrize("load", ODD_LOADS)
def test_odd_readings_give_a_baseline_or_say_why_not(load: str) -> None:
    event = Interval(EVENT_DAY + 12 * HOUR, EVENT_DAY + 24 * HOUR)
    site = SiteMeter(ODD_LOADS[load], LONDON, nominated_kw=5.0, export_limit_kw=50.0)
    for name, rule in RULES.items():
        if isinstance(rule.method, ForecastMethod) and rule.method.mix in {"boosted", "robust"}:
            continue  # an extra, and slow; the others go through the same ladder
        found = compute_baseline(rule, site, event, notice_at=event.start - HOUR, library=RULES)
        if isinstance(found, NoBaseline):
            assert len(found.detail) > 10, name
        else:
            assert np.isfinite(found.adjusted_kw).all(), name
            assert len(found.adjusted_kw) == event.duration / metering_step(site.net_power_kw), name


def compute(rule: BaselineRule, site: SiteMeter, event: Interval) -> RuleBaseline | None:
    found = compute_baseline(rule, site, event, library=RULES)
    return found if isinstance(found, RuleBaseline) else None


def assert_same(one: RuleBaseline | NoBaseline, other: RuleBaseline | NoBaseline) -> None:
    if isinstance(one, NoBaseline) or isinstance(other, NoBaseline):
        assert one == other
        return
    np.testing.assert_allclose(one.raw_kw, other.raw_kw, rtol=1e-8)
    np.testing.assert_allclose(one.adjusted_kw, other.adjusted_kw, rtol=1e-8, atol=1e-8)
    assert one.adjustment_kw == pytest.approx(other.adjustment_kw, rel=1e-8, abs=1e-8)
    assert one.adjustment_ratio == pytest.approx(other.adjustment_ratio, rel=1e-8)
    assert (one.adjusted, one.days_used, one.method, one.notes) == (
        other.adjusted,
        other.days_used,
        other.method,
        other.notes,
    )
    assert one.raw_kw.index.equals(other.raw_kw.index)


@given(X_OF_Y, st.lists(st.tuples(LEVELS_WITH_GAPS, SEEDS), min_size=1, max_size=5), EVENTS)
def test_many_sites_at_once_get_what_each_gets_alone(
    rule: BaselineRule, sites: list[tuple[list[float], int]], event: Interval
) -> None:
    meters = [spoilt(load_of(levels, seed), seed) for levels, seed in sites]
    for together, meter in zip(compute_baselines(rule, meters, event), meters, strict=True):
        assert_same(together, compute_baseline(rule, meter, event))


@given(st.lists(st.tuples(LEVELS_WITH_GAPS, SEEDS), min_size=2, max_size=5), EVENTS, st.randoms())
def test_the_order_of_sites_changes_nothing(
    sites: list[tuple[list[float], int]], event: Interval, random: Random
) -> None:
    rule = RULES["high-4-of-5"]
    meters = [spoilt(load_of(levels, seed), seed) for levels, seed in sites]
    order = list(range(len(meters)))
    random.shuffle(order)
    found = compute_baselines(rule, meters, event)
    shuffled = compute_baselines(rule, [meters[n] for n in order], event)
    for place, n in enumerate(order):
        assert_same(shuffled[place], found[n])


@pytest.mark.parametrize("name", PLAIN)
@settings(max_examples=5)
@given(LEVELS, SEEDS, EVENTS)
def test_twice_the_load_is_twice_the_baseline(
    name: str, levels: list[float], seed: int, event: Interval
) -> None:
    rule, site = PLAIN[name], SiteMeter(load_of(levels, seed), LONDON)
    one = compute(rule, site, event)
    other = compute(rule, replace(site, net_power_kw=site.net_power_kw * 2.0), event)
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert (one.days_used, one.method) == (other.days_used, other.method)
        np.testing.assert_allclose(other.adjusted_kw, 2.0 * one.adjusted_kw, rtol=1e-9, atol=1e-9)


ADDITIVE = [
    name
    for name, rule in PLAIN.items()
    if (rule.adjustment is None or (rule.adjustment.kind == "additive" and rule.adjustment.cap_ratio is None))
    and (rule.days is None or rule.days.low_use_ratio == 0)
    and rule.method.kind != "daily_energy_regression"
]


@pytest.mark.parametrize("name", ADDITIVE)
@settings(max_examples=5)
@given(LEVELS, SEEDS, EVENTS, st.floats(0, 500))
def test_a_constant_on_top_of_the_load_is_on_top_of_the_baseline(
    name: str, levels: list[float], seed: int, event: Interval, shift_kw: float
) -> None:
    rule, site = PLAIN[name], SiteMeter(load_of(levels, seed), LONDON)
    one = compute(rule, site, event)
    other = compute(rule, replace(site, net_power_kw=site.net_power_kw + shift_kw), event)
    assert (one is None) == (other is None)
    if one is not None and other is not None and (one.adjusted_kw > 0).all():
        np.testing.assert_allclose(other.adjusted_kw, one.adjusted_kw + shift_kw, rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize("name", [name for name, rule in PLAIN.items() if not rule.looks_past_start])
@settings(max_examples=5)
@given(LEVELS_WITH_GAPS, SEEDS, EVENTS)
def test_what_happens_from_the_events_start_on_changes_nothing(
    name: str, levels: list[float], seed: int, event: Interval
) -> None:
    site = spoilt(load_of(levels, seed), seed)
    changed = site.net_power_kw.copy()
    changed[changed.index >= event.start] = 4321.0
    one = compute_baseline(PLAIN[name], site, event, library=RULES)
    other = compute_baseline(PLAIN[name], replace(site, net_power_kw=changed), event, library=RULES)
    assert_same(one, other)


@pytest.mark.parametrize("name", PLAIN)
@settings(max_examples=5)
@given(LEVELS, SEEDS, EVENTS)
def test_the_events_own_readings_change_nothing(
    name: str, levels: list[float], seed: int, event: Interval
) -> None:
    site = SiteMeter(load_of(levels, seed), LONDON)
    changed = site.net_power_kw.copy()
    changed[(changed.index >= event.start) & (changed.index < event.end)] = 4321.0
    one = compute_baseline(PLAIN[name], site, event, library=RULES)
    other = compute_baseline(PLAIN[name], replace(site, net_power_kw=changed), event, library=RULES)
    assert_same(one, other)


@given(X_OF_Y, LEVELS_WITH_GAPS, SEEDS, EVENTS)
def test_an_older_day_than_the_rule_reads_changes_nothing(
    rule: BaselineRule, levels: list[float], seed: int, event: Interval
) -> None:
    site = spoilt(load_of(levels, seed), seed)
    older = regular(np.full(3 * 24, 9999.0), FIRST - 3 * DAY, HOUR)
    longer = pd.concat([older, site.net_power_kw]).asfreq("h")
    late = Interval(event.start + 3 * DAY, event.end + 3 * DAY)  # the first day is out of reach
    assert_same(
        compute_baseline(rule, site, late), compute_baseline(rule, replace(site, net_power_kw=longer), late)
    )


@given(X_OF_Y, LEVELS_WITH_GAPS, SEEDS, EVENTS)
def test_a_baseline_lies_within_what_the_days_used_showed(
    rule: BaselineRule, levels: list[float], seed: int, event: Interval
) -> None:
    site = spoilt(load_of(levels, seed), seed)
    found = compute(rule, site, event)
    if found is None:
        return
    assert np.isfinite(found.raw_kw).all()
    assert found.raw_kw.min() >= site.net_power_kw.min() - 1e-9
    assert found.raw_kw.max() <= site.net_power_kw.max() + 1e-9
    assert (found.adjusted_kw >= 0).all()
    assert found.adjusted or (found.adjustment_kw, found.adjustment_ratio) == (0.0, 1.0)
    cap = rule.adjustment.cap_ratio if rule.adjustment else None
    if cap is not None:
        assert abs(found.adjustment_kw) <= cap * found.raw_kw.mean() + 1e-9


@given(X_OF_Y, LEVELS_WITH_GAPS, SEEDS, EVENTS)
def test_days_used_are_earlier_like_days_that_nothing_excludes(
    rule: BaselineRule, levels: list[float], seed: int, event: Interval
) -> None:
    site = spoilt(load_of(levels, seed), seed)
    found = compute(rule, site, event)
    if found is None:
        return
    event_day = LONDON.civil_date(event.start)
    on_events = {LONDON.civil_date(each.start) for each in site.events}
    assert list(found.days_used) == sorted(set(found.days_used), reverse=True)
    assert not site.excluded_dates & set(found.days_used)
    for day in found.days_used:
        assert day < event_day
        assert (LONDON.day_kind(day).value == "workday") == (LONDON.day_kind(event_day).value == "workday")
        assert day not in on_events or "highest-event-days" in found.method
