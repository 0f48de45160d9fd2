from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from support.baseline_sites import HOUR, additive, at, noisy_site, site_of, span, x_of_y
from support.gaming import EVENT_DAY, gaming_view, raised

from vpp.baseline.scoring.gaming_flag import GamingFlag, GamingKind, GamingLimits
from vpp.baseline.scoring.gaming_view import GamingView
from vpp.baseline.scoring.raised_load import pre_event_ramp, raised_load
from vpp.foundation.direction import Direction


def test_load_raised_in_the_window_is_flagged_with_its_figures() -> None:
    flag = raised_load(gaming_view(raised(noisy_site(30), 1.4, 13, 16)))
    assert flag is not None
    assert flag.kind is GamingKind.RAISED_LOAD
    assert flag.value == pytest.approx(1.4, abs=0.06)
    assert flag.limit == 1.2
    assert f"{flag.value:.2f} times" in flag.reason
    assert "20 earlier like days" in flag.reason


@pytest.mark.parametrize(
    ("factor", "hours"), [(1.0, (13, 16)), (1.15, (13, 16)), (1.5, (16, 17)), (0.5, (13, 16))]
)
def test_a_usual_load_a_small_rise_and_a_rise_outside_are_not(factor: float, hours: tuple[int, int]) -> None:
    assert raised_load(gaming_view(raised(noisy_site(30), factor, *hours))) is None


def test_a_site_that_varies_that_much_anyway_is_not_flagged() -> None:
    site = raised(noisy_site(30), 1.5, 13, 17)
    assert raised_load(gaming_view(site)) is not None
    assert pre_event_ramp(gaming_view(site)) is not None
    for day in (2, 7, 11, 16, 21):  # none of them a day that the baseline used
        site = raised(site, 2.0, 13, 17, day)
    assert raised_load(gaming_view(site)) is None
    assert pre_event_ramp(gaming_view(site)) is None


def test_intervals_longer_than_the_shortest_ramp_leave_nothing_to_compare() -> None:
    site = site_of(np.full(8 * 31, 100.0), step=3 * HOUR)
    view = gaming_view(site, event=span(EVENT_DAY, 18, 21), notice_at=None)
    assert pre_event_ramp(view) is None


def test_too_few_earlier_days_are_said_so() -> None:
    limits = GamingLimits(fewest_placebos=100)
    flag = raised_load(gaming_view(raised(noisy_site(30), 1.4, 13, 16), limits=limits))
    assert flag is not None
    assert "too few earlier days" in flag.reason


def test_a_rule_without_a_window_has_nothing_to_raise() -> None:
    assert raised_load(gaming_view(raised(noisy_site(30), 3.0, 0, 17), x_of_y())) is None


def test_the_level_before_an_event_can_be_raised_too() -> None:
    meter_before = x_of_y(method={"kind": "around_event", "before": "PT2H"}, days=None)
    flag = raised_load(gaming_view(raised(noisy_site(30), 1.4, 15, 17), meter_before))
    assert flag is not None
    assert flag.value == pytest.approx(1.4, abs=0.06)


def test_a_window_that_ends_at_notice_is_not_judged_after_it() -> None:
    until_notice = x_of_y(adjustment=additive(4, 1, before_notice=True))
    site = raised(noisy_site(30), 1.4, 15, 16)
    assert raised_load(gaming_view(site, until_notice, notice_at=at(EVENT_DAY, 15))) is None
    assert raised_load(gaming_view(site, until_notice, notice_at=at(EVENT_DAY, 8))) is None
    site = raised(noisy_site(30), 1.4, 13, 15)
    assert raised_load(gaming_view(site, until_notice, notice_at=at(EVENT_DAY, 15))) is not None


def test_without_days_used_the_like_days_before_are_the_reference() -> None:
    seen = gaming_view(raised(noisy_site(30), 1.4, 13, 16))
    seen = replace(seen, baseline=replace(seen.baseline, days_used=()))
    flag = raised_load(seen)
    assert flag is not None
    assert flag.value == pytest.approx(1.4, abs=0.06)


@pytest.mark.parametrize(
    ("notice", "rise", "flagged"),
    [
        (13, (13, 17), True),
        (None, (15, 17), True),  # no notice: the last two hours
        (0, (13, 17), True),  # long notice: the last four
        (13, (9, 17), False),  # high before the notice too: no rise
        (13, (5, 9), False),
    ],
)
def test_a_rise_after_notice_is_flagged(notice: int | None, rise: tuple[int, int], *, flagged: bool) -> None:
    site = raised(noisy_site(30), 1.4, *rise)
    flag = pre_event_ramp(gaming_view(site, notice_at=None if notice is None else at(EVENT_DAY, notice)))
    assert (flag is not None) is flagged
    assert flag is None or flag.kind is GamingKind.PRE_EVENT_RAMP


def test_a_gap_on_the_day_leaves_nothing_to_tell() -> None:
    site = raised(noisy_site(30), float("nan"), 13, 16)
    assert raised_load(gaming_view(site)) is None
    assert pre_event_ramp(gaming_view(site)) is None


def upwards(view: GamingView) -> GamingView:
    return replace(view, direction=Direction.LOAD_UP)


@pytest.mark.parametrize(
    ("found", "kind"),
    [(raised_load, GamingKind.LOWERED_LOAD), (pre_event_ramp, GamingKind.PRE_EVENT_DIP)],
)
def test_where_more_is_asked_for_it_is_load_that_is_lowered(
    found: Callable[[GamingView], GamingFlag | None], kind: GamingKind
) -> None:
    lowered, lifted = (gaming_view(raised(noisy_site(30), factor, 13, 17)) for factor in (1 / 1.4, 1.4))
    flag = found(upwards(lowered))
    assert flag is not None
    assert flag.kind is kind
    assert flag.value == pytest.approx(1.4, abs=0.06)
    assert f"{flag.value:.2f} times as large" in flag.reason
    assert found(upwards(lifted)) is None
    assert found(lowered) is None


@pytest.mark.parametrize("factor", [0.0, -0.2])
def test_a_load_that_is_shut_off_or_exported_is_flagged_too(factor: float) -> None:
    for found in (raised_load, pre_event_ramp):
        flag = found(upwards(gaming_view(raised(noisy_site(30), factor, 13, 17))))
        assert flag is not None
        assert 100.0 < flag.value < 2000.0  # a number, though nothing was used


def test_a_load_lowered_by_little_is_not_flagged() -> None:
    assert raised_load(upwards(gaming_view(raised(noisy_site(30), 1 / 1.15, 13, 16)))) is None
