"""Stamps of a local clock, with the two ways in which ends are published around a clock change.

New York: clocks go from 02:00 to 03:00 on 9 March 2014 and from 02:00 back to 01:00 on 2 November 2014;
London: from 01:00 to 02:00 on 29 March 2026 and from 02:00 back to 01:00 on 25 October 2026.
"""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from vpp.baseline.local_stamps import utc_starts
from vpp.foundation.errors import InvalidInput

HOUR = timedelta(hours=1)


def wall(day: str, *hours: str) -> pd.DatetimeIndex:
    return pd.DatetimeIndex([f"{day} {hour}" for hour in hours])


def consecutive(first: str, count: int) -> list[pd.Timestamp]:
    return list(pd.date_range(first, periods=count, freq="h"))


def test_an_ordinary_day() -> None:
    starts = utc_starts(wall("2026-07-01", "00:00", "01:00"), "Europe/London")
    assert list(starts) == consecutive("2026-06-30T23:00Z", 2)


def test_starts_around_both_changes() -> None:
    spring = utc_starts(wall("2026-03-29", "00:00", "02:00", "03:00"), "Europe/London")
    assert list(spring) == consecutive("2026-03-29T00:00Z", 3)
    autumn = utc_starts(wall("2026-10-25", "00:00", "01:00", "01:00", "02:00"), "Europe/London")
    assert list(autumn) == consecutive("2026-10-24T23:00Z", 4)


def test_quarters_that_occur_twice_are_told_apart_by_their_order() -> None:
    hours = ["01:00", "01:15", "01:30", "01:45"]
    starts = utc_starts(wall("2026-10-25", *hours, *hours), "Europe/London")
    assert list(starts) == list(pd.date_range("2026-10-25T00:00Z", periods=8, freq="15min"))


def test_an_hour_published_once_is_its_first_occurrence() -> None:
    starts = utc_starts(wall("2026-10-25", "00:00", "01:00", "02:00"), "Europe/London")
    assert [at.hour for at in starts] == [23, 0, 2]


def test_hour_ending_as_markets_publish_it() -> None:
    spring = utc_starts(
        wall("2014-03-09", "01:00", "02:00", "04:00", "05:00"), "America/New_York", end_step=HOUR
    )
    assert list(spring) == consecutive("2014-03-09T05:00Z", 4)
    autumn = utc_starts(
        wall("2014-11-02", "01:00", "02:00", "02:00", "03:00"), "America/New_York", end_step=HOUR
    )
    assert list(autumn) == consecutive("2014-11-02T04:00Z", 4)


def test_ends_as_the_clock_shows_them() -> None:
    spring = utc_starts(
        wall("2014-03-09", "01:00", "03:00", "04:00", "05:00"), "America/New_York", end_step=HOUR
    )
    assert list(spring) == consecutive("2014-03-09T05:00Z", 4)
    autumn = utc_starts(
        wall("2014-11-02", "01:00", "01:00", "02:00", "03:00"), "America/New_York", end_step=HOUR
    )
    assert list(autumn) == consecutive("2014-11-02T04:00Z", 4)


def test_a_whole_year_of_hour_ending_stamps_is_without_gaps() -> None:
    instants = pd.date_range("2014-01-01T05:00Z", periods=8760, freq="h")
    hour_ending = instants.tz_convert("America/New_York").tz_localize(None) + HOUR
    starts = utc_starts(hour_ending, "America/New_York", end_step=HOUR)
    assert starts.equals(instants.as_unit("us"))


def test_sites_do_not_take_each_others_hours() -> None:
    stamps = wall("2026-10-25", "01:00", "01:00", "01:00", "01:00")
    starts = utc_starts(stamps, "Europe/London", sites=np.array([0, 1, 0, 1]))
    assert [at.hour for at in starts] == [0, 0, 1, 1]


def test_a_time_that_the_clock_skipped_names_its_row() -> None:
    with pytest.raises(InvalidInput, match=r"row 3, time: 2026-03-29 01:30:00 was skipped by the clock of E"):
        utc_starts(wall("2026-03-29", "00:30", "01:30"), "Europe/London", first_row=2)


def test_ends_that_neither_way_explains_are_refused() -> None:
    stamps = wall("2014-03-09", "02:00", "03:00", "04:00")
    with pytest.raises(InvalidInput, match="was skipped"):
        utc_starts(stamps, "America/New_York", end_step=HOUR)


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(InvalidInput, match="expected an IANA name"):
        utc_starts(wall("2026-07-01", "00:00"), "Europe/Londinium")
