import math
from datetime import timedelta

import pytest

from vpp.flexibility.metering_error import like_day_errors_kw, metering_error, neighbour_error_kw
from vpp.foundation.errors import InvalidInput

HOUR = timedelta(hours=1)
DAY = [500.0 + 100.0 * math.sin(hour * math.pi / 12.0) for hour in range(24)]


def test_days_that_are_alike_have_no_error() -> None:
    found = metering_error(DAY * 14, HOUR)
    assert found is not None
    assert found.error_kw == pytest.approx(0.0, abs=1e-9)
    # After 5 days a day has enough before it, and three hours before each are the adjustment's.
    assert found.observation_count == 9 * 24 - 3


def test_the_adjustment_takes_out_what_a_whole_day_is_off() -> None:
    lifted = [kw + (50.0 if day == 12 else 0.0) for day in range(14) for kw in DAY]
    errors = like_day_errors_kw(lifted, HOUR)
    by_day = errors[-48:]
    assert by_day[3:24] == pytest.approx([0.0] * 21)  # from the fourth hour of the lifted day on
    assert by_day[0] == pytest.approx(50.0)  # before the window has seen it


def test_an_error_of_alternating_sign_is_found_in_full() -> None:
    # The load of each day is 20 kW above or below the others at one hour, in turn: the ten days before
    # average out, and the window does not see it.
    load = [
        kw + (20.0 * (-1) ** day if hour == 12 else 0.0) for day in range(30) for hour, kw in enumerate(DAY)
    ]
    noon = [error for n, error in enumerate(like_day_errors_kw(load[24 * 5 :], HOUR)) if abs(error) > 15.0]
    assert len(noon) >= 15
    assert all(abs(error) == pytest.approx(20.0, abs=5.0) for error in noon)


def test_hours_in_which_something_was_asked_do_not_count() -> None:
    load = DAY * 14
    event = range(12 * 24 + 17, 12 * 24 + 19)
    curtailed = [kw - 200.0 if n in event else kw for n, kw in enumerate(load)]
    touched = [n in event for n in range(len(load))]
    with_event, without = metering_error(curtailed, HOUR), metering_error(curtailed, HOUR, touched)
    assert with_event is not None
    assert without is not None
    assert with_event.error_kw > 5.0
    assert without.error_kw == pytest.approx(0.0, abs=1e-9)


def test_a_short_history_falls_back_on_neighbours() -> None:
    found = metering_error([100.0, 104.0] * 30, HOUR)
    assert found is not None
    assert found.error_kw == pytest.approx(math.sqrt(8.0))  # (4 kW)^2 / 2
    assert "one interval to the next" in found.source
    assert found.observation_count == 59


def test_too_little_is_not_known() -> None:
    assert metering_error([100.0] * 10, HOUR) is None
    assert metering_error([math.nan] * 500, HOUR) is None
    assert neighbour_error_kw([1.0, math.nan] * 40) is None


def test_bad_input_is_refused() -> None:
    with pytest.raises(InvalidInput, match="step"):
        metering_error(DAY, timedelta(hours=7))
    with pytest.raises(InvalidInput, match="touched"):
        metering_error(DAY, HOUR, [True])
