"""How far a site can move its consumption, either way, as far as its load is forecast."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from vpp.flexibility.sheddable_load import sheddable_load_kw
from vpp.foundation.direction import Direction
from vpp.portfolio.site import Site
from vpp.workflows.forecast_records import ForecastRecord
from vpp.workflows.forecasts_ahead import ForecastsAhead
from vpp.workflows.ports import UnitOfWork


def movable_of(  # noqa: PLR0913, PLR0917  whose load, which way, on which grid
    uow: UnitOfWork, site: Site, direction: Direction, start_at: datetime, step: timedelta, count: int
) -> tuple[float, ...] | None:
    """Return how far a site can move its consumption at most, by the newest forecast of each interval.

    Args:
        uow: Knows forecasts.
        site: The site.
        direction: Which way.
        start_at: Start of the first interval, UTC.
        step: Length of an interval.
        count: Number of intervals, N.

    Returns:
        As `movable_kw`.
    """
    return movable_kw(ForecastsAhead(uow, [site.site_id]), site, direction, start_at, step, count)


def movable_of_all(  # noqa: PLR0913, PLR0917  whose load, which way, on which grid
    uow: UnitOfWork,
    sites: Iterable[Site],
    direction: Direction,
    start_at: datetime,
    step: timedelta,
    count: int,
) -> dict[str, tuple[float, ...]]:
    """Return the same of many sites in few statements, by site id.

    Sites without a forecast are left out; upwards they are bounded by their connection alone, which is
    there whatever is known of their load.
    """
    known = {site.site_id: site for site in sites}
    ahead = ForecastsAhead(uow, known)
    room_kw = {
        site_id: movable_kw(ahead, known[site_id], direction, start_at, step, count)
        for site_id in sorted(known)
    }
    if direction is Direction.LOAD_UP:
        return {
            site_id: (known[site_id].import_limit_kw,) * count if values is None else values
            for site_id, values in room_kw.items()
        }
    return {site_id: values for site_id, values in room_kw.items() if values is not None}


def movable_kw(  # noqa: PLR0913, PLR0917  whose load, which way, on which grid
    ahead: ForecastsAhead,
    site: Site,
    direction: Direction,
    start_at: datetime,
    step: timedelta,
    count: int,
) -> tuple[float, ...] | None:
    """Return how far a site can move its consumption at most, kW.

    Downwards it is the load that is undercut in one case of ten, above the minimum load; upwards it is what
    the connection leaves above the load that is exceeded in one case of ten. An interval without a
    forecast is bounded by the connection alone.

    Args:
        ahead: Knows forecasts of the site.
        site: The site.
        direction: Which way.
        start_at: Start of the first interval, UTC.
        step: Length of an interval.
        count: Number of intervals, N.

    Returns:
        kW, 0 or more, shape (N,); None if no interval is forecast.
    """
    spans = [start_at + n * step for n in range(count)]
    forecasts = [ahead.covering(site.site_id, at) for at in spans]
    if all(forecast is None for forecast in forecasts):
        return None
    if direction is Direction.LOAD_DOWN:
        low_kw = [
            site.import_limit_kw if forecast is None else _lowest_load_kw(forecast, at, step)
            for forecast, at in zip(forecasts, spans, strict=True)
        ]
        return sheddable_load_kw(low_kw, site.minimum_load_kw)
    high_kw = [
        0.0 if forecast is None else _largest_load_kw(forecast, at, step)
        for forecast, at in zip(forecasts, spans, strict=True)
    ]
    return tuple(max(0.0, site.import_limit_kw - load_kw) for load_kw in high_kw)


def _lowest_load_kw(forecast: ForecastRecord, start: datetime, step: timedelta) -> float:
    first, after = _places(forecast, start, step)
    return min(forecast.p10_kw[first:after])


def _largest_load_kw(forecast: ForecastRecord, start: datetime, step: timedelta) -> float:
    first, after = _places(forecast, start, step)
    return max(forecast.p90_kw[first:after])


def _places(forecast: ForecastRecord, start: datetime, step: timedelta) -> tuple[int, int]:
    """Return the forecast's intervals that share an instant with one: the first, and the one after."""
    first = (start - forecast.horizon.start) // forecast.step
    after = -(-(start + step - forecast.horizon.start) // forecast.step)
    return first, after
