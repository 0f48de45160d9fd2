from typing import Any

import pytest
from support.rule_cases import DAY, HOUR, MONDAY, daily_load, days_of, event_on, site_of, view_of

from vpp.baseline.rule_baseline import NoBaseline, NoBaselineReason
from vpp.baseline.rules.day_choice import DayChoice, choose_days
from vpp.foundation.interval import Interval
from vpp.portfolio.baseline_rule import DayPool

LEVELS = [float(n) for n in range(1, 22)]
EVENT = event_on(MONDAY + 21 * DAY)  # a Monday; workdays 3 to 7, 10 to 14, 17 to 21 days before
SATURDAY = event_on(MONDAY + 19 * DAY)


def choose(event: Interval = EVENT, *, events: tuple[Interval, ...] = (), **days: Any) -> DayChoice:  # noqa: ANN401  a test replaces any field
    pool = DayPool.model_validate(days_of(**days))
    found = choose_days(view_of(site_of(daily_load(MONDAY, *LEVELS), events=events), event), pool)
    assert isinstance(found, DayChoice), found
    return found


def backs(choice: DayChoice) -> list[int]:
    return [int(back) for back in choice.days.days_back]


def event_back(days: int) -> Interval:
    """An event in the window of the hours that matter, some days before."""
    return event_on(MONDAY + (21 - days) * DAY)


def test_enough_days_need_no_step() -> None:
    choice = choose()
    assert (backs(choice), choice.steps) == ([3, 4, 5, 6, 7], ())


def test_fewest_says_how_many_are_enough() -> None:
    short = choose(average=4, lookback_days=5, own={"fewest": 3})
    assert (backs(short), short.steps) == ([3, 4, 5], ())
    assert choose(average=4, lookback_days=5).steps == ("mean-of-available-3",)


def test_the_look_back_is_extended_only_where_days_are_missing() -> None:
    ladder: dict[str, Any] = {"extended_lookback_days": 12, "shortage": ["extend_lookback", "use_available"]}
    assert choose(lookback_days=6, **ladder).steps == ()
    longer = choose(lookback_days=5, **ladder)
    assert (backs(longer), longer.steps) == ([3, 4, 5, 6, 7], ("extended-lookback",))


def test_an_extension_that_finds_nothing_is_not_named() -> None:
    ladder: dict[str, Any] = {"extended_lookback_days": 9, "shortage": ["extend_lookback", "use_available"]}
    short = choose(average=9, candidates=9, lookback_days=8, **ladder)
    assert (backs(short), short.steps) == ([3, 4, 5, 6, 7], ("mean-of-available-5",))


def test_the_highest_event_days_fill_up_curtailed_as_they_were() -> None:
    # Of the event days 3, 4 and 5 days before, the load was highest on the most recent: 19, 18, 17 kW.
    events = (event_back(3), event_back(4), event_back(5))
    ladder: dict[str, Any] = {"shortage": ["highest_event_days", "use_available"]}
    choice = choose(lookback_days=7, events=events, **ladder)
    assert (backs(choice), choice.steps) == ([3, 4, 6, 7], ("highest-event-days",))
    assert choice.dispatched == {3, 4}
    assert choice.days.mean_kw.tolist() == [19.0, 18.0, 16.0, 15.0]


def test_event_days_obey_the_latest_day_and_the_look_back() -> None:
    events = (event_back(3), event_back(7))
    ladder: dict[str, Any] = {"shortage": ["highest_event_days", "use_available"], "latest_day_offset": 4}
    choice = choose(lookback_days=6, events=events, **ladder)
    assert (backs(choice), choice.steps) == ([4, 5, 6], ("mean-of-available-3",))


def test_the_next_class_stands_in_with_its_own_counts() -> None:
    # One Saturday and one Sunday within the look-back, where the rule wants 2 of 3: workdays instead.
    weekday = choose(SATURDAY, lookback_days=5, shortage=["next_class"])
    assert (backs(weekday), weekday.steps) == ([1, 2, 3, 4, 5], ("next-class",))
    assert weekday.day_class.average == 4


def test_a_next_class_with_too_few_days_leaves_the_later_steps() -> None:
    ladder: dict[str, Any] = {"shortage": ["next_class", "use_available"]}
    choice = choose(SATURDAY, average=9, candidates=9, lookback_days=6, **ladder)
    assert (backs(choice), choice.steps) == ([6], ("mean-of-available-1",))


def test_what_is_there_is_used_only_where_the_rule_says_so() -> None:
    view = view_of(site_of(daily_load(MONDAY, *LEVELS)), EVENT)
    strict = DayPool.model_validate(days_of(lookback_days=5, shortage=[]))
    found = choose_days(view, strict)
    assert found == NoBaseline(
        "a-rule",
        NoBaselineReason.INSUFFICIENT_HISTORY,
        "3 days like 2026-03-23 (workday) within 5 days, expected at least 4",
    )


@pytest.mark.parametrize("shortage", [["use_available"], ["next_class", "use_available"]])
def test_no_day_at_all_is_a_value(shortage: list[str]) -> None:
    view = view_of(site_of(daily_load(EVENT.start - 17 * HOUR, 5.0)), EVENT)
    found = choose_days(view, DayPool.model_validate(days_of(shortage=shortage)))
    assert isinstance(found, NoBaseline)
    assert found.reason is NoBaselineReason.INSUFFICIENT_HISTORY


def test_a_kind_of_day_without_a_class_is_not_covered() -> None:
    days = {"classes": [{"kinds": ["workday"], "average": 1, "candidates": 1}], "lookback_days": 45}
    found = choose_days(view_of(site_of(daily_load(MONDAY, *LEVELS)), SATURDAY), DayPool.model_validate(days))
    assert isinstance(found, NoBaseline)
    assert found.reason is NoBaselineReason.DAY_NOT_COVERED
    assert found.detail == "2026-03-21 is a saturday, and the rule covers none of those"
