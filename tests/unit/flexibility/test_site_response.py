import math
from datetime import timedelta

import pytest

from vpp.flexibility.site_response import ResponseChoices, SiteResponse, site_response
from vpp.foundation.errors import InvalidInput

MINUTE = timedelta(minutes=1)


def answered(
    delivered: list[float], target: list[float], per_interval: int = 1, begin: timedelta = timedelta(0)
) -> SiteResponse | None:
    return site_response(
        delivered, target, step=MINUTE, per_interval=per_interval, begin=begin, choices=ResponseChoices()
    )


def test_a_perfect_answer() -> None:
    shown = answered([100.0] * 30, [100.0] * 30, 15)
    assert shown is not None
    assert (shown.reached_ratio, shown.full_delay, shown.steadiness_ratio) == (1.0, MINUTE, 1.0)
    assert shown.delivered_kwh == pytest.approx(50.0)
    assert shown.score == pytest.approx(0.6 + 0.25 * (1 - 1 / 15) + 0.15)


def test_none_of_it() -> None:
    shown = answered([0.0] * 10, [100.0] * 10)
    assert shown is not None
    assert (shown.reached_ratio, shown.full_delay, shown.steadiness_ratio, shown.score) == (
        0.0,
        None,
        None,
        0.0,
    )


def test_what_an_interval_gives_too_much_makes_up_for_no_other() -> None:
    shown = answered([200.0, 0.0], [100.0, 100.0])
    assert shown is not None
    assert shown.reached_ratio == 0.5


def test_nothing_is_asked_before_its_own_offset() -> None:
    shown = answered([0.0] * 5 + [100.0] * 5, [100.0] * 10, begin=5 * MINUTE)
    assert shown is not None
    assert (shown.reached_ratio, shown.full_delay) == (1.0, MINUTE)


def test_gaps_are_left_out_and_counted() -> None:
    shown = answered([100.0, math.nan, 100.0, 100.0], [100.0] * 4)
    assert shown is not None
    assert (shown.reached_ratio, shown.metered_ratio, shown.delivered_kw) == (1.0, 0.75, 100.0)
    assert answered([math.nan] * 4, [100.0] * 4) is None
    assert answered([50.0] * 4, [0.0] * 4) is None


def test_shapes_must_fit() -> None:
    with pytest.raises(InvalidInput, match="as many of both"):
        answered([1.0] * 3, [1.0] * 3, 2)
