from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from vpp.foundation.errors import InvalidInput
from vpp.telemetry.meter_format import MeterFormat, StampSide
from vpp.telemetry.meter_readings import MeterReadings
from vpp.telemetry.meter_table import read_meter_table
from vpp.telemetry.reading_flag import ReadingFlag

HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)
NOON = pd.Timestamp("2026-03-02T12:00Z")
NAN = np.nan


def table(minutes: list[int], values: list[float], column: str = "net_power_kw") -> pd.DataFrame:
    stamps = [(NOON + pd.Timedelta(minutes=at)).isoformat() for at in minutes]
    return pd.DataFrame({"start_time": stamps, column: values})


def read(frame: pd.DataFrame, options: MeterFormat | None = None) -> MeterReadings:
    [site] = read_meter_table(frame, options or MeterFormat())
    return site


def test_a_plain_table() -> None:
    site = read(table([0, 15, 30], [1.0, -2.0, 3.0]))
    assert site.net_power_kw.tolist() == [1.0, -2.0, 3.0]
    assert site.net_power_kw.index[0] == NOON
    assert (site.site, site.step, site.notes, site.bridges) == ("", QUARTER, (), ())
    assert site.flag.tolist() == [0, 0, 0]


def test_a_missing_row_and_an_empty_cell_are_the_same_gap() -> None:
    one, other = read(table([0, 15, 45], [1.0, 2.0, 4.0])), read(table([0, 15, 30, 45], [1.0, 2.0, NAN, 4.0]))
    np.testing.assert_array_equal(one.net_power_kw, [1.0, 2.0, NAN, 4.0])
    pd.testing.assert_series_equal(one.net_power_kw, other.net_power_kw)
    assert one.flag.tolist() == other.flag.tolist() == [0, 0, ReadingFlag.MISSING, 0]


def test_energy_of_an_interval_is_power_over_its_length() -> None:
    site = read(table([0, 15], [20.0, 21.0], "energy"), MeterFormat("energy", "MWh"))
    assert site.net_power_kw.tolist() == [80_000.0, 84_000.0]


def test_export_counted_positive_is_turned() -> None:
    site = read(table([0, 15], [20.0, -1.0]), MeterFormat(is_export_positive=True))
    assert site.net_power_kw.tolist() == [-20.0, 1.0]


def test_stamps_of_ends_move_by_one_interval() -> None:
    site = read(table([60, 120], [1.0, 2.0]), MeterFormat(stamp=StampSide.END))
    assert site.net_power_kw.index[0] == NOON


def test_unsorted_rows_are_sorted_and_it_is_said() -> None:
    site = read(table([30, 0, 15], [3.0, 1.0, 2.0]))
    assert site.net_power_kw.tolist() == [1.0, 2.0, 3.0]
    assert site.notes == ("rows were out of order: sorted by time",)


def test_repeats_are_dropped_and_it_is_said() -> None:
    site = read(table([0, 15, 15, 15], [1.0, 2.0, 2.0, NAN]))
    assert site.net_power_kw.tolist() == [1.0, 2.0]
    assert site.flag.tolist() == [0, 0]
    assert site.notes == ("2 repeated readings dropped",)


def test_an_empty_cell_gives_way_to_a_reading() -> None:
    assert read(table([0, 15, 15], [1.0, NAN, 2.0])).net_power_kw.tolist() == [1.0, 2.0]


def test_readings_that_differ_are_flagged_and_the_first_is_shown() -> None:
    site = read(table([0, 15, 15], [1.0, 2.0, 5.0]))
    assert site.net_power_kw.tolist() == [1.0, 2.0]
    assert site.flag.tolist() == [0, ReadingFlag.CONFLICT]
    assert site.notes == ("1 intervals with readings that differ: flagged",)
    assert site.count(ReadingFlag.CONFLICT) == 1


