import numpy as np
from support.rule_cases import before, high

from vpp.baseline.rules.matched import OUTSIDE, MatchedRule, MatchedWindows, matched_baselines, read
from vpp.portfolio.baseline_method import XOfY
from vpp.portfolio.baseline_rule import BaselineRule


def matched_rule(rule: BaselineRule) -> MatchedRule:
    assert isinstance(rule.method, XOfY)
    assert rule.days is not None
    return MatchedRule(rule.method, rule.days, rule.days.classes[0], rule.adjustment)


def windows_of(days: int, begin: int = 17, length: int = 2) -> MatchedWindows:
    """Hourly days that end with the event's; an adjustment window of two hours ends an hour before."""
    event = days * 24 + begin
    back = 24 * np.arange(1, days + 1)[:, None]
    return MatchedWindows(
        event=event + np.arange(length) - back,
        base=event + np.arange(-3, -1) - back,
        actual=event + np.arange(-3, -1),
    )


def test_b1_and_b2_for_two_sites_at_once() -> None:
    # High 4 of 5 of the days at 103, 99, 20, 111, 95, 105: base 104.5 without the low day, and the second
    # site has twice as much. 10 kW more in the window than usual: + 10 and + 20.
    levels = [105.0, 95.0, 111.0, 20.0, 99.0, 103.0, 90.0]
    one = np.repeat(levels, 24)
    one[-24 + 14 : -24 + 16] = (103 + 99 + 111 + 105) / 4 + 10
    load_kw = np.stack([one, 2 * one])
    rule = matched_rule(high(low_use_ratio=0.25, adjustment=before(3, 1)))
    found = matched_baselines(rule, load_kw, windows_of(6))
    np.testing.assert_allclose(found.raw_kw, [[104.5, 104.5], [209.0, 209.0]])
    np.testing.assert_allclose(found.added_kw, [10.0, 20.0])
    np.testing.assert_allclose(found.adjusted_kw, [[114.5, 114.5], [229.0, 229.0]])
    assert found.picked.tolist() == [[0, 1, 3, 5]] * 2  # rows of the windows: 1, 2, 4 and 6 days back
    assert (found.day_count.tolist(), found.done.tolist()) == ([5, 5], [True, True])


def test_a_site_that_needs_older_days_reads_on_and_the_others_stay_as_they_are() -> None:
    random = np.random.default_rng(1)
    load_kw = 50 + 50 * random.random((3, 21 * 24))
    load_kw[1, -14 * 24 : -24] = np.nan  # nothing known for 13 days
    rule = matched_rule(high(2, 3))
    found = matched_baselines(rule, load_kw, windows_of(20))
    assert found.done.tolist() == [True, True, True]
    assert (found.picked[1] >= 13).all()
    alone = matched_baselines(rule, load_kw[[0, 2]], windows_of(20))
    np.testing.assert_array_equal(found.raw_kw[[0, 2]], alone.raw_kw)


def test_too_few_days_are_left_to_the_single_path() -> None:
    load_kw = np.full((2, 6 * 24), 50.0)
    load_kw[1, : 3 * 24] = np.nan
    found = matched_baselines(matched_rule(high(4, 5)), load_kw, windows_of(5))
    assert found.done.tolist() == [True, False]
    assert np.isnan(found.raw_kw[1]).all()
    assert found.day_count.tolist() == [5, 2]


def test_days_that_are_not_usable_are_passed_over() -> None:
    load_kw = np.repeat(np.arange(6.0, 0.0, -1.0), 24)[None, :] * np.ones((2, 1))
    usable = np.array([[True] * 5, [False, True, True, True, True]])
    found = matched_baselines(matched_rule(high(1, 3)), load_kw, windows_of(5), usable)
    assert found.raw_kw[:, 0].tolist() == [4.0, 5.0]


def test_a_gap_in_the_window_is_left_to_the_single_path() -> None:
    load_kw = np.full((2, 6 * 24), 50.0)
    load_kw[0, -24 + 14] = np.nan
    rule = matched_rule(high(4, 5, adjustment=before(3, 1)))
    found = matched_baselines(rule, load_kw, windows_of(5))
    assert found.done.tolist() == [False, True]
    assert found.added_kw.tolist() == [0.0, 0.0]


def test_what_lies_outside_is_unknown() -> None:
    load_kw = np.array([[1.0, 2.0]])
    np.testing.assert_array_equal(read(load_kw, np.array([1, OUTSIDE, 0])), [[2.0, np.nan, 1.0]])
