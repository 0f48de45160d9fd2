"""Files as analysts have them, with all that can be wrong in them."""

import gzip
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vpp.cli.baseline.meter_files import read_meter_files, read_readings
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.telemetry.edit_rules import EditRules
from vpp.telemetry.meter_format import MeterFormat, StampSide
from vpp.telemetry.reading_flag import ReadingFlag

SHARED = Path(os.environ.get("VPP_SHARED_DATA", Path(__file__).resolve().parents[4] / "shared" / "data"))
HEADER = "start_time,net_power_kw\n"


def write(folder: Path, text: str, name: str = "north.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_power_of_one_site_is_named_after_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + "2026-03-02T12:00Z,80\n2026-03-02T12:15Z,81.5\n", "north.wing.csv")
    [(name, load)] = read_meter_files([path], time_zone="Europe/London").items()
    assert (name, load.site, load.path) == ("north.wing", "north.wing", path)
    assert load.series.edited_kw.tolist() == [80.0, 81.5]
    assert load.calendar.time_zone == "Europe/London"


def test_energy_and_several_sites(tmp_path: Path) -> None:
    text = "site,start_time,energy_kwh,remark\nb,2026-03-02T12:00Z,20,\nb,2026-03-02T12:15Z,21,x\n"
    path = write(tmp_path, text + "a,2026-03-02T12:00+01:00,1,\na,2026-03-02T13:00+01:00,2,\n")
    loads = read_meter_files([path])
    assert list(loads) == ["a", "b"]
    assert loads["a"].series.raw_kw.tolist() == [1.0, 2.0]
    assert loads["b"].series.raw_kw.tolist() == [80.0, 84.0]


def test_a_compressed_file_and_a_parquet_file_say_the_same(tmp_path: Path) -> None:
    text = HEADER + "2026-03-02T12:00Z,80\n2026-03-02T12:15Z,81.5\n"
    packed = tmp_path / "packed.csv.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    table = pd.DataFrame(
        {
            "start_time": pd.date_range("2026-03-02T12:00Z", periods=2, freq="15min"),
            "net_power_kw": [80, 81.5],
        }
    )
    table.to_parquet(tmp_path / "table.parquet")
    loads = read_meter_files([packed, tmp_path / "table.parquet"])
    assert list(loads) == ["packed", "table"]
    pd.testing.assert_series_equal(loads["packed"].series.raw_kw, loads["table"].series.raw_kw)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", r"north\.csv: the file is empty"),
        (HEADER, r"north\.csv: the table has no readings"),
        (HEADER + "2026-03-02T12:00Z,80\n", "one reading, expected at least 2"),
        ("time,net_power_kw\n2026-03-02T12:00Z,80\n", "no columns named 'start_time'"),
        (
            "start_time,power\n2026-03-02T12:00Z,80\n",
            "columns are start_time, power; expected start_time and",
        ),
        ("start_time,net_power_kw,energy_kwh\n2026-03-02T12:00Z,80,20\n", "exactly one of net_power_kw and"),
        (
            HEADER + "2026-03-02T12:00Z,80\n2026-03-02T12:15,81\n",
            r"row 3, start_time: '2026-03-02T12:15', exp",
        ),
        (HEADER + "2026-03-02T12:00Z,80\nlater,81\n", r"row 3, start_time: 'later', expected an ISO 8601"),
        (
            HEADER + "2026-03-02T12:00Z,80\n2026-03-02T12:15Z,lots\n",
            r"row 3, net_power_kw: 'lots', expected a",
        ),
        (HEADER + "2026-03-02T12:00Z,80\n2026-03-02T22:00+09:00,1\n", "one time zone per site"),
        (HEADER + "2026-03-02T12:00Z,80\n\n2026-03-02T12:15Z,81\n", r"row 3, start_time"),
        ("site," + HEADER + "a,2026-03-02T12:00Z,1\n,2026-03-02T13:00Z,2\n", r"row 3, site: '', expected"),
        (HEADER + "1,2,3\n1\n", r"north\.csv"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(InvalidInput, match=expected) as raised:
        read_meter_files([write(tmp_path, text)])
    assert str(raised.value).startswith(str(tmp_path / "north.csv"))


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"none\.csv: no such file"):
        read_meter_files([tmp_path / "none.csv"])


