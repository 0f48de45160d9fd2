"""A baseline extended over the hours before and after its event."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.rule_baseline import RuleBaseline
from vpp.baseline.rules.engine import compute_baseline
from vpp.baseline.site_meter import SiteMeter
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular
from vpp.portfolio.baseline_method import XOfY
from vpp.portfolio.baseline_rule import (
    Adjustment,
    BaselineRule,
    DayClass,
    DayPool,
    DeviceSplit,
    EventWindow,
    RuleSource,
)
from vpp.portfolio.day_kind import DayKind

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIRST = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
NOON = FIRST + 4 * DAY + 12 * HOUR
EVENT = Interval(NOON, NOON + 2 * HOUR)
BEFORE, AFTER = Interval(NOON - 2 * HOUR, NOON), Interval(EVENT.end, EVENT.end + 4 * HOUR)


def rule(**changes: object) -> BaselineRule:
    plain = {
        "baseline_id": "mean-of-4",
        "version": 1,
        "display_name": "Mean of four days",
        "jurisdiction": "example",
        "summary": "Four days.",
        "method": XOfY(kind="x_of_y", pick="all"),
        "days": DayPool(classes=(DayClass(kinds=tuple(DayKind), average=4, candidates=4),), lookback_days=10),
        "source": RuleSource(tag="D", title="An example", read_on=date(2026, 3, 2)),
        **changes,
    }
    return BaselineRule.model_validate(plain)


def site(today_kw: float = 0.0, **changes: object) -> SiteMeter:
    """Four days of 100 kW, 10 kW more each hour, then the event's day up to its start, so much higher."""
    hours = np.arange(4 * 24 + 12) % 24
    load_kw = 100.0 + 10.0 * hours
    load_kw[4 * 24 :] += today_kw
    return SiteMeter(regular(load_kw, FIRST, HOUR), SiteCalendar("Etc/UTC"), **changes)  # type: ignore[arg-type]


def made(one: BaselineRule, meter: SiteMeter) -> RuleBaseline:
    found = compute_baseline(one, meter, EVENT, beside=(BEFORE, AFTER))
    assert isinstance(found, RuleBaseline)
    return found


def test_the_same_days_say_what_the_hours_around_would_have_been() -> None:
    before_kw, after_kw = made(rule(), site()).beside_kw
    assert before_kw.tolist() == [200.0, 210.0]
    assert after_kw.tolist() == [240.0, 250.0, 260.0, 270.0]


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [("additive", [220.0, 230.0], [260.0, 270.0, 280.0, 290.0]), ("ratio", None, None)],
)
def test_the_event_s_adjustment_holds_around_it(
    kind: str, before: list[float] | None, after: list[float] | None
) -> None:
    windows = (EventWindow(anchor="start", begin=-3 * HOUR, end=-HOUR),)
    adjusted = rule(adjustment=Adjustment(kind=kind, windows=windows))
    found = made(adjusted, site(today_kw=20.0))
    before_kw, after_kw = found.beside_kw
    if before is not None:
        assert (before_kw.tolist(), after_kw.tolist()) == (before, after)
        return
    assert found.adjustment_ratio == pytest.approx(1.0 + 20.0 / 195.0)
    np.testing.assert_allclose(after_kw, np.array([240.0, 250.0, 260.0, 270.0]) * found.adjustment_ratio)


def test_limits_hold_around_it_too() -> None:
    capped = rule(contract_cap=True)
    before_kw, after_kw = made(capped, site(contract_kw=245.0)).beside_kw
    assert before_kw.tolist() == [200.0, 210.0]
    assert after_kw.tolist() == [240.0, 245.0, 245.0, 245.0]


def test_it_changes_nothing_of_the_event_s_own() -> None:
    with_windows, without = made(rule(), site()), compute_baseline(rule(), site(), EVENT)
    assert isinstance(without, RuleBaseline)
    assert with_windows.adjusted_kw.tolist() == without.adjusted_kw.tolist()
    assert without.beside_kw == ()


def test_a_split_off_device_leaves_it_unknown() -> None:
    split = rule(device=DeviceSplit(like_hours=4))
    meter = site(device_kw=regular(np.zeros(4 * 24 + 12), FIRST, HOUR))
    for beside_kw in made(split, meter).beside_kw:
        assert np.isnan(beside_kw).all()


def test_a_window_off_the_grid_is_unknown() -> None:
    odd = Interval(EVENT.end + HOUR / 2, EVENT.end + 2.5 * HOUR)
    found = compute_baseline(rule(), site(), EVENT, beside=(odd,))
    assert isinstance(found, RuleBaseline)
    [beside_kw] = found.beside_kw
    assert np.isnan(beside_kw).tolist() == [True, True]
