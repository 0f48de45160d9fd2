"""The series that baselines and forecasts are measured on: shared data where it is, and generated load.

VPP_SHARED_DATA names the folder of the shared data, which is not part of the project; without it only the
generated buildings are measured. A series' name begins with its kind.
"""

import os
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from benchmarks.support.generated_load import generated_load
from benchmarks.support.scale import IS_FULL
from pandas.tseries.frequencies import to_offset

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.local_stamps import utc_starts
from vpp.baseline.public_holidays import public_holidays
from vpp.baseline.site_meter import SiteMeter

SHARED = Path(os.environ.get("VPP_SHARED_DATA", Path(__file__).resolve().parents[4] / "shared" / "data"))
HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)
HOLIDAYS = {
    "Europe/London": "GB-ENG",
    "America/Chicago": "US",
    "Asia/Tokyo": "JP",
    "Asia/Singapore": "SG",
    "America/Los_Angeles": "US",
    "America/New_York": "US",
    "Asia/Seoul": "KR",
}
# Households are reported, and left out of the goals, which speak of commercial and compute load.
NOT_IN_GOALS = ("home",)
FLEET_SITES_QUICK = 16


def kind_of(series: str) -> str:
    """Return the kind that a series' name begins with."""
    return series.split("/", maxsplit=1)[0]


def panel(step: timedelta) -> dict[str, SiteMeter]:
    """Return every series at a step, by name."""
    meters = dict(_generated(step))
    if SHARED.is_dir():
        meters |= dict(_shared(step))
    return meters


def _shared(step: timedelta) -> Iterator[tuple[str, SiteMeter]]:
    yield from _fleet(step)
    yield "plant/steel", _steel(step)
    google = pd.read_parquet(SHARED / "compute" / "google_power_2019_15min.parquet")
    for domain, rows in google.groupby("domain", observed=True):
        load = pd.Series(1e4 * rows.measured_power_util.to_numpy(np.float64), index=rows.start_utc)
        yield f"measured compute/google {domain}", _meter(load, "America/Los_Angeles", step)
    usage = pd.read_parquet(SHARED / "compute" / "google2019_cluster_usage_5min.parquet")
    begin = pd.Timestamp("2019-05-01T00:00Z")  # its true start is not known
    stamps = begin + pd.to_timedelta(usage.t_s.to_numpy(np.float64).round(), unit="s")
    load = pd.Series(1e3 * usage.cpu_util.to_numpy(np.float64), index=pd.DatetimeIndex(stamps))
    yield "measured compute/cluster use", _meter(load, "UTC", step)
    if step == HOUR:
        yield from _hourly_only()


def _fleet(step: timedelta) -> Iterator[tuple[str, SiteMeter]]:
    sites = pd.read_csv(SHARED / "fleet" / "sites.csv").set_index("site_id")
    wanted = sites.index if IS_FULL else _spread(sites, FLEET_SITES_QUICK)
    table = pd.read_parquet(
        SHARED / "fleet" / "fleet_load_15min.parquet", columns=["site_id", "start_utc", "facility_mw"]
    )
    for site, rows in table[table.site_id.isin(list(wanted))].groupby("site_id", observed=True):
        load = pd.Series(1e3 * rows.facility_mw.to_numpy(np.float64), index=rows.start_utc)
        it_class = sites.it_class[site].replace("_", " ")
        yield f"fleet/{site} {it_class}", _meter(load, sites.timezone[site], step)


def _spread(sites: pd.DataFrame, count: int) -> pd.Index:
    """Return sites of every class, in turn."""
    turn = sites.groupby("it_class").cumcount()
    return sites.index[np.argsort(turn.to_numpy(), kind="stable")[:count]]


def _steel(step: timedelta) -> SiteMeter:
    table = pd.read_parquet(SHARED / "meters" / "steel_plant_kr_2018_15min.parquet")
    # The rows are in order, but the midnight that ends a day bears that day's date: only the order helps.
    begin = pd.Timestamp("2018-01-01", tz="Asia/Seoul").tz_convert("UTC")
    index = pd.date_range(begin, periods=len(table), freq="15min")
    load = pd.Series(4.0 * table.usage_kwh_15min.to_numpy(np.float64), index=index)
    return _meter(load, "Asia/Seoul", step)


def _hourly_only() -> Iterator[tuple[str, SiteMeter]]:
    zone = pd.read_parquet(SHARED / "meters" / "pjm_zone_load_hourly.parquet")
    stamps = pd.DatetimeIndex(zone.hour_ending_local).as_unit("us")
    starts = utc_starts(stamps, "America/New_York", end_step=HOUR)
    load = pd.Series(1e3 * zone.load_mw.to_numpy(np.float64), index=starts)
    yield "grid/pjm zone DOM", _meter(load["2015-06":"2016-07"], "America/New_York", HOUR)
    gpu = pd.read_parquet(SHARED / "compute" / "cornell_biohpc_gpu_hourly.parquet")
    servers = gpu.pivot_table(index="start_local", columns="server", values="gpu_power_avg_w", observed=True)
    servers = servers.resample("1h").mean().interpolate(limit=6)
    is_whole = servers.notna().all(axis=1)
    run = (~is_whole).cumsum()[is_whole]
    longest = servers[is_whole][run == run.value_counts().index[0]].sum(axis=1) / 1e3
    # Its clock's zone is not stated; taken as UTC, so that a day is a day of its clock.
    yield "measured compute/gpu servers", _meter(longest.tz_localize("UTC"), "UTC", HOUR, "US")
    homes = pd.read_parquet(SHARED / "meters" / "citylearn2022_homes_hourly.parquet")
    by_home = homes.sort_values("hour_index").pivot_table(
        index="hour_index", columns="building", values="load_kwh", observed=True
    )
    days = pd.date_range("2016-08-01T00:00Z", periods=len(by_home), freq="h")  # its calendar is not stated
    by_home.index = days
    for home in by_home.columns:
        yield f"home/{home}", _meter(by_home[home], "UTC", HOUR)
    yield "home/sum", _meter(by_home.sum(axis=1), "UTC", HOUR)


def _generated(step: timedelta) -> Iterator[tuple[str, SiteMeter]]:
    first, days, per_day = date(2025, 3, 3), 150, timedelta(days=1) // step
    holidays = public_holidays("JP", [2025])
    for seed in (11, 12) if IS_FULL else (11,):
        for name, load_kw in generated_load(days, per_day, first, holidays, seed).items():
            begin = pd.Timestamp(first, tz="Asia/Tokyo").tz_convert("UTC")
            index = pd.date_range(begin, periods=len(load_kw), freq=pd.Timedelta(step))
            yield f"generated/{name}", _meter(pd.Series(load_kw, index=index), "Asia/Tokyo", step)


def _meter(load_kw: pd.Series, zone: str, step: timedelta, holidays: str | None = None) -> SiteMeter:
    """Lay a series of the step or finer on its grid; an incomplete interval is a gap."""
    load_kw.index = pd.DatetimeIndex(load_kw.index).as_unit("us")
    finest = load_kw.index.to_series().diff().min()
    grouped = load_kw.groupby(load_kw.index.floor(pd.Timedelta(step)))
    regular = grouped.mean().where(grouped.count() == round(pd.Timedelta(step) / finest))
    regular = regular.asfreq(to_offset(pd.Timedelta(step)))
    regular.index.name = None
    code = holidays or HOLIDAYS.get(zone)
    years = range(regular.index[0].year, regular.index[-1].year + 2)
    listed = public_holidays(code, years) if code else frozenset()
    return SiteMeter(net_power_kw=regular.rename(None), calendar=SiteCalendar(zone, listed))
