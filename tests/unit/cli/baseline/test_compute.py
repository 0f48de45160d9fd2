import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.plant_meter import EVENT, plant_load, write_meter

Run = Callable[..., str]
TRIFLE = 2e-3  # the breath of a watt that keeps the meter from looking stuck


def rows_of(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, parse_dates=["start_time", "end_time"], keep_default_na=False, na_values=[""])


def test_the_intervals_carry_every_step_from_raw_to_reduction(run: Run, meter: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    run("compute", "--method", "high-4-of-5", "--meter", meter, "--event", EVENT, "--out", out)
    rows = rows_of(out)
    assert list(rows.columns) == [
        *("site", "start_time", "end_time", "baseline_raw_kw", "adjustment_kw", "baseline_kw", "metered_kw"),
        *("reduction_kw", "reduction_kwh", "quality", "flag", "reason", "method", "unverified", "notes"),
    ]
    assert rows["start_time"].tolist() == [
        pd.Timestamp("2026-01-29T17:00Z"),
        pd.Timestamp("2026-01-29T18:00Z"),
    ]
    assert (rows["end_time"] - rows["start_time"] == pd.Timedelta(hours=1)).all()
    for column, expected in {
        "baseline_raw_kw": 100.0,
        "adjustment_kw": 10.0,
        "baseline_kw": 110.0,
        "metered_kw": 60.0,
        "reduction_kw": 50.0,
        "reduction_kwh": 50.0,
    }.items():
        assert rows[column].tolist() == pytest.approx([expected, expected], abs=TRIFLE), column
    assert set(rows["quality"]) == {"ok"}
    assert set(rows["method"]) == {"high-4-of-5"}
    assert set(rows["unverified"]) == {"no"}


def test_the_summary_adds_up_and_can_be_derived_again(run: Run, meter: Path, tmp_path: Path) -> None:
    arguments = ("--meter", meter, "--event", EVENT, "--notice", "2026-01-29T17:00+01:00")
    text = run("compute", "--method", "high-4-of-5", *arguments, "--out", tmp_path / "out.csv", "--json")
    summary = json.loads(text)
    [site] = summary["sites"]
    assert site["reduction_kwh"] == pytest.approx(100.0, abs=TRIFLE)
    assert site["baseline_kwh"] == pytest.approx(220.0, abs=TRIFLE)
    assert site["days_used"] == ["2026-01-28", "2026-01-27", "2026-01-26", "2026-01-23"]
    assert (site["adjusted"], site["capped"]) == (True, False)
    assert summary["total"]["reduction_kwh"] == site["reduction_kwh"]
    assert summary["notice_time"] == "2026-01-29T16:00:00+00:00"
    assert summary["warning"] is None
    assert len(site["data_version"]) == len(summary["rule"]["digest"]) == 64


@pytest.mark.parametrize(
    ("load_kw", "direction", "kinds"),
    [
        (50.0, "load_down", set()),
        (50.0, "load_up", {"lowered_load"}),
        (150.0, "load_down", {"raised_load"}),
        (150.0, "load_up", set()),
    ],
)
def test_what_looks_odd_depends_on_which_way_the_event_asks(
    run: Run, tmp_path: Path, load_kw: float, direction: str, kinds: set[str]
) -> None:
    load = plant_load()
    load["2026-01-29T13:00Z":"2026-01-29T16:00Z"] = load_kw
    meter = write_meter(tmp_path / "odd.csv", {"plant": load})
    arguments = ("--meter", meter, "--event", EVENT, "--out", tmp_path / "out.csv", "--json")
    text = run("compute", "--method", "high-4-of-5", *arguments, "--direction", direction)
    assert {flag["kind"] for flag in json.loads(text)["sites"][0]["gaming_flags"]} == kinds


def test_past_events_leave_the_days_they_touch(run: Run, meter: Path, tmp_path: Path) -> None:
    events = tmp_path / "events.csv"
    events.write_text("start_time,end_time\n2026-01-28T17:00Z,2026-01-28T18:00Z\n")
    text = run(
        *("compute", "--method", "high-4-of-5", "--meter", meter, "--event", EVENT),
        *("--past-events", events, "--exclude", "2026-01-26", "--out", tmp_path / "out.csv", "--json"),
    )
    assert json.loads(text)["sites"][0]["days_used"] == [
        "2026-01-27",
        "2026-01-23",
        "2026-01-22",
        "2026-01-21",
    ]


def test_values_nobody_checked_are_named_in_every_output(run: Run, meter: Path, tmp_path: Path) -> None:
    out, plot = tmp_path / "out.csv", tmp_path / "out.png"
    arguments = ("--method", "pjm-economic", "--meter", meter, "--event", EVENT, "--out", out)
    text = run("compute", *arguments, "--plot", plot)
    assert "unverified: " in text
    assert "of pjm-economic, checked against no source" in text
    rows = rows_of(out)
    assert set(rows["unverified"]) == {"yes"}
    assert rows["notes"].str.contains("unverified values of the rule").all()
    assert plot.read_bytes().startswith(b"\x89PNG")
    summary = json.loads(run("compute", *arguments, "--json"))
    assert summary["warning"].startswith("unverified: ")
    assert summary["rule"]["unverified"]


def test_an_estimated_reading_proves_no_reduction(run: Run, tmp_path: Path) -> None:
    load_kw = plant_load()
    load_kw["2026-01-29T18:00Z"] = np.nan
    meter, out = write_meter(tmp_path / "meter.csv", {"plant": load_kw}), tmp_path / "out.csv"
    arguments = ("--meter", meter, "--event", EVENT, "--out", out)
    summary = json.loads(run("compute", "--method", "high-4-of-5", *arguments, "--json"))
    rows = rows_of(out)
    assert rows["quality"].tolist() == ["ok", "estimated"]
    assert rows["reduction_kwh"].tolist() == pytest.approx([50.0, 0.0], abs=TRIFLE)
    assert "missing" in rows["reason"][1]
    [site] = summary["sites"]
    assert site["event_intervals"] == {"count": 2, "ok": 1, "estimated": 1, "missing": 0, "bad": 0}
    assert site["reduction_kwh"] == pytest.approx(50.0, abs=TRIFLE)


def test_what_a_battery_exports_is_no_reduction(run: Run, tmp_path: Path) -> None:
    # In the event the load of 60 kW takes 60 of the battery's 200 kW; 140 kW are exported. Its usual output
    # is nothing. Load: 110 - 60 = 50 kW less; battery: 60 kW that served load.
    load_kw, output_kw = plant_load(), plant_load() * 0.0
    output_kw[pd.Timestamp("2026-01-29T17:00Z") : pd.Timestamp("2026-01-29T18:00Z")] = 200.0
    meter = write_meter(tmp_path / "net.csv", {"plant": load_kw - output_kw})
    device = write_meter(tmp_path / "battery.csv", {"plant": output_kw})
    out = tmp_path / "out.csv"
    run(
        "compute",
        "--method",
        "caiso-mgo",
        "--meter",
        meter,
        "--device",
        device,
        "--event",
        EVENT,
        "--out",
        out,
    )
    rows = rows_of(out)
    assert rows["metered_kw"].tolist() == pytest.approx([-140.0] * 2, abs=TRIFLE)
    assert rows["reduction_kw"].tolist() == pytest.approx([110.0] * 2, abs=TRIFLE)


def test_an_event_that_is_not_metered_yet_has_a_baseline_and_no_reduction(run: Run, tmp_path: Path) -> None:
    meter = write_meter(tmp_path / "meter.csv", {"plant": plant_load()[:"2026-01-29T15:00Z"]})
    out = tmp_path / "out.csv"
    text = run("compute", "--method", "high-4-of-5", "--meter", meter, "--event", EVENT, "--out", out)
    rows = rows_of(out)
    assert rows["baseline_kw"].tolist() == pytest.approx([110.0, 110.0], abs=TRIFLE)
    assert rows[["metered_kw", "reduction_kw", "reduction_kwh"]].isna().all(axis=None)
    assert set(rows["quality"]) == {"missing"}
    assert "the event is not metered" in text


def test_sites_keep_their_own_time_and_are_added_up(run: Run, tmp_path: Path) -> None:
    meter = write_meter(tmp_path / "meter.csv", {"north": plant_load(), "south": 2 * plant_load()})
    sites = tmp_path / "sites.csv"
    sites.write_text("site,time_zone,holidays\nsouth,Asia/Tokyo,JP\n")
    text = run(
        *("compute", "--method", "high-4-of-5", "--meter", meter, "--sites", sites, "--event", EVENT),
        *("--out", tmp_path / "out.csv", "--plot", tmp_path / "out.png", "--json"),
    )
    summary = json.loads(text)
    assert [site["time_zone"] for site in summary["sites"]] == ["UTC", "Asia/Tokyo"]
    # In Tokyo the event is on Friday 30 January, from 02:00: its eve is the last day before it.
    assert summary["sites"][1]["days_used"][0] == "2026-01-29"
    expected = sum(site["reduction_kwh"] for site in summary["sites"])
    assert summary["total"]["reduction_kwh"] == pytest.approx(expected)
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")


def test_too_little_history_is_an_answer_with_its_reason(run: Run, tmp_path: Path) -> None:
    meter = write_meter(tmp_path / "meter.csv", {"plant": plant_load()["2026-01-29":]})
    out = tmp_path / "out.csv"
    arguments = ("--meter", meter, "--event", EVENT, "--out", out, "--plot", tmp_path / "out.png")
    text = run("compute", "--method", "high-4-of-5", *arguments, code=1)
    assert "no baseline: 0 days like 2026-01-29" in text
    rows = rows_of(out)
    assert rows["baseline_kw"].isna().all()
    assert rows["notes"].str.startswith("no baseline: 0 days like").all()
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"--method": "high-4-of-6"}, "no baseline rule is named 'high-4-of-6'; did you mean high-4-of-5"),
        (
            {"--event": "2026-01-28T17:00Z/2026-01-29T19:00Z"},
            "expected at most one day; split it by civil day",
        ),
        ({"--event": "2026-01-29T17:10Z/2026-01-29T18:10Z"}, "off the metering grid"),
        ({"--meter": "absent.csv"}, "--meter absent.csv does not exist"),
        ({"--site": "north"}, "--site north is in no meter file; there are plant"),
        ({"--holidays": "XX"}, "holidays are 'XX', expected an ISO 3166 country"),
        ({"--time-zone": "Mars"}, "time_zone is 'Mars', expected an IANA name"),
        ({"--notice": "2026-01-29T18:00Z"}, "notice_at is 2026-01-29T18:00:00"),
        ({"--rules": "absent"}, "--rules absent is no folder"),
    ],
)
def test_what_cannot_be_is_one_line_and_writes_nothing(
    run: Run, meter: Path, tmp_path: Path, changed: dict[str, str], complaint: str
) -> None:
    out = tmp_path / "out.csv"
    options = {
        "--method": "high-4-of-5",
        "--meter": str(meter),
        "--event": EVENT,
        "--out": str(out),
    } | changed
    error = run("compute", *(word for option in options.items() for word in option), code=3)
    assert complaint in error
    assert error.count("\n") == 1
    assert not out.exists()


def test_a_slip_in_an_option_is_a_wrong_command_line(run: Run, meter: Path, tmp_path: Path) -> None:
    arguments = ("--method", "high-4-of-5", "--meter", meter, "--out", tmp_path / "out.csv")
    error = run("compute", *arguments, "--event", "2026-01-29T17:00/2026-01-29T19:00", code=2)
    assert "has no offset" in error


def test_a_result_never_replaces_what_it_was_made_from(run: Run, meter: Path) -> None:
    before = meter.read_bytes()
    arguments = ("--method", "high-4-of-5", "--meter", meter, "--event", EVENT, "--out", meter)
    assert "is also --meter" in run("compute", *arguments, code=3)
    assert meter.read_bytes() == before
