import math

import pytest

from vpp.flexibility.headroom_hours import headroom_by_hour, load_duration
from vpp.foundation.errors import InvalidInput


def test_the_room_of_each_hour_stands_by_itself() -> None:
    night, evening = [300.0 + n for n in range(11)], [800.0 + n for n in range(11)]
    hours = headroom_by_hour(1000.0, [*night, *evening], [3] * 11 + [18] * 11)
    assert [each.hour for each in hours] == [3, 18]
    assert (hours[0].firm_kw, hours[0].middle_kw, hours[0].high_kw) == (691.0, 695.0, 699.0)
    assert (hours[1].firm_kw, hours[1].reading_count) == (191.0, 11)


def test_gaps_are_no_readings() -> None:
    (hour,) = headroom_by_hour(100.0, [math.nan, 40.0], [5, 5])
    assert (hour.firm_kw, hour.reading_count) == (60.0, 1)
    assert headroom_by_hour(100.0, [math.nan], [5]) == ()


def test_a_load_above_its_limit_shows_as_less_than_no_room() -> None:
    assert headroom_by_hour(100.0, [130.0], [0])[0].firm_kw == -30.0


@pytest.mark.parametrize(("load", "hours"), [([1.0], []), ([1.0], [24]), ([1.0], [-1])])
def test_hours_that_are_none_are_refused(load: list[float], hours: list[int]) -> None:
    with pytest.raises(InvalidInput, match="hour"):
        headroom_by_hour(100.0, load, hours)


def test_the_curve_falls_from_the_highest_to_the_lowest_load() -> None:
    points = load_duration([5.0, math.nan, 1.0, 3.0, 2.0, 4.0], 5)
    assert [(point.share_ratio, point.load_kw) for point in points] == [
        (0.0, 5.0),
        (0.25, 4.0),
        (0.5, 3.0),
        (0.75, 2.0),
        (1.0, 1.0),
    ]
    assert load_duration([math.nan]) == ()
