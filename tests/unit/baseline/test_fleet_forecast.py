from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.fleet_forecast import forecast_fleet
from vpp.baseline.forecast import forecast_day_ahead
from vpp.baseline.forecast_request import ForecastRequest, PastErrors
from vpp.baseline.forecasting.mix import ForecastMix
from vpp.baseline.insufficient_history import InsufficientHistory
from vpp.baseline.load_forecast import LoadForecast
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular

HOUR, DAY, QUARTER = timedelta(hours=1), timedelta(days=1), timedelta(minutes=15)
SPRING, AUTUMN, SUMMER = date(2026, 3, 29), date(2026, 10, 25), date(2026, 6, 10)  # clocks, clocks, none
HOLIDAYS = frozenset({date(2026, 3, 25), date(2026, 10, 20), date(2026, 6, 8)})


def load_like(kind: str, index: pd.DatetimeIndex, rng: np.random.Generator) -> np.ndarray:
    hour, number = (index.hour + index.minute / 60).to_numpy(), np.arange(len(index))
    usual = 300 + 60 * np.sin(2 * np.pi * (hour - 9) / 24) - 50 * (index.day_of_week >= 5)
    return {
        "usual": usual + rng.normal(0, 4, len(index)) + np.cumsum(rng.normal(0, 0.5, len(index))),
        "exact week": usual,
        "square wave": np.where(number // 37 % 2, 400.0, 100.0),
        "constant": np.full(len(index), 7.0),
        "spike": 50.0 + 1e5 * (number == len(index) // 2),
        "export": usual - 330.0 + rng.normal(0, 4, len(index)),
        "new level": np.where(number > 0.7 * len(index), 200.0, 50.0) + rng.normal(0, 1, len(index)),
    }[kind]


def request(  # noqa: PLR0913  one argument per way in which sites differ
    kind: str = "usual",
    *,
    seed: int = 0,
    days: float = 60,
    day: date = SUMMER,
    zone: str = "Europe/London",
    step: timedelta = HOUR,
    missing: float = 0.0,
    scale: float = 1.0,
    late: timedelta = timedelta(0),
) -> ForecastRequest:
    midnight, after = (
        datetime.combine(at, time.min, ZoneInfo(zone)).astimezone(UTC) for at in (day, day + DAY)
    )
    count, rng = int(days * DAY / step), np.random.default_rng(seed)
    series_kw = regular(np.zeros(count), midnight - count * step, step)
    local = pd.DatetimeIndex(series_kw.index).tz_convert(zone)
    series_kw = series_kw + scale * load_like(kind, local, rng)
    series_kw[rng.random(count) < missing] = np.nan
    calendar = SiteCalendar(zone, HOLIDAYS)
    return ForecastRequest(f"{kind}-{seed}", series_kw, Interval(midnight + late, after + late), calendar)


def with_events(site: ForecastRequest) -> ForecastRequest:
    begins = [site.horizon.start - n * DAY + timedelta(hours=17) for n in range(1, 30, 2)]
    return replace(site, masked=[Interval(at, at + timedelta(hours=6)) for at in begins])


def with_more(site: ForecastRequest, *, temperature: bool = True, plan: bool = True) -> ForecastRequest:
    rng = np.random.default_rng(9)
    hours = pd.date_range(site.metered_kw.index[0], site.horizon.end + HOUR, freq="h", inclusive="left")
    temperature_c = pd.Series(
        12 + 8 * np.sin(np.arange(len(hours)) / 24) + rng.normal(0, 2, len(hours)), hours
    )
    plan_kw = pd.Series(300 + rng.normal(0, 20, len(hours)), hours).asfreq("h")
    return replace(
        site, temperature_c=temperature_c if temperature else None, plan_kw=plan_kw if plan else None
    )


def with_errors(site: ForecastRequest, count: int) -> ForecastRequest:
    length = int(site.horizon.duration / pd.Timedelta(site.metered_kw.index.freq))
    first = site.calendar.civil_date(site.horizon.start)
    days = tuple(first - n * DAY for n in range(count, 0, -1))
    errors_kw = np.random.default_rng(count).normal(1, 5, (count, length))
    return replace(site, past_errors=PastErrors(days, errors_kw))


KINDS = ["usual", "exact week", "square wave", "constant", "spike", "export", "new level"]
FLEET = [
    *(request(kind, seed=n, days=42) for n, kind in enumerate(KINDS)),
    *(with_errors(request(kind, seed=10 + n, missing=0.1), 42) for n, kind in enumerate(KINDS)),
    *(with_errors(request(seed=20 + n, scale=scale), 42) for n, scale in enumerate((1e-6, 1e6))),
    *(request(seed=30 + n, days=days) for n, days in enumerate((0.5, 3, 15, 21, 24.4, 27, 28, 40, 57.3, 98))),
    *(with_errors(request(seed=40, day=day), 42) for day in (SPRING, SPRING + DAY, AUTUMN, AUTUMN + DAY)),
    *(request(seed=50, day=day, step=QUARTER, days=23) for day in (SPRING, AUTUMN)),
    with_errors(request(seed=51, step=QUARTER), 42),
    request(seed=60, days=35, zone="Asia/Kathmandu", late=timedelta(hours=6)),
    request(seed=61, days=35, late=timedelta(days=3)),
    request(seed=62, late=timedelta(days=8)),
    with_events(request(seed=70, days=35)),
    with_events(request(seed=71, missing=0.05, days=35)),
    with_more(request(seed=80, days=35)),
    with_errors(with_more(request(seed=81, missing=0.1), plan=False), 42),
    with_errors(with_more(request(seed=82, days=98), temperature=False), 42),
    with_more(request(seed=83, days=4), temperature=False),
    with_errors(request(seed=90), 42),
    with_errors(request(seed=91), 10),
    with_errors(with_events(request(seed=92)), 42),
    replace(request(seed=93), metered_kw=request(seed=93).metered_kw * np.nan),
]

STEPS = {
    "class-profile",
    "constant",
    "fewer-members",
    "mean-load",
    "mean-of-members",
    "nominated-plan",
}


def alone(site: ForecastRequest, mix: ForecastMix) -> LoadForecast | InsufficientHistory:
    return forecast_day_ahead(
        site.metered_kw,
        site.horizon,
        time_zone=site.calendar.time_zone,
        holidays=site.calendar.holidays,
        masked=site.masked,
        temperature_c=site.temperature_c,
        plan_kw=site.plan_kw,
        past_errors=site.past_errors,
        mix=mix,
    )


def values(found: LoadForecast) -> np.ndarray:
    return np.array([found.p10_kw, found.p50_kw, found.p90_kw, found.point_kw])


@pytest.mark.parametrize("mix", ["mean", "robust"])
def test_a_fleet_is_forecast_as_each_site_alone_by_statsmodels(mix: ForecastMix) -> None:
    fleet = FLEET if mix == "mean" else FLEET[7::4]
    together = forecast_fleet(fleet, mix=mix)
    methods = set()
    for site, found in zip(fleet, together, strict=True):
        expected = alone(site, mix)
        if isinstance(found, InsufficientHistory):
            assert found == expected
            continue
        assert isinstance(expected, LoadForecast)
        assert (found.method, found.members, found.notes) == (
            expected.method,
            expected.members,
            expected.notes,
        )
        size_kw = np.nanmax(np.abs(site.metered_kw))
        np.testing.assert_allclose(
            values(found) / size_kw, values(expected) / size_kw, rtol=0, atol=1e-8, err_msg=site.site_id
        )
        assert np.isfinite(values(found)).all()
        methods.add(found.method)
    if mix == "mean":
        assert methods == STEPS


def test_the_order_and_company_of_sites_change_nothing() -> None:
    sites = FLEET[::3]
    order = np.random.default_rng(1).permutation(len(sites))[:8]
    together = forecast_fleet(sites, mix="fast")
    for number, found in zip(order, forecast_fleet([sites[n] for n in order], mix="fast"), strict=True):
        before = together[number]
        if isinstance(before, LoadForecast) and isinstance(found, LoadForecast):
            size_kw = np.nanmax(np.abs(sites[number].metered_kw))
            np.testing.assert_allclose(values(found), values(before), rtol=0, atol=1e-9 * size_kw)
        else:
            assert before == found


def test_more_sites_than_fit_at_once_come_back_in_order() -> None:
    site = request(days=3)
    sites = [replace(site, site_id=str(n), metered_kw=site.metered_kw * 0 + float(n + 1)) for n in range(450)]
    found = forecast_fleet(sites, mix="fast")
    assert [f.p50_kw.iloc[0] for f in found if isinstance(f, LoadForecast)] == [n + 1.0 for n in range(450)]


def test_no_site_is_no_forecast() -> None:
    assert forecast_fleet([]) == []


def test_what_lies_before_a_long_gap_is_left_out() -> None:
    site = request(days=97)
    gone = site.metered_kw.copy()
    gone.iloc[20 * 24 : 35 * 24] = np.nan
    other = gone.copy()
    other.iloc[: 20 * 24] += 500.0
    found = forecast_fleet([replace(site, metered_kw=series) for series in (gone, other)], mix="fast")
    points = [f.point_kw for f in found if isinstance(f, LoadForecast)]
    pd.testing.assert_series_equal(*points)
