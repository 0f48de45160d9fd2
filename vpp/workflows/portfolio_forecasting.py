"""What several sites together are expected to use."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import numpy as np

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.earlier_days import LONGEST_DAYS, Ints, LoadStretch, earlier_days, since_epoch
from vpp.baseline.forecast_request import Floats
from vpp.baseline.portfolio_forecast import PortfolioForecast, PortfolioPart, sum_forecasts
from vpp.foundation.errors import InvalidInput, NotFound
from vpp.foundation.interval import Interval
from vpp.foundation.series import on_grid, resample_mean_kw, starts
from vpp.portfolio.site import Site
from vpp.workflows.civil_time import site_calendar
from vpp.workflows.forecast_inputs import forecast_step
from vpp.workflows.forecast_records import ForecastErrorRecord, ForecastKind, ForecastRecord
from vpp.workflows.identity import Principal
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.ports import UnitOfWork, UnitOfWorkFactory
from vpp.workflows.viewing import visible_site
from vpp.workflows.visibility import MAX_PAGE_SIZE, seen_sites

ONE_DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
LONGEST_HORIZON = timedelta(days=2)
MOST_SITES = 1000
Record = TypeVar("Record", ForecastRecord, ForecastErrorRecord)


@dataclass(frozen=True, slots=True)
class PortfolioView:
    """What sites together are expected to use.

    Attributes:
        forecast: The sum with its band.
        missing_sites: Sites that were asked for and have no day-ahead forecast of the whole span.
        made_at: When the oldest of the sites' forecasts was made.
    """

    forecast: PortfolioForecast
    missing_sites: tuple[str, ...]
    made_at: datetime


def get_portfolio_forecast(  # noqa: PLR0913  one argument per field of the request
    units: UnitOfWorkFactory,
    principal: Principal,
    rules: MarketRules,
    *,
    site_ids: Sequence[str] = (),
    zone: str = "",
    horizon: Interval | None = None,
) -> PortfolioView:
    """Return what several sites together are expected to use, from their day-ahead forecasts.

    The band comes from what the forecasts of all sites together were wrong by on each of the past
    days, so that errors which cancel are not counted twice and errors which go together are.

    Args:
        units: Makes the transaction.
        principal: Who asks.
        rules: The hub's rules.
        site_ids: The sites; empty for all that the caller may see.
        zone: Only sites of this zone; empty for every zone.
        horizon: The span, at most two days on the sites' grid; None for tomorrow in the first site's
            civil time, or today while tomorrow is not forecast.

    Raises:
        NotFound: There is no such site that the caller may see, or none has a forecast of the span.
        InvalidInput: The span is too long or off the grid, or there are too many sites.
    """
    with units(write=False) as uow:
        sites = _sites(uow, principal, site_ids, zone)
        calendar = site_calendar(sites[0], rules, uow.now)
        span = horizon or _latest_day(uow, sites[0], calendar)
        step = _common_step(sites)
        _check_span(span, step)
        names = [site.site_id for site in sites]
        forecasts = _by_site(uow.forecasts.overlapping(names, ForecastKind.DAY_AHEAD, span))
        past = Interval(span.start - timedelta(days=LONGEST_DAYS + 2), span.start)
        errors = _by_site(uow.forecasts.errors(names, ForecastKind.DAY_AHEAD, past))
    grid = np.array([since_epoch(at) for at in starts(span, step)], dtype=np.int64)
    earlier = earlier_days(calendar, span, step)
    parts, missing = [], []
    for site_id in names:
        point_kw, p10_kw, p50_kw, p90_kw = (
            _laid(forecasts.get(site_id, []), value_of, step, grid)
            for value_of in (_centre_kw, _p10_kw, _p50_kw, _p90_kw)
        )
        if any(np.isnan(row_kw).any() for row_kw in (point_kw, p10_kw, p50_kw, p90_kw)):
            missing.append(site_id)
            continue
        error_kw = _laid(errors.get(site_id, []), _error_kw, step, earlier.starts)
        parts.append(PortfolioPart(site_id, point_kw, p10_kw, p50_kw, p90_kw, error_kw))
    if not parts:
        raise NotFound(
            f"none of {len(names)} sites has a day-ahead forecast of {span.start.isoformat()} to "
            f"{span.end.isoformat()}",
            start_time=span.start.isoformat(),
        )
    summed = sum_forecasts(parts, earlier, span.start, step)
    made_at = min(record.made_at for part in parts for record in forecasts[part.site_id])
    return PortfolioView(summed, tuple(missing), made_at)


def _centre_kw(record: ForecastRecord) -> tuple[float, ...]:
    return record.centre_kw


def _p10_kw(record: ForecastRecord) -> tuple[float, ...]:
    return record.p10_kw


def _p50_kw(record: ForecastRecord) -> tuple[float, ...]:
    return record.p50_kw


def _p90_kw(record: ForecastRecord) -> tuple[float, ...]:
    return record.p90_kw


def _error_kw(record: ForecastErrorRecord) -> tuple[float, ...]:
    return record.error_kw


def _laid(
    records: Sequence[Record], value_of: Callable[[Record], tuple[float, ...]], step: timedelta, grid: Ints
) -> Floats:
    """Lay records of one site on a grid, kW, NaN where there is none; the newest made holds."""
    stretches = []
    for record in records:
        series_kw = record.series(value_of(record))
        if record.step != step:
            series_kw = resample_mean_kw(series_kw, step)
        values_kw = series_kw.to_numpy(dtype=np.float64)
        if len(values_kw):
            stretches.append(LoadStretch(series_kw.index[0].to_pydatetime(), step, values_kw))
    joined = LoadStretch.joined(stretches, step)
    return np.full(grid.shape, np.nan) if joined is None else joined.at(grid)


def _latest_day(uow: UnitOfWork, site: Site, calendar: SiteCalendar) -> Interval:
    """Return tomorrow if the site's forecast of it is made, else today."""
    today = calendar.civil_date(uow.now)
    tomorrow = calendar.day(today + ONE_DAY)
    is_made = uow.forecasts.is_made(site.site_id, ForecastKind.DAY_AHEAD, tomorrow.start)
    return tomorrow if is_made else calendar.day(today)