def test_a_file_that_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "picture.csv").write_bytes(bytes(range(256)) * 4)
    (tmp_path / "picture.parquet").write_bytes(b"no parquet")
    with pytest.raises(InvalidInput, match=r"cannot be read .*expected a CSV file"):
        read_meter_files([tmp_path / "picture.csv"])
    with pytest.raises(InvalidInput, match=r"cannot be read .*expected a Parquet file"):
        read_meter_files([tmp_path / "picture.parquet"])


def test_the_same_site_twice(tmp_path: Path) -> None:
    text = HEADER + "2026-03-02T12:00Z,80\n2026-03-02T12:15Z,81\n"
    (tmp_path / "other").mkdir()
    paths = [write(tmp_path, text), write(tmp_path / "other", text)]
    with pytest.raises(InvalidInput, match="site 'north' is also in"):
        read_meter_files(paths)


def test_unsorted_repeated_negative_and_missing_are_named_and_kept(tmp_path: Path) -> None:
    rows = ["2026-03-02T13:00Z,4", "2026-03-02T12:00Z,-1", "2026-03-02T12:15Z,2", "2026-03-02T12:15Z,2"]
    [load] = read_meter_files([write(tmp_path, HEADER + "\n".join(rows))]).values()
    np.testing.assert_array_equal(load.series.raw_kw, [-1.0, 2.0, np.nan, np.nan, 4.0])
    np.testing.assert_allclose(load.series.edited_kw, [-1.0, 2.0, 8 / 3, 10 / 3, 4.0])
    assert load.series.notes == ("rows were out of order: sorted by time", "1 repeated readings dropped")
    assert load.series.counts() == {"missing": 2, "negative": 1, "linear": 2}


def test_nothing_but_empty_cells_is_a_site_without_readings(tmp_path: Path) -> None:
    [load] = read_meter_files([write(tmp_path, HEADER + "2026-03-02T12:00Z,\n2026-03-02T12:15Z,\n")]).values()
    assert load.series.edited_kw.isna().all()
    assert not any(verdict.is_sufficient for verdict in load.sufficiency)


def test_naive_stamps_are_read_in_a_stated_zone(tmp_path: Path) -> None:
    rows = "2026-10-25T00:00,1\n2026-10-25T01:00,2\n2026-10-25T01:00,3\n2026-10-25T02:00,4\n"
    [readings] = read_readings(write(tmp_path, HEADER + rows), naive_zone="Europe/London")
    assert readings.net_power_kw.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert readings.net_power_kw.index[0] == pd.Timestamp("2026-10-24T23:00Z")


def test_a_stated_zone_leaves_stamps_with_offset_alone(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + "2026-10-25T00:00Z,1\n2026-10-25T01:00Z,2\n")
    [readings] = read_readings(path, naive_zone="Asia/Tokyo")
    assert readings.net_power_kw.index[0] == pd.Timestamp("2026-10-25T00:00Z")


def test_a_skipped_local_time_names_file_and_row(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + "2026-03-29T00:30,1\n2026-03-29T01:30,2\n")
    with pytest.raises(InvalidInput, match=r"north\.csv: row 3, time: 2026-03-29 01:30:00 was skipped"):
        read_readings(path, naive_zone="Europe/London")


def test_one_naive_end_alone_tells_no_length(tmp_path: Path) -> None:
    options = MeterFormat(stamp=StampSide.END)
    with pytest.raises(InvalidInput, match="one stamp alone"):
        read_readings(
            write(tmp_path, HEADER + "2026-03-29T00:30,1\n"), naive_zone="UTC", meter_format=options
        )


