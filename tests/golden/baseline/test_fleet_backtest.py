"""Forecasts against the load of a fleet of compute centres, where that data is present.

The data is not part of the project. VPP_SHARED_DATA names the folder it lies in. No site of it was
ever curtailed, so its load is the exact counterfactual.
"""

import os
import zoneinfo
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vpp.baseline.accuracy import coverage_ratio, mean_absolute_error_kw
from vpp.baseline.forecast import forecast_day_ahead
from vpp.baseline.load_forecast import LoadForecast
from vpp.foundation.interval import Interval

DEFAULT_FOLDER = Path(__file__).resolve().parents[4] / "shared" / "data"
FLEET = Path(os.environ.get("VPP_SHARED_DATA", DEFAULT_FOLDER)) / "fleet"
QUARTER, DAY = timedelta(minutes=15), timedelta(days=1)
TEST_DAYS = [date(2023, 1, 11), date(2023, 1, 20), date(2023, 1, 28)]  # Wednesday, Friday, Saturday
HOLIDAYS = {"Europe/London": frozenset({date(2022, 12, 26), date(2022, 12, 27), date(2023, 1, 2)})}
SITES_PER_REGION = 3


@pytest.fixture(scope="module")
def fleet_kw() -> dict[str, tuple[str, pd.Series]]:
    """Time zone and load of the first sites of each region that were metered from the start."""
    if not (FLEET / "sites.csv").exists():
        pytest.skip(f"no fleet data in {FLEET}; VPP_SHARED_DATA names the folder that holds it")
    pytest.importorskip("pyarrow", reason="the fleet data is a parquet file")
    sites = pd.read_csv(FLEET / "sites.csv", parse_dates=["data_start_utc"])
    early = sites[sites.data_start_utc < pd.Timestamp("2022-12-07", tz="UTC")]
    chosen = early.groupby("region").head(SITES_PER_REGION).set_index("site_id").timezone
    load = pd.read_parquet(
        FLEET / "fleet_load_15min.parquet",
        columns=["site_id", "start_utc", "facility_mw"],
        filters=[("site_id", "in", list(chosen.index))],
    )
    return {
        site: (
            zone,
            (load[load.site_id == site].set_index("start_utc").facility_mw * 1000.0)
            .astype(float)
            .asfreq("15min"),
        )
        for site, zone in chosen.items()
    }


def civil_day(day: date, zone: str) -> Interval:
    bounds = [
        datetime.combine(at, time.min, zoneinfo.ZoneInfo(zone)).astimezone(UTC) for at in (day, day + DAY)
    ]
    return Interval(bounds[0], bounds[1])


def test_the_forecast_beats_last_week_and_keeps_its_band(fleet_kw: dict[str, tuple[str, pd.Series]]) -> None:
    relative, coverage = [], []
    for zone, load_kw in fleet_kw.values():
        error_kw = naive_kw = 0.0
        for day in TEST_DAYS:
            horizon = civil_day(day, zone)
            found = forecast_day_ahead(
                load_kw[horizon.start - 28 * DAY : horizon.start - QUARTER],
                horizon,
                time_zone=zone,
                holidays=HOLIDAYS.get(zone, frozenset()),
                masked=(),
            )
            assert isinstance(found, LoadForecast)
            assert found.method == "mean-of-members"
            actual_kw = load_kw[horizon.start : horizon.end - QUARTER]
            last_week_kw = load_kw[horizon.start - 7 * DAY : horizon.end - 7 * DAY - QUARTER]
            error_kw += mean_absolute_error_kw(found.p50_kw, actual_kw)
            naive_kw += mean_absolute_error_kw(last_week_kw.to_numpy(), actual_kw)
            coverage.append(coverage_ratio(found.p10_kw, found.p90_kw, actual_kw))
        relative.append(error_kw / naive_kw)
    assert len(relative) >= 9
    assert np.mean(relative) < 0.8
    assert 0.65 < np.mean(coverage) < 0.93