def _sites(uow: UnitOfWork, principal: Principal, site_ids: Sequence[str], zone: str) -> list[Site]:
    """Return the sites that are meant, by id."""
    if site_ids:
        found = [visible_site(uow, principal, site_id).value for site_id in sorted(set(site_ids))]
    else:
        found, after = [], ""
        is_seen = seen_sites(uow, principal)
        where = {"zone": zone} if zone else None
        while batch := uow.sites.page(after=after, limit=MAX_PAGE_SIZE, where=where):
            after = batch[-1].value.site_id
            found += [stored.value for stored in batch if is_seen(stored.value.site_id)]
    chosen = [site for site in found if zone in {"", site.zone}]
    if not chosen:
        raise NotFound(f"you may see no site of zone {zone}" if zone else "you may see no site", zone=zone)
    if len(chosen) > MOST_SITES:
        raise InvalidInput(
            f"there are {len(chosen)} sites, expected at most {MOST_SITES}; name a zone or the sites",
            sites=str(len(chosen)),
        )
    return chosen


def _common_step(sites: Sequence[Site]) -> timedelta:
    """Return an interval that is a whole multiple of every site's."""
    steps = {forecast_step(site.metering_interval) for site in sites}
    longest = max(steps)
    return longest if all(not longest % step for step in steps) else HOUR


def _check_span(span: Interval, step: timedelta) -> None:
    is_on_grid = on_grid(span.start, step) and not span.duration % step
    if not is_on_grid or span.duration > LONGEST_HORIZON:
        raise InvalidInput(
            f"horizon_interval is {span.start.isoformat()} to {span.end.isoformat()}, expected at most "
            f"{LONGEST_HORIZON} with bounds on the grid of {step}",
            horizon_interval=str(span.duration),
        )


def _by_site(records: Sequence[Record]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record.site_id, []).append(record)
    return found
