"""What it is worth to price interval by interval, on published spot prices; and what it costs in time.

The work of a site is worth twice the year's mean price of power. In every hour a buyer pays each of a range
of prices once. Priced at the mean, the site sells below its cost in hours of cheap power, when curtailing
saves little, and stays away in hours of dear power, when it should sell.
"""

import os
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd
import pytest

from vpp.flexibility.civil_place import civil_place
from vpp.flexibility.interval_prices import reservation_prices_per_mwh
from vpp.flexibility.opportunity_cost import OpportunityCost
from vpp.flexibility.price_series import PriceSeries
from vpp.flexibility.site_prices import SitePrices
from vpp.flexibility.tariff_calendar import SpotPart, TariffCalendar
from vpp.flexibility.tariff_periods import ClockSpan, TariffPeriod

DEFAULT_FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data"
FILE = Path(os.environ.get("VPP_SHARED_DATA", DEFAULT_FOLDER)) / "prices" / "prices_hourly.parquet"
HOUR = timedelta(hours=1)
YEAR = datetime(2022, 2, 1, tzinfo=UTC), datetime(2023, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def spot() -> pd.DataFrame:
    if not FILE.exists():
        pytest.skip(f"no prices in {FILE}; VPP_SHARED_DATA names the folder that holds it")
    return pd.read_parquet(FILE)


def test_what_a_price_per_interval_is_worth(spot: pd.DataFrame) -> None:
    print(
        f"\n{'zone':12} {'mean':>8} {'below cost':>11} {'loss':>7} {'profit, flat':>13} {'by interval':>12}"
    )
    for zone in ("DE-LU", "GB", "US-TEX-ERCO", "JP-TK", "SG"):
        chosen = spot[(spot.zone == zone) & (spot.start_utc >= YEAR[0]) & (spot.start_utc < YEAR[1])]
        hourly = chosen.set_index("start_utc").price_per_mwh.astype(float).asfreq("h")
        known = tuple(None if np.isnan(each) else Decimal(repr(each)) / 1000 for each in hourly)
        series = PriceSeries(YEAR[0], HOUR, known)
        mean = Decimal(repr(float(hourly.mean()))) / 1000
        tariff = TariffCalendar("spot", "XXX", civil_place("UTC"), spot=SpotPart(series, mean))
        prices = SitePrices(tariff).prices_over(YEAR[0], HOUR, len(known))
        job = OpportunityCost(lost_value_per_kwh=2 * mean)
        asked = np.array([float(each) for each in reservation_prices_per_mwh(job, prices)])
        (flat,) = (float(each) for each in reservation_prices_per_mwh(job, [mean]))
        cost = np.array([1000 * float(job.at(price)) for price in prices])
        below = np.maximum(0.0, cost - flat)
        paid = np.linspace(0.0, 4000.0 * float(mean), 81)[:, None]  # per MWh, each once per hour
        profit = {
            name: float(np.mean(np.where(paid >= price, paid - cost, 0.0)))
            for name, price in (("flat", flat), ("interval", asked))
        }
        print(
            f"{zone:12} {1000 * float(mean):8.1f} {np.mean(below > 0):10.0%} {below.mean() / flat:7.1%}"
            f" {profit['flat']:13.1f} {profit['interval']:12.1f}"
        )


def test_what_a_calendar_costs_in_time() -> None:
    periods = tuple(
        TariffPeriod(f"h{hour}", Decimal(hour), clock=(ClockSpan(at(hour), at(hour + 1)),))
        for hour in range(24)
    )
    prices = SitePrices(TariffCalendar("hourly", "XXX", civil_place("Europe/London"), periods))
    start, step = datetime(2026, 6, 1, tzinfo=UTC), timedelta(minutes=15)
    prices.prices_over(start, step, 96)
    table = [Decimal(hour) for hour in range(24)]
    began = process_time()
    for _ in range(100):
        [table[(start + n * step).hour] for n in range(96)]
    floor_s, began = process_time() - began, process_time()
    for _ in range(100):
        prices.prices_over(start, step, 96)
    taken_s = process_time() - began
    print(f"\n96 intervals: {taken_s * 10:.2f} ms, {taken_s / floor_s:.0f} x a table without calendar")


def at(hour: int) -> time:
    return time(hour % 24)
