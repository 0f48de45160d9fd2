"""Scores of a plain rule on a fleet of compute centres, where that data is present.

The data is not part of the project. VPP_SHARED_DATA names the folder it lies in. Its description says how
far a plain mean of ten working days is off between 16:00 and 19:00 local time, by what the sites do.
"""

import os
from datetime import time, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.baseline_sites import x_of_y

from vpp.baseline.accuracy import mean_absolute_error_kw
from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.scoring.placebo_plan import PlaceboPlan, PlaceboWindow
from vpp.baseline.scoring.settlement_backtest import backtest_settlement
from vpp.baseline.site_meter import SiteMeter

DEFAULT_FOLDER = Path(__file__).resolve().parents[4] / "shared" / "data"
FLEET = Path(os.environ.get("VPP_SHARED_DATA", DEFAULT_FOLDER)) / "fleet"
TEN_OF_TEN = x_of_y(
    "ten-of-ten",
    days={"classes": [{"kinds": ["workday"], "average": 10, "candidates": 10}], "lookback_days": 60},
)
EVENING = PlaceboPlan(windows=(PlaceboWindow(time(16), timedelta(hours=3)),))
# Error as described, by class of workload; the description rounds and does not name its measure, so that
# two points either way are the same. Here it is the mean absolute error over the mean load.
EXPECTED = {
    "cloud_measured_power": 0.016,
    "colo_blend": 0.11,
    "hpc_batch": 0.13,
    "gpu_cluster": 0.19,
    "enterprise_vm": 0.20,
}


@pytest.fixture(scope="module")
def fleet() -> tuple[dict[str, SiteMeter], pd.Series]:
    """Hourly load of every site, and what it does."""
    if not (FLEET / "sites.csv").exists():
        pytest.skip(f"no fleet data in {FLEET}; VPP_SHARED_DATA names the folder that holds it")
    pytest.importorskip("pyarrow", reason="the fleet data is a parquet file")
    sites = pd.read_csv(FLEET / "sites.csv").set_index("site_id")
    load = pd.read_parquet(
        FLEET / "fleet_load_15min.parquet", columns=["site_id", "start_utc", "facility_mw"]
    )
    meters = {}
    for site_id, part in load.groupby("site_id"):
        hourly = part.set_index("start_utc").facility_mw.astype(float).resample("h").mean() * 1000.0
        meters[str(site_id)] = SiteMeter(hourly.asfreq("h"), SiteCalendar(sites.timezone[site_id]))
    return meters, sites.it_class


def test_one_rule_does_not_fit_all(fleet: tuple[dict[str, SiteMeter], pd.Series]) -> None:
    meters, classes = fleet
    result = backtest_settlement(meters, [TEN_OF_TEN], EVENING)
    errors: dict[str, list[float]] = {name: [] for name in EXPECTED}
    for series, part in result.intervals.groupby("series"):
        error = mean_absolute_error_kw(part["raw_kw"], part["actual_kw"]) / float(part["actual_kw"].mean())
        if classes[series] in errors:
            errors[classes[series]].append(error)
    found = {name: float(np.median(values)) for name, values in errors.items()}
    assert found == pytest.approx(EXPECTED, abs=0.02)
