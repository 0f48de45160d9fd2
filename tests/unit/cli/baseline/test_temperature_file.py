from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vpp.cli.baseline.temperature_file import read_temperatures
from vpp.foundation.errors import InvalidInput


def written(folder: Path, rows: list[str], header: str = "start_time,temperature_c") -> Path:
    path = folder / "temperature.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def test_rows_in_any_order_become_one_regular_series(tmp_path: Path) -> None:
    rows = ["2026-01-19T02:00Z,4.0", "2026-01-19T00:00Z,1.0", "2026-01-19T02:00+01:00,3.0"]
    series = read_temperatures(written(tmp_path, rows))[""]
    assert series.tolist() == [1.0, 3.0, 4.0]
    assert pd.DatetimeIndex(series.index).freq == pd.Timedelta(hours=1)


def test_six_hours_are_bridged_by_a_line_and_seven_are_not(tmp_path: Path) -> None:
    rows = [f"2026-01-19T{hour:02}:00Z,{hour}" for hour in (0, 1, 2, 8, 9, 10, 17, 18, 19)]
    series = read_temperatures(written(tmp_path, rows))[""]
    assert series.iloc[:11].tolist() == [float(hour) for hour in range(11)]
    assert np.isnan(series.iloc[11:17]).all()
    assert series.iloc[17:].tolist() == [17.0, 18.0, 19.0]


def test_an_empty_cell_is_a_gap(tmp_path: Path) -> None:
    rows = ["2026-01-19T00:00Z,1.0", "2026-01-19T01:00Z,", "2026-01-19T02:00Z,3.0"]
    assert read_temperatures(written(tmp_path, rows))[""].tolist() == [1.0, 2.0, 3.0]


def test_places_are_told_apart(tmp_path: Path) -> None:
    rows = [
        f"2026-01-19T0{hour}:00Z,{hour * sign},{site}"
        for hour in (0, 1)
        for site, sign in (("a", 1), ("b", -1))
    ]
    found = read_temperatures(written(tmp_path, rows, "start_time,temperature_c,site"))
    assert {site: series.tolist() for site, series in found.items()} == {"a": [0.0, 1.0], "b": [0.0, -1.0]}


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([], "has no rows below its header"),
        (["2026-01-19T00:00Z,1.0"], "a single temperature"),
        (["2026-01-19T00:00,1.0", "2026-01-19T01:00,1.0"], "row 2, start_time"),
        (["2026-01-19T00:00Z,cold", "2026-01-19T01:00Z,1.0"], "row 2, temperature_c: 'cold'"),
        (
            ["2026-01-19T00:00Z,1.0", "2026-01-19T01:00Z,280"],
            "row 3, temperature_c: 280, expected degrees Cel",
        ),
        (
            ["2026-01-19T00:00Z,1.0", "2026-01-19T00:00Z,2.0", "2026-01-19T01:00Z,2.0"],
            "two temperatures for 2026-01-19T00:00:00",
        ),
    ],
)
def test_a_wrong_file_is_named_with_row_and_column(tmp_path: Path, rows: list[str], complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        read_temperatures(written(tmp_path, rows))
