from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from vpp.dispatch.instruction import InstructionState
from vpp.dispatch.tracking.delivery_state import Band, DeliveryState
from vpp.dispatch.tracking.frame import Frame
from vpp.dispatch.tracking.outlook import Outlook, look_ahead
from vpp.dispatch.tracking.site_course import Order, SiteCourse
from vpp.foundation.interval import Interval

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
FIVE, QUARTER = timedelta(minutes=5), timedelta(minutes=15)
DELIVERY = Interval(NOON, NOON + 4 * QUARTER)
BAND = Band(0.9, 1.2)
NAN = float("nan")


def frame(minutes: float) -> Frame:
    return Frame(DELIVERY, QUARTER, FIVE, NOON + timedelta(minutes=minutes))


def site(  # noqa: PLR0913  one argument per thing that differs
    delivered_kw: list[float],
    *,
    state: InstructionState = InstructionState.STARTED,
    target_kw: float = 100.0,
    baseline_kw: float = 1000.0,
    offset_kw: float = 0.0,
    budget_kwh: float = float("inf"),
) -> SiteCourse:
    values = np.array([*delivered_kw, *[NAN] * (12 - len(delivered_kw))])
    return SiteCourse(
        site_id="north-1",
        state=state,
        orders=(Order(NOON - QUARTER, (target_kw,) * 4),),
        was_followed=state is not InstructionState.REFUSED,
        response=timedelta(0),
        budget_kwh=budget_kwh,
        reference_kw=np.full(12, baseline_kw),
        offset_kw=offset_kw,
        delivered_kw=values,
        is_metered=~np.isnan(values),
    )


def look(course: SiteCourse, minutes: float) -> Outlook:
    return look_ahead([course], frame(minutes), BAND)


def test_before_it_is_metered_a_site_is_taken_at_its_word() -> None:
    outlook = look(site([]), -5)
    assert outlook.expected_by_interval_kw.tolist() == [100.0] * 4
    assert outlook.states == (DeliveryState.AGREED,)


def test_what_a_site_does_it_is_expected_to_go_on_doing() -> None:
    outlook = look(site([60.0, 60.0, 60.0]), 15)
    assert outlook.expected_by_interval_kw.tolist() == [60.0] * 4
    assert outlook.states == (DeliveryState.UNDER,)
    assert outlook.gain.tolist() == [0.6]
    assert not outlook.responds[0]


def test_the_load_is_expected_to_stay_not_the_difference_to_a_changing_baseline() -> None:
    course = site([100.0] * 3)
    course = replace(course, reference_kw=np.repeat([1000.0, 1030.0, 1000.0, 1000.0], 3))
    assert look(course, 15).expected_by_interval_kw.tolist() == [100.0, 130.0, 100.0, 100.0]


def test_a_site_that_moves_as_told_below_a_wrong_baseline_responds() -> None:
    outlook = look(site([60.0, 60.0], offset_kw=-40.0), 10)
    assert outlook.states == (DeliveryState.UNDER,)
    assert outlook.responds[0]
    assert outlook.gain[0] == 1.0