def test_like_days_follow_the_calendar_and_skip_events(tmp_path: Path) -> None:
    # Weekdays run at 100 kW, weekends at 50, the holiday on Thursday at 50; Wednesday was curtailed.
    index = pd.date_range("2026-03-02T00:00Z", periods=24 * 14, freq="h")
    power = pd.Series(np.where(index.day_of_week < 5, 100.0, 50.0), index=index)
    power["2026-03-05"] = 50.0
    power["2026-03-04T09:00Z":"2026-03-04T17:00Z"] = 20.0  # type: ignore[misc]  # a slice of stamps
    power["2026-03-05T10:00Z":"2026-03-05T14:00Z"] = np.nan  # type: ignore[misc]  # a slice of stamps
    power["2026-03-10T10:00Z":"2026-03-10T14:00Z"] = np.nan  # type: ignore[misc]  # a slice of stamps
    table = pd.DataFrame({"start_time": index.strftime("%Y-%m-%dT%H:%MZ"), "net_power_kw": power.to_numpy()})
    path = tmp_path / "north.csv"
    table.to_csv(path, index=False)
    event = Interval(datetime(2026, 3, 4, 9, tzinfo=UTC), datetime(2026, 3, 4, 18, tzinfo=UTC))
    [load] = read_meter_files([path], extra_holidays=frozenset({date(2026, 3, 5)}), hidden=[event]).values()
    filled = load.series.edited_kw
    assert filled.loc["2026-03-05T12:00Z"] == pytest.approx(50.0)
    assert filled.loc["2026-03-10T12:00Z"] == pytest.approx(100.0)


def test_holidays_of_a_place_cover_the_years_of_the_readings(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + "2026-12-31T12:00Z,80\n2026-12-31T12:15Z,81\n")
    [load] = read_meter_files([path], time_zone="Europe/London", holidays="GB-ENG").values()
    assert {date(2025, 12, 25), date(2026, 4, 6), date(2027, 1, 1)} <= load.calendar.holidays


def test_rules_of_editing_can_be_chosen(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + "2026-03-02T12:00Z,80\n2026-03-02T12:15Z,0\n2026-03-02T12:30Z,82\n")
    [load] = read_meter_files([path], rules=EditRules(is_zero_missing=True)).values()
    assert load.series.edited_kw.tolist() == [80.0, 81.0, 82.0]


def test_a_register_of_a_chinese_meter(tmp_path: Path) -> None:
    text = "时间,有功电量\n2026-03-02T12:00+08:00,1.50\n2026-03-02T13:00+08:00,1.52\n"
    options = MeterFormat("有功电量", "万千瓦时", time_column="时间", is_register=True)
    [readings] = read_readings(write(tmp_path, text), meter_format=options)
    assert readings.net_power_kw.tolist() == [pytest.approx(200.0)]


def test_zone_load_as_published_hour_ending_local() -> None:
    path = SHARED / "meters" / "pjm_zone_load_hourly.parquet"
    if not path.exists():
        pytest.skip(f"no meter data in {SHARED}; VPP_SHARED_DATA names the folder that holds it")
    options = MeterFormat(
        "load_mw", "MW", time_column="hour_ending_local", site_column="zone", stamp=StampSide.END
    )
    [zone] = read_readings(path, naive_zone="America/New_York", meter_format=options)
    assert (zone.site, zone.step, len(zone.net_power_kw)) == ("DOM", timedelta(hours=1), 26_304)
    # The spring hour that the file lacks and the autumn hour that it has twice are neither gaps nor repeats.
    assert not zone.net_power_kw.isna().any()
    assert zone.notes == ()
    # Hour ending 02:00 on 2 November 2014, twice: 05:00 and 06:00 UTC.
    assert zone.net_power_kw.loc["2014-11-02T05:00Z"] == 8_562_000.0
    assert zone.net_power_kw.loc["2014-11-02T06:00Z"] == 8_555_000.0


def test_the_fleet_kind_of_file_is_usable_with_named_columns() -> None:
    path = SHARED / "fleet" / "fleet_load_15min.parquet"
    if not path.exists():
        pytest.skip(f"no fleet data in {SHARED}; VPP_SHARED_DATA names the folder that holds it")
    options = MeterFormat("facility_mw", "MW", time_column="start_utc", site_column="site_id")
    readings = read_readings(path, meter_format=options)
    assert len(readings) == 60
    assert {one.step for one in readings} == {timedelta(minutes=15)}
    assert not any(one.count(ReadingFlag.MISSING) for one in readings)