def test_sites_are_told_apart_and_come_by_name() -> None:
    frame = table([0, 0, 15, 60], [1.0, 10.0, 2.0, 20.0])
    frame["site"] = ["north", "east", "north", "east"]
    east, north = read_meter_table(frame, MeterFormat())
    assert (east.site, east.step, east.net_power_kw.tolist()) == ("east", HOUR, [10.0, 20.0])
    assert (north.site, north.step, north.net_power_kw.tolist()) == ("north", QUARTER, [1.0, 2.0])


def test_a_row_without_a_site_is_refused() -> None:
    frame = table([0, 15], [1.0, 2.0])
    frame["site"] = ["north", None]
    with pytest.raises(InvalidInput, match="row 2, site"):
        read_meter_table(frame, MeterFormat())


def test_all_empty_is_a_series_of_gaps() -> None:
    site = read(table([0, 15], [NAN, NAN]))
    assert site.net_power_kw.isna().all()
    assert site.count(ReadingFlag.MISSING) == 2


def test_an_empty_table_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no readings, expected at least one row"):
        read_meter_table(table([], []), MeterFormat())


def test_one_reading_does_not_tell_its_length() -> None:
    with pytest.raises(InvalidInput, match="one reading, expected at least 2, or a stated step"):
        read(table([0], [1.0]))
    assert read(table([0], [1.0]), MeterFormat(step=HOUR)).net_power_kw.tolist() == [1.0]


def test_several_steps_are_refused_unless_averaged() -> None:
    frame = table([0, 15, 30, 45, 50], [1.0, 1.0, 1.0, 1.0, 1.0])
    with pytest.raises(InvalidInput, match=r"row 5, time: .*12:50.*whole number of 0:15:00.*several steps"):
        read(frame)


def test_a_stated_step_decides() -> None:
    site = read(table([0, 60, 120], [1.0, 2.0, 3.0]), MeterFormat(step=timedelta(minutes=30)))
    np.testing.assert_array_equal(site.net_power_kw, [1.0, NAN, 2.0, NAN, 3.0])


def test_a_wrong_year_is_refused_before_it_fills_the_memory() -> None:
    frame = table([0, 1, 2], [1.0, 2.0, 1.0])
    frame.loc[2, "start_time"] = "2226-01-01T00:00Z"
    with pytest.raises(InvalidInput, match=r"row 3, time: '2226-01-01.*at most"):
        read(frame)


def test_clock_changes_of_one_place_are_no_mixture() -> None:
    frame = pd.DataFrame(
        {
            "start_time": ["2026-03-29T00:00+00:00", "2026-03-29T02:00+01:00", "2026-03-29T03:00+01:00"],
            "net_power_kw": [1.0, 2.0, 3.0],
        }
    )
    assert read(frame).net_power_kw.tolist() == [1.0, 2.0, 3.0]


def test_offsets_of_two_places_are_refused() -> None:
    stamps = ["2026-03-02T12:00+00:00", "2026-03-02T22:00+09:00"]
    frame = pd.DataFrame({"start_time": stamps, "net_power_kw": [1.0, 2.0]})
    with pytest.raises(InvalidInput, match=r"row 2, start_time: .*\+540 min.*one time zone per site"):
        read(frame)


def test_offsets_that_change_all_the_time_are_refused() -> None:
    stamps = [f"2026-03-02T{12 + n + n % 2:02d}:00+0{n % 2}:00" for n in range(8)]
    frame = pd.DataFrame({"start_time": stamps, "net_power_kw": range(8)})
    with pytest.raises(InvalidInput, match="one time zone per site"):
        read(frame)


def test_two_sites_may_have_two_offsets() -> None:
    frame = pd.DataFrame(
        {
            "site": ["london", "tokyo"] * 2,
            "start_time": [
                "2026-03-02T12:00Z",
                "2026-03-02T21:00+09:00",
                "2026-03-02T13:00Z",
                "2026-03-02T22:00+09:00",
            ],
            "net_power_kw": [1.0, 2.0, 3.0, 4.0],
        }
    )
    london, tokyo = read_meter_table(frame, MeterFormat())
    assert london.net_power_kw.index.equals(tokyo.net_power_kw.index)
