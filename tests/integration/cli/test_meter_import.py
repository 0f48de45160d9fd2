"""`vpp settle meter`: files of revenue meters, read on this machine and kept by a real hub."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import grpc
import numpy as np
import pandas as pd
import pytest
from support.hub_command import Command, command_of
from support.market import NOON, make_market
from support.serving import Served, served

from vpp.cli.exit_codes import ExitCode
from vpp.cli.settle.meter_file import read_meter_file
from vpp.foundation.errors import InvalidInput
from vpp.telemetry.meter_format import MeterFormat, StampSide
from vpp.telemetry.quality import MeterQuality

OK, ESTIMATED, MISSING, BAD = (
    MeterQuality.OK,
    MeterQuality.ESTIMATED,
    MeterQuality.MISSING,
    MeterQuality.BAD,
)
START = NOON.replace(hour=0) - timedelta(hours=2)  # the sites' own readings end at midnight
QUARTERS = [START + n * timedelta(minutes=15) for n in range(8)]


def write(folder: Path, rows: list[str], header: str = "start_time,net_power_kw") -> Path:
    path = folder / "march.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def rows(values: list[object], extra: str = "") -> list[str]:
    return [f"{at.isoformat()},{value}{extra}" for at, value in zip(QUARTERS, values, strict=False)]


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Served]:
    market = make_market(tmp_path)
    market.enrol("a", days=1)
    market.enrol("b", days=1)
    async with served(market, tmp_path) as serving:
        yield serving


@pytest.fixture
def meter(hub: Served, tmp_path: Path) -> Command:
    return command_of(hub, tmp_path, "settle", "meter")


async def test_a_file_is_kept_told_and_listed(meter: Command, tmp_path: Path) -> None:
    path = write(tmp_path, [*rows([990.0, 991.5, "", 992.0]), *rows([990.0])])

    found = await meter("meter-data", "import", path, "--site", "a", "--period", "2026-03", "--json")
    again = await meter("meter-data", "import", path, "--site", "a")
    listed = await meter("auditor", "list", "--site", "sites/a", "--json")

    assert found.exit_code == 0, found.output
    answer = json.loads(found.stdout)
    assert (answer["new"], answer["reading_import"]["version_number"]) == (True, 1)
    assert answer["reading_import"]["reading_count"] == 3
    assert answer["notes"][0].startswith("1 of 4 intervals are missing, the first at 2026-03-03T22:30")
    assert "Nothing new" in again.stdout
    assert "1 repeated readings dropped" in again.stdout
    [one] = json.loads(listed.stdout)
    assert (one["source_name"], one["imported_by"]) == ("march.csv", "meter-data")


async def test_a_device_is_a_resource_of_the_site(meter: Command, tmp_path: Path) -> None:
    path = write(tmp_path, rows([-50.0, 50.0]))
    assert (await meter("meter-data", "import", path, "--site", "a", "--device", "battery")).exit_code == 0
    missing = await meter("meter-data", "import", path, "--site", "a", "--device", "turbine")
    assert "sites/a/resources/turbine does not exist" in str(missing.exception)
    listed = await meter("meter-data", "list", "--site", "a")
    assert "battery" in listed.stdout


async def test_readings_far_from_the_site_s_own_need_a_word(meter: Command, tmp_path: Path) -> None:
    path = write(tmp_path, rows([250.0] * 4))
    refused = await meter("meter-data", "import", path, "--site", "a")
    assert "expected within a factor of 2" in str(refused.exception)
    accepted = await meter("meter-data", "import", path, "--site", "a", "--accept-difference")
    assert accepted.exit_code == 0


async def test_readings_of_another_month_are_refused(meter: Command, tmp_path: Path) -> None:
    path = write(tmp_path, rows([990.0] * 2))
    refused = await meter("meter-data", "import", path, "--site", "a", "--period", "2026-02")
    assert refused.exit_code == ExitCode.USAGE
    assert "expected 2026-02 at the site" in " ".join(refused.stderr.split())
    listed = await meter("meter-data", "list", "--site", "a", "--json")
    assert json.loads(listed.stdout) == []


@pytest.mark.parametrize("caller", ["settlement", "operator", "auditor", "owner-a", "agent-a"])
async def test_only_who_answers_for_meter_data_brings_them_in(
    meter: Command, tmp_path: Path, caller: str
) -> None:
    refused = await meter(caller, "import", write(tmp_path, rows([990.0] * 2)), "--site", "a")
    assert isinstance(refused.exception, grpc.RpcError)
    assert refused.exception.code() is grpc.StatusCode.PERMISSION_DENIED
    listed = await meter("meter-data", "list", "--site", "a", "--json")
    assert json.loads(listed.stdout) == []


def test_a_file_says_how_far_its_readings_can_be_trusted(tmp_path: Path) -> None:
    lines = [
        f"{at.isoformat()},{value},{quality}"
        for at, value, quality in zip(
            QUARTERS, [90, 91, "", 93, 94], ["A", "E", "A", "bad", ""], strict=False
        )
    ]
    found = read_meter_file(write(tmp_path, lines, "start_time,net_power_kw,quality"), "a")
    assert found.quality.tolist() == [OK, ESTIMATED, MISSING, BAD, OK]
    np.testing.assert_array_equal(found.power_kw, [90.0, 91.0, np.nan, 93.0, 94.0])
    assert (found.start_at, found.end_at) == (START, QUARTERS[5])


def test_an_hour_that_is_given_twice_is_dropped_or_bad(tmp_path: Path) -> None:
    found = read_meter_file(write(tmp_path, [*rows([90, 91, 92]), *rows([90, 95])]), "a")
    assert found.quality.tolist() == [OK, BAD, OK]
    assert found.notes == (
        "rows were out of order: sorted by time",
        "1 repeated readings dropped",
        "1 intervals with readings that differ: flagged",
    )


def test_intervals_that_are_stamped_at_their_end_lie_before_the_stamp(tmp_path: Path) -> None:
    path = write(tmp_path, rows([22.5, 22.5]), "at,kwh")
    options = MeterFormat("kwh", "kWh", time_column="at", stamp=StampSide.END)
    found = read_meter_file(path, "a", meter_format=options)
    assert found.start_at == START - timedelta(minutes=15)
    assert found.power_kw.tolist() == [90.0, 90.0]


def test_wall_times_of_a_day_of_25_hours_are_told_apart(tmp_path: Path) -> None:
    wall = ["2025-10-26T00:00", "2025-10-26T01:00", "2025-10-26T01:00", "2025-10-26T02:00"]
    path = write(tmp_path, [f"{at},{n}" for n, at in enumerate(wall)])
    found = read_meter_file(path, "a", naive_zone="Europe/London")
    assert found.power_kw.tolist() == [0.0, 1.0, 2.0, 3.0]
    assert found.end_at - found.start_at == timedelta(hours=4)
    assert found.quality.tolist() == [OK] * 4


def test_a_parquet_file_is_read_as_well(tmp_path: Path) -> None:
    path = tmp_path / "march.parquet"
    frame = pd.DataFrame({"start_time": pd.DatetimeIndex(QUARTERS), "energy_kwh": [25.0] * 8, "site": "a"})
    frame.to_parquet(path)
    assert read_meter_file(path, "a").power_kw.tolist() == [100.0] * 8


@pytest.mark.parametrize(
    ("lines", "header", "message"),
    [
        (
            rows([90, 91], ",north-2"),
            "start_time,net_power_kw,site",
            "row 2, site: 'north-2', expected 'a'",
        ),
        (
            [*rows([90], ",a"), *rows([90, 91], ",=HYPERLINK(1)")[1:]],
            "start_time,net_power_kw,site",
            r"row 3, site: '=HYPERLINK\(1\)', expected 'a'",
        ),
        (
            rows([90, 91], ",north-2"),
            "start_time,net_power_kw,Site ID",
            "row 2, Site ID: 'north-2', expected 'a'",
        ),
        (rows([90, "much"]), "start_time,net_power_kw", "row 3, net_power_kw: 'much', expected a finite"),
        (rows([90, "inf"]), "start_time,net_power_kw", "row 3, net_power_kw: 'inf', expected a finite"),
        (rows([90, 91], ",fine"), "start_time,net_power_kw,quality", "row 2, quality: 'fine', expected ok"),
        (["2026-03-03 22:00,90", "2026-03-03 22:15,91"], "start_time,net_power_kw", "row 2, start_time"),
        (rows([90, 91]), "start_time,power", "expected start_time and exactly one of net_power_kw"),
        ([], "start_time,net_power_kw", "expected at least one row"),
        ([*rows([90] * 4), "2026-03-03T22:50+00:00,3"], "start_time,net_power_kw", "row 6"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, lines: list[str], header: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message) as refused:
        read_meter_file(write(tmp_path, lines, header), "a")
    assert str(refused.value).startswith(str(tmp_path / "march.csv"))


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [("A", "bad", BAD), ("bad", "A", BAD), ("A", "E", ESTIMATED), ("E", "A", ESTIMATED)],
)
def test_of_equal_repeats_the_worst_word_counts(
    tmp_path: Path, first: str, second: str, expected: MeterQuality
) -> None:
    lines = [*rows([90.0], f",{first}"), *rows([90.0, 91.0], f",{second}")]
    found = read_meter_file(write(tmp_path, lines, "start_time,net_power_kw,quality"), "a")
    assert found.power_kw.tolist() == [90.0, 91.0]
    assert found.quality[0] == expected
    assert found.notes == ("1 repeated readings dropped",)


def test_a_word_for_a_gap_says_nothing_of_the_reading_beside_it(tmp_path: Path) -> None:
    lines = [*rows(["-"], ",bad"), *rows([90.0, 91.0], ",A")]
    found = read_meter_file(write(tmp_path, lines, "start_time,net_power_kw,quality"), "a")
    assert found.quality.tolist() == [OK, OK]


def test_columns_that_are_not_read_are_told(tmp_path: Path) -> None:
    path = write(tmp_path, rows([90.0, 91.0], ",a,m-7"), "start_time,net_power_kw,siteId,meter_id")
    assert read_meter_file(path, "a").notes == ("columns not read: meter_id",)


async def test_a_file_of_too_many_stretches_is_refused_before_it_is_sent(
    meter: Command, tmp_path: Path
) -> None:
    at = [START - timedelta(minutes=n) for n in range(4100, 0, -1)]
    lines = [f"{one.isoformat()},990,{'AE'[n % 2]}" for n, one in enumerate(at)]
    refused = await meter(
        "meter-data", "import", write(tmp_path, lines, "start_time,net_power_kw,quality"), "--site", "a"
    )
    assert refused.exit_code == ExitCode.USAGE
    assert "4100 stretches" in " ".join(refused.stderr.split())


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"none\.csv: no such file"):
        read_meter_file(tmp_path / "none.csv", "a")
