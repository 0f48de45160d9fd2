from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from vpp.dispatch.tracking.adjusting import Layer, give_back, share_out, take_away
from vpp.dispatch.tracking.correction import Correction, correction
from vpp.dispatch.tracking.frame import Frame
from vpp.dispatch.tracking.rules import TrackingRules
from vpp.foundation.interval import Interval

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
ALL = np.ones(2)


def needed(*, more: tuple[float, float] = (0.0, 0.0), less: tuple[float, float] = (0.0, 0.0)) -> Correction:
    return Correction(0, ALL, np.array(more), np.array(less))


def layer(site_id: str, price: float, kw: float, *, is_top_up: bool = False) -> Layer:
    return Layer(site_id, "battery", price, is_top_up, np.full(2, kw))


LAYERS = [
    layer("a", 200.0, 50.0),
    layer("b", 90.0, 50.0, is_top_up=True),
    layer("c", 120.0, 50.0, is_top_up=True),
]
TOLD = {one.key: one.award_kw for one in LAYERS}
GAINS = {"a": 1.0, "b": 1.0, "c": 1.0}


def test_the_dearest_top_up_is_trimmed_first_and_first_awards_last() -> None:
    one = take_away(needed(less=(30.0, 30.0)), LAYERS, TOLD, GAINS, 1.0, least_kw={})
    assert set(one.change_kw) == {("c", "battery")}
    assert one.change_kw["c", "battery"].tolist() == [-30.0, -30.0]
    everything = take_away(needed(less=(120.0, 0.0)), LAYERS, TOLD, GAINS, 1.0, least_kw={})
    assert {key[0]: change[0] for key, change in everything.change_kw.items()} == {
        "c": -45.0,
        "b": -45.0,
        "a": -30.0,
    }
    assert not everything.left_kw.any()


def test_nobody_is_told_nothing_and_what_is_left_over_is_said() -> None:
    found = take_away(needed(less=(500.0, 0.0)), LAYERS, TOLD, GAINS, 1.0, least_kw={})
    assert all((TOLD[key] + change).min() >= 5.0 for key, change in found.change_kw.items())
    assert found.left_kw.tolist() == [365.0, 0.0]


def test_a_resource_is_told_no_less_than_it_can_do() -> None:
    least = {("c", "battery"): 40.0, ("b", "battery"): 60.0}
    found = take_away(needed(less=(30.0, 0.0)), LAYERS, TOLD, GAINS, 1.0, least_kw=least)
    assert {key[0]: change[0] for key, change in found.change_kw.items()} == {"c": -10.0, "a": -20.0}


def test_sites_that_may_not_be_told_anew_are_left_alone() -> None:
    found = take_away(needed(less=(30.0, 30.0)), LAYERS, TOLD, {"a": 1.0, "b": 1.0}, 1.0, least_kw={})
    assert set(found.change_kw) == {("b", "battery")}


def test_a_site_is_not_told_anew_for_next_to_nothing() -> None:
    assert not take_away(needed(less=(0.5, 0.5)), LAYERS, TOLD, GAINS, 1.0, least_kw={}).change_kw


def test_of_the_present_interval_only_what_is_left_can_change() -> None:
    half = Correction(0, np.array([0.5, 1.0]), np.zeros(2), np.array([100.0, 0.0]))
    found = take_away(half, LAYERS, TOLD, GAINS, 1.0, least_kw={})
    assert [found.change_kw[site, "battery"][0] for site in "cba"] == [-22.5, -22.5, -22.5]


def test_what_was_taken_is_given_back_up_to_what_was_bought_first_awards_first() -> None:
    told = TOLD | {("a", "battery"): np.full(2, 20.0), ("b", "battery"): np.full(2, 20.0)}
    found = give_back(needed(more=(40.0, 0.0)), LAYERS, told, GAINS, 1.0)
    assert found.change_kw["a", "battery"].tolist() == [30.0, 0.0]
    assert found.change_kw["b", "battery"].tolist() == [10.0, 0.0]
    assert not found.left_kw.any()


def test_an_order_is_shared_in_proportion_to_room_and_to_what_sites_deliver() -> None:
    room = {("a", "battery"): np.full(2, 30.0), ("b", "battery"): np.full(2, 60.0)}
    found = share_out(needed(more=(30.0, 0.0)), room, {"a": 1.0, "b": 0.5}, 1.0)
    assert found.change_kw["a", "battery"].tolist() == pytest.approx([15.0, 0.0])
    assert found.change_kw["b", "battery"].tolist() == pytest.approx([30.0, 0.0])
    assert found.left_kw == pytest.approx([0.0, 0.0])


def test_within_the_deadband_nothing_is_done_and_the_past_is_past() -> None:
    frame = Frame(Interval(NOON, NOON + 3 * QUARTER), QUARTER, QUARTER, NOON + QUARTER)
    found = correction(np.full(3, 100.0), np.array([50.0, 98.5, 103.0]), frame, TrackingRules())
    assert found.first == 1
    assert found.more_kw.tolist() == [0.0, 0.0, 0.0]
    assert found.less_kw.tolist() == [0.0, 0.0, 3.0]
    assert found.left_ratio[0] == 0.0
    assert 0.9 < found.left_ratio[1] < 1.0