def test_a_silent_meter_is_noticed_within_two_samples_and_counts_for_nothing() -> None:
    course = site([100.0, 100.0, 100.0])
    assert look(course, 20).states == (DeliveryState.ON_TARGET,)
    outlook = look(course, 25)
    assert outlook.states == (DeliveryState.SILENT,)
    assert outlook.expected_by_interval_kw.tolist() == [100.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize("count", [1, 2])
def test_who_stops_is_noticed_within_two_samples(count: int) -> None:
    outlook = look(site([100.0] * 3 + [0.0] * count), 15 + 5 * count)
    assert outlook.states == (DeliveryState.UNDER,)
    assert outlook.expected_by_interval_kw[2:].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("state", [InstructionState.REFUSED, InstructionState.EXPIRED])
def test_what_the_meter_shows_of_who_never_followed_is_no_delivery(state: InstructionState) -> None:
    course = replace(site([80.0] * 3, state=state), was_followed=False)
    outlook = look(course, 15)
    assert outlook.states == (DeliveryState.OUT,)
    assert not outlook.expected_kw.any()
    assert not outlook.instructed_kw.any()


def test_who_aborts_keeps_what_was_delivered() -> None:
    outlook = look(site([100.0] * 3, state=InstructionState.ABORTED), 15)
    assert outlook.expected_by_interval_kw.tolist() == [100.0, 0.0, 0.0, 0.0]


def test_who_is_done_early_delivers_no_more() -> None:
    outlook = look(site([100.0] * 3, state=InstructionState.COMPLETED), 15)
    assert outlook.states == (DeliveryState.DONE,)
    assert outlook.expected_by_interval_kw[1:].tolist() == [0.0] * 3


def test_no_more_is_expected_than_the_energy_lasts_for() -> None:
    outlook = look(site([100.0] * 3, budget_kwh=60.0), 15)
    assert outlook.expected_by_interval_kw == pytest.approx([100.0, 100.0, 40.0, 0.0])


@pytest.mark.parametrize(("error_kw", "rest_kw"), [(300.0, 300.0), (-40.0, -40.0)])
def test_the_error_of_a_baseline_takes_nothing_of_the_energy(error_kw: float, rest_kw: float) -> None:
    course = site([100.0 + error_kw] * 3, offset_kw=error_kw, budget_kwh=75.0)
    assert look(replace(course, budget_kwh=150.0), 15).expected_by_interval_kw == pytest.approx(
        [100.0 + error_kw] * 4
    )
    spent_kwh = min(25.0, (100.0 + error_kw) / 4)
    lasts_for = (75.0 - spent_kwh) / 25.0 - 2.0
    assert look(course, 15).expected_by_interval_kw == pytest.approx(
        [100.0 + error_kw] * 3 + [rest_kw + 100.0 * lasts_for]
    )


def test_of_whom_nothing_is_asked_nothing_counts() -> None:
    outlook = look(site([30.0] * 3, target_kw=0.0), 15)
    assert not outlook.expected_kw.any()


def test_an_event_without_sites_delivers_nothing() -> None:
    outlook = look_ahead([], frame(15), BAND)
    assert outlook.expected_by_interval_kw.tolist() == [0.0] * 4
    assert outlook.metered_ratio.tolist() == [0.0] * 4


def test_a_quarter_hourly_meter_is_not_silent_until_its_second_reading_is_missing() -> None:
    course = replace(site([]), metering=QUARTER)
    assert look(course, 25).states == (DeliveryState.AGREED,)
    assert look(course, 30).states == (DeliveryState.SILENT,)
    heard = replace(site([100.0] * 3), metering=QUARTER)
    assert look(heard, 25).states == (DeliveryState.ON_TARGET,)


def test_where_silence_says_nothing_sites_go_on_as_they_did() -> None:
    course = site([90.0, 90.0])
    trusted = look_ahead([course], frame(20), BAND)
    assert trusted.expected_by_interval_kw.tolist() == [60.0, 0.0, 0.0, 0.0]
    doubted = look_ahead([course], frame(20), BAND, trusts_silence=False)
    assert doubted.expected_by_interval_kw.tolist() == [90.0] * 4
    assert doubted.states == (DeliveryState.SILENT,)
    assert doubted.gain.tolist() == [0.0]


def test_what_a_site_makes_up_for_is_not_expected_to_last() -> None:
    assert look(site([40.0, 130.0]), 10).expected_by_interval_kw.tolist() == pytest.approx([100.0] * 4)
    outlook = look(site([40.0, 130.0, 130.0]), 15)
    assert outlook.expected_by_interval_kw.tolist() == pytest.approx([100.0] * 4)
    assert outlook.states == (DeliveryState.ON_TARGET,)


def test_one_sample_is_believed_by_half() -> None:
    assert look(site([60.0]), 5).expected_by_interval_kw.tolist() == pytest.approx(
        [220.0 / 3.0, 80.0, 80.0, 80.0]
    )


def test_a_site_counts_for_the_whole_of_an_interval_or_not_at_all() -> None:
    course = site([70.0, 70.0, 70.0])
    told_nothing = replace(course, orders=(*course.orders, Order(NOON + FIVE, (0.0, 100.0, 100.0, 100.0))))
    assert look(told_nothing, 15).expected_by_interval_kw[0] == 0.0
    joined = replace(course, orders=(Order(NOON - FIVE, (0.0,) * 4), Order(NOON + FIVE, (100.0,) * 4)))
    assert look(joined, 15).expected_by_interval_kw[0] == pytest.approx(70.0)


def test_a_site_whose_load_moved_since_still_responds_and_one_that_dropped_out_does_not() -> None:
    moved = look(site([100.0, 100.0, 60.0, 60.0]), 20)
    assert moved.states == (DeliveryState.UNDER,)
    assert moved.responds[0]
    gone = look(site([100.0, 100.0, 0.0, 0.0]), 20)
    assert gone.states == (DeliveryState.UNDER,)
    assert not gone.responds[0]
