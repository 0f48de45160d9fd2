"""Forecasts as tables and pictures."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

from vpp.cli.charts.forecast_band import forecast_chart
from vpp.cli.connection import HubConnection
from vpp.cli.desk.forecast_span import covered_days, covered_span, kind_name
from vpp.cli.output import instant, last_part, make_table, power, to_json
from vpp.cli.wire_series import series_from_wire
from vpp.cli.wire_values import instant_from_wire, interval_to_wire
from vpp.foundation.interval import Interval
from vpp.v1 import baseline_pb2 as wire
from vpp.v1 import telemetry_pb2

HOUR = timedelta(hours=1)
BEFORE = timedelta(days=1)


def show_forecast_of(
    hub: HubConnection, forecast: wire.Forecast, plot: Path | None, *, as_json: bool
) -> None:
    """Print a site's forecast, and draw it where that is asked for."""
    title = f"Forecast of {last_part(forecast.site)}, {covered_days(forecast.p50)}"
    _draw(plot, title, (forecast.p10, forecast.p50, forecast.p90), (hub, forecast.site))
    if as_json:
        typer.echo(to_json(forecast))
        return
    table = _hourly(title, (forecast.p10, forecast.p50, forecast.p90))
    made = instant(instant_from_wire(forecast.create_time))
    table.caption = "\n".join([f"made {made}, {kind_name(forecast)}, {forecast.method}", *forecast.notes])
    Console().print(table)


def show_portfolio_forecast(forecast: wire.PortfolioForecast, plot: Path | None, *, as_json: bool) -> None:
    """Print what several sites are expected to use together, and draw it where that is asked for."""
    count = len(forecast.sites)
    title = f"{count} {'site' if count == 1 else 'sites'} together, {covered_days(forecast.p50)}"
    _draw(plot, title, (forecast.p10, forecast.p50, forecast.p90), None)
    if as_json:
        typer.echo(to_json(forecast))
        return
    table = _hourly(title, (forecast.p10, forecast.p50, forecast.p90))
    band = (
        f"band from {forecast.error_day_count} past days"
        if forecast.error_day_count
        else "too few past days for a band of the sum"
    )
    absent = ", ".join(last_part(each) for each in forecast.missing_sites)
    missing = [f"without a forecast: {absent}"] if absent else []
    table.caption = "\n".join([band, *missing, *forecast.notes])
    Console().print(table)


def _hourly(title: str, parts: Sequence[telemetry_pb2.PowerSeries]) -> Table:
    """Lay out the hourly means, a day in a screen."""
    table = make_table(
        title, "hour from", ">one in ten below", ">as likely above as below", ">one in ten above"
    )
    rows = zip(*(series_from_wire(part).resample("1h").mean().items() for part in parts), strict=True)
    for cells in rows:
        table.add_row(f"{cells[0][0]:%a %d %b %H:%M}Z", *(power(value) for _, value in cells))
    return table


def _draw(
    plot: Path | None,
    title: str,
    parts: tuple[telemetry_pb2.PowerSeries, telemetry_pb2.PowerSeries, telemetry_pb2.PowerSeries],
    metered: tuple[HubConnection, str] | None,
) -> None:
    if plot is None:
        return
    low, middle, high = (series_from_wire(part) for part in parts)
    metered_kw = None if metered is None else _metered(*metered, covered_span(parts[1]))
    chart = forecast_chart(title, (low, middle, high), metered_kw)
    try:
        plot.write_bytes(chart.png)
    except OSError as error:
        raise typer.BadParameter(f"--plot {plot} cannot be written: {error.strerror}") from None


def _metered(hub: HubConnection, site: str, covered: Interval) -> pd.Series | None:
    """Return the load of the day before the forecast and of what has passed of it, hourly."""
    start = (covered.start - BEFORE).replace(minute=0, second=0, microsecond=0)
    end = start + (covered.end - start) // HOUR * HOUR
    request = telemetry_pb2.QueryReadingsRequest(site=site, interval=interval_to_wire(Interval(start, end)))
    request.sample_interval.FromTimedelta(HOUR)
    answer = hub.call(hub.telemetry.QueryReadings, request)
    parts = [series_from_wire(part) for part in answer.power_series]
    if not parts:
        return None
    grid = pd.date_range(start, end, freq=HOUR, inclusive="left")
    return pd.Series(pd.concat(parts).reindex(grid))
