"""A published large-power tariff (PNM 4B, New Mexico) as a calendar, where the data is present.

The data is not part of the project. VPP_SHARED_DATA names the folder it lies in. The reference prices every
quarter of an hour of a year by its own local time, from the rows themselves.
"""

import csv
import os
import zoneinfo
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from vpp.flexibility.civil_place import civil_place
from vpp.flexibility.site_prices import SitePrices
from vpp.flexibility.tariff_calendar import TariffCalendar
from vpp.flexibility.tariff_periods import ClockSpan, TariffPeriod
from vpp.portfolio.day_kind import DayKind

DEFAULT_FOLDER = Path(__file__).resolve().parents[4] / "shared" / "data"
FILE = Path(os.environ.get("VPP_SHARED_DATA", DEFAULT_FOLDER)) / "tariffs" / "pnm_4b_large_power_tou.csv"
ZONE = "America/Denver"
KINDS = {
    "0-4": frozenset({DayKind.WORKDAY}),
    # it lists no holidays, so that none occurs; a calendar wants a price for them all the same
    "5-6": frozenset({DayKind.SATURDAY, DayKind.SUNDAY, DayKind.HOLIDAY}),
}
QUARTER = timedelta(minutes=15)


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    if not FILE.exists():
        pytest.skip(f"no tariff data in {FILE}; VPP_SHARED_DATA names the folder that holds it")
    with FILE.open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["type"] == "energy"]


def test_a_year_of_quarter_hours_is_priced_as_published(rows: list[dict[str, str]]) -> None:
    prices = SitePrices(TariffCalendar("pnm-4b", "USD", civil_place(ZONE), tuple(map(period, rows))))
    start = datetime(2026, 1, 1, 7, tzinfo=UTC)  # midnight in New Mexico
    count = 365 * 96
    found = prices.prices_over(start, QUARTER, count)
    zone = zoneinfo.ZoneInfo(ZONE)
    for n in range(0, count, 7):  # 7 shares no factor with a day's 96 quarters: every one comes up
        local = (start + n * QUARTER).astimezone(zone)
        assert [found[n]] == [Decimal(row["charge (metric)"]) for row in rows if holds(row, local)]


def period(row: dict[str, str]) -> TariffPeriod:
    first, end = (time(int(row[bound]) % 24) for bound in ("hour_start", "hour_end"))
    return TariffPeriod(
        name=f"{row['month_start']}-{row['month_end']} {first}",
        price_per_kwh=Decimal(row["charge (metric)"]),
        months=frozenset(range(int(row["month_start"]), int(row["month_end"]) + 1)),
        day_kinds=KINDS[f"{row['weekday_start']}-{row['weekday_end']}"],
        clock=() if first == end else (ClockSpan(first, end),),
    )


def holds(row: dict[str, str], local: datetime) -> bool:
    return (
        int(row["month_start"]) <= local.month <= int(row["month_end"])
        and int(row["hour_start"]) <= local.hour < int(row["hour_end"])
        and int(row["weekday_start"]) <= local.weekday() <= int(row["weekday_end"])
    )
