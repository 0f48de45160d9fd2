from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from support.rule_cases import (
    DAY,
    HOUR,
    MONDAY,
    WEEKEND,
    before,
    daily_load,
    event_on,
    high,
    rule_of,
    site_of,
)

from vpp.baseline.rule_baseline import NoBaseline, RuleBaseline
from vpp.baseline.rules.batch import compute_baselines
from vpp.baseline.rules.engine import compute_baseline
from vpp.baseline.site_meter import SiteMeter
from vpp.foundation.errors import InvalidInput
from vpp.foundation.series import regular

EVENT = event_on(MONDAY + 14 * DAY)
RULES = {
    "high": high(2, 3, adjustment=before(4, 1, cap_ratio=0.2)),
    "ratio": high(2, 3, pick="low", adjustment=before(4, 1, kind="ratio", cap_ratio=0.05)),
    "middle by day": high(2, 5, pick="middle", rank_by="day_energy"),
    "weighted": high(2, 3, pick="all", own={"weights": [0.7, 0.3]}, low_use_ratio=0.9),
    "after the event": high(
        2,
        3,
        adjustment={
            "kind": "additive",
            "windows": [{"anchor": "end", "begin": timedelta(0), "end": 2 * HOUR}],
        },
    ),
}


def sites() -> list[SiteMeter]:
    """Two grids, gaps, an event, a mask, an exclusion, a site without history and one without a reading."""
    random = np.random.default_rng(7)
    loads = [regular(50 + 50 * random.random(15 * 24), MONDAY, HOUR) for _ in range(6)]
    short = regular(50 + 50 * random.random(4 * 24), MONDAY + 11 * DAY, HOUR)
    finer = regular(50 + 50 * random.random(15 * 48), MONDAY, HOUR / 2)
    loads[1].loc[MONDAY + 11 * DAY + 17 * HOUR : MONDAY + 11 * DAY + 17 * HOUR] = np.nan
    loads[2].loc[EVENT.start - 2 * HOUR : EVENT.start - 2 * HOUR] = np.nan
    return [
        site_of(loads[0]),
        site_of(loads[1]),
        site_of(loads[2]),
        site_of(finer),
        site_of(loads[3], events=(event_on(MONDAY + 11 * DAY),), masked=(event_on(MONDAY + 10 * DAY),)),
        site_of(loads[4], excluded_dates=frozenset({(MONDAY + 9 * DAY).date()})),
        site_of(loads[5], "Europe/London", holidays=[(MONDAY + 8 * DAY).date()]),
        site_of(short),
        site_of(daily_load(MONDAY, *[np.nan] * 15)),
    ]


def assert_same(one: RuleBaseline | NoBaseline, other: RuleBaseline | NoBaseline) -> None:
    if isinstance(one, NoBaseline) or isinstance(other, NoBaseline):
        assert one == other
        return
    pd.testing.assert_series_equal(one.raw_kw, other.raw_kw, rtol=1e-10)
    pd.testing.assert_series_equal(one.adjusted_kw, other.adjusted_kw, rtol=1e-10)
    facts = ("adjusted", "capped", "days_used", "method", "notes")
    assert [getattr(one, name) for name in facts] == [getattr(other, name) for name in facts]
    assert one.adjustment_kw == pytest.approx(other.adjustment_kw, abs=1e-9)
    assert one.adjustment_ratio == pytest.approx(other.adjustment_ratio)


@pytest.mark.parametrize("name", RULES)
def test_every_site_gets_what_it_gets_alone(name: str) -> None:
    meters = sites()
    together = compute_baselines(RULES[name], meters, EVENT)
    assert len(together) == len(meters)
    for one, meter in zip(together, meters, strict=True):
        assert_same(one, compute_baseline(RULES[name], meter, EVENT))


@pytest.mark.parametrize("notice_h", [2, 30])
def test_notice_moves_the_windows_and_the_days_of_all(notice_h: int) -> None:
    rule = high(2, 3, adjustment=before(4, 1, before_notice=True), before_notice=True)
    notice_at = EVENT.start - notice_h * HOUR
    meters = sites()
    for one, meter in zip(compute_baselines(rule, meters, EVENT, notice_at=notice_at), meters, strict=True):
        assert_same(one, compute_baseline(rule, meter, EVENT, notice_at=notice_at))


def test_a_day_that_the_rule_does_not_cover_is_said_for_each() -> None:
    rule = high(classes=[WEEKEND])
    meters = sites()
    found = compute_baselines(rule, meters, EVENT)
    assert all(isinstance(one, NoBaseline) for one in found)
    assert found == [compute_baseline(rule, meter, EVENT) for meter in meters]


def test_other_methods_and_device_splits_go_the_single_path() -> None:
    level = rule_of({"kind": "around_event", "before": HOUR, "after": timedelta(0)})
    split = high(2, 3, device={"like_hours": 3})
    for rule in (level, split):
        for one, meter in zip(compute_baselines(rule, sites(), EVENT), sites(), strict=True):
            assert_same(one, compute_baseline(rule, meter, EVENT))


def test_a_forecast_is_made_for_all_at_once() -> None:
    rule = rule_of({"kind": "forecast", "mix": "fast"}, adjustment=before(4, 1, cap_ratio=0.2))
    meters = sites()
    for one, meter in zip(compute_baselines(rule, meters, EVENT), meters, strict=True):
        alone = compute_baseline(rule, meter, EVENT)
        if isinstance(one, NoBaseline) or isinstance(alone, NoBaseline):
            assert one == alone
        else:
            pd.testing.assert_series_equal(one.adjusted_kw, alone.adjusted_kw, rtol=1e-8)
            assert (one.method, one.notes) == (alone.method, alone.notes)


def test_no_sites_give_no_baselines() -> None:
    assert compute_baselines(RULES["high"], [], EVENT) == []
    assert compute_baselines(rule_of({"kind": "forecast", "mix": "fast"}), [], EVENT) == []


def test_one_bad_site_is_refused_with_all() -> None:
    bad = site_of(daily_load(MONDAY, 1, float("inf")))
    with pytest.raises(InvalidInput, match="infinite in places"):
        compute_baselines(RULES["high"], [*sites(), bad], EVENT)
