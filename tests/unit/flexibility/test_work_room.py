import math

import pytest

from vpp.flexibility.work_room import WorkRoom
from vpp.foundation.errors import InvalidInput


def room(*entries: tuple[float, float], gpus: float = 10.0) -> WorkRoom:
    made = WorkRoom(gpus)
    made.add(entries)
    return made


def test_work_that_fits_is_avoidable_and_the_rest_is_not() -> None:
    assert room((1.0, 10.0), (2.0, 10.0)).unavoidable_gpu_h == 0.0
    assert room((1.0, 12.0), (4.0, 10.0)).unavoidable_gpu_h == pytest.approx(2.0)
    assert room((-1.0, 3.0)).unavoidable_gpu_h == pytest.approx(3.0)  # overdue from the start


def test_later_work_is_bound_by_all_that_is_due_before_it() -> None:
    made = room((1.0, 4.0), (3.0, 20.0))
    assert made.most_gpu_h({2.0: 1.0}) == pytest.approx(6.0)  # 30 - 24 left by hour 3
    assert made.most_gpu_h({4.0: 1.0}) == pytest.approx(16.0)
    assert made.most_gpu_h({2.0: 1.0, 4.0: 1.0}) == pytest.approx(6.0)
    assert made.most_gpu_h({}) == math.inf


def test_trying_leaves_things_as_they_are() -> None:
    made = room((1.0, 4.0))
    assert made.fits([(1.0, 6.0)])
    assert not made.fits([(1.0, 6.1)])
    assert made.most_gpu_h({1.0: 1.0}) == pytest.approx(6.0)


def test_work_can_be_given_back() -> None:
    made = room((1.0, 10.0))
    made.add([(1.0, -10.0)])
    assert made.most_gpu_h({1.0: 1.0}) == pytest.approx(10.0)


def test_what_must_be_done_at_once() -> None:
    assert room((2.0, 15.0)).needed_gpu_h(1.0) == pytest.approx(5.0)  # 10 can wait for the second hour
    assert room((2.0, 5.0)).needed_gpu_h(1.0) == 0.0


def test_a_negative_number_of_gpus_is_refused() -> None:
    with pytest.raises(InvalidInput, match="free_gpus"):
        WorkRoom(-1.0)
