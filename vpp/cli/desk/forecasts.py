"""`vpp operator forecasts`: what sites are expected to use, one by one and together."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

from vpp.cli.arguments import full_name, span, utc_instant
from vpp.cli.charts.forecast_band import forecast_chart
from vpp.cli.connection import HubConnection, connection_of, new_request_id
from vpp.cli.output import (
    AsJson,
    instant,
    last_part,
    make_table,
    power,
    power_range,
    show,
    state_name,
    to_json,
)
from vpp.cli.wire_values import instant_from_wire, instant_to_wire, interval_to_wire, series_from_wire
from vpp.foundation.interval import Interval
from vpp.v1 import baseline_pb2 as wire
from vpp.v1 import telemetry_pb2

forecasts_app = typer.Typer(no_args_is_help=True, help="See what sites are expected to use.")
SiteName = Annotated[str, typer.Argument(help="Site, as an id or sites/ID.", metavar="SITE")]
Kind = Annotated[str, typer.Option(help="Only forecasts of this kind: day_ahead, intraday or on_request.")]
Start = Annotated[str, typer.Option(help="Start of the span, UTC, such as 2026-11-24T17:00Z.")]
End = Annotated[str, typer.Option(help="End of the span, exclusive, UTC.")]
Plot = Annotated[Path | None, typer.Option(help="Draw it into this PNG file.", metavar="FILE.png")]
HOUR = timedelta(hours=1)
BEFORE = timedelta(days=1)
KINDS = ("day_ahead", "intraday", "on_request")


@forecasts_app.command("list")
def list_forecasts(
    context: typer.Context, *, name: SiteName, kind: Kind = "", as_json: AsJson = False
) -> None:
    """List a site's forecasts as they were made, the newest first."""
    request = wire.ListForecastsRequest(site=full_name("sites", name), kind=_kind(kind))
    hub = connection_of(context)
    forecasts = hub.every(hub.baseline.ListForecasts, request, "forecasts")
    table = make_table(
        f"Forecasts of {last_part(name)}", "made", "kind", "from", "to", ">forecast", ">80 % band", "method"
    )
    for forecast in forecasts:
        covered = _span(forecast.p50)
        table.add_row(
            instant(instant_from_wire(forecast.create_time)),
            _kind_name(forecast),
            instant(covered.start),
            instant(covered.end),
            power_range(forecast.p50.net_power_kw),
            power_range([*forecast.p10.net_power_kw, *forecast.p90.net_power_kw]),
            forecast.method,
        )
    show(as_json, forecasts, table)


@forecasts_app.command("show")
def show_forecast(  # noqa: PLR0913  one argument per option
    context: typer.Context,
    *,
    name: SiteName,
    at: Annotated[str, typer.Option(help="An instant that it covers, UTC; now if absent.")] = "",
    kind: Kind = "",
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:
    """Show a site's newest forecast that covers an instant."""
    request = wire.GetForecastRequest(site=full_name("sites", name), kind=_kind(kind))
    if at:
        request.covered_time.CopyFrom(instant_to_wire(utc_instant(at)))
    hub = connection_of(context)
    _show(hub, hub.call(hub.baseline.GetForecast, request), plot, as_json=as_json)


@forecasts_app.command("make")
def make_forecast(  # noqa: PLR0913  one argument per option
    context: typer.Context,
    *,
    name: SiteName,
    start: Start = "",
    end: End = "",
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:
    """Have the hub forecast a site now, with its latest readings: the next 24 hours, or a span."""
    request = wire.CreateForecastRequest(site=full_name("sites", name), request_id=new_request_id())
    wanted = _wanted(start, end)
    if wanted is not None:
        request.horizon_interval.CopyFrom(interval_to_wire(wanted))
    hub = connection_of(context)
    _show(hub, hub.call(hub.baseline.CreateForecast, request), plot, as_json=as_json)


@forecasts_app.command("portfolio")
def show_portfolio(  # noqa: PLR0913  one argument per option
    context: typer.Context,
    *,
    site: Annotated[list[str] | None, typer.Option(help="A site; may be given again.")] = None,
    zone: Annotated[str, typer.Option(help="Only sites of this zone.")] = "",
    start: Start = "",
    end: End = "",
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:
    """Show what several sites together are expected to use: tomorrow, or in a span."""
    names = [full_name("sites", one) for one in site or ()]
    request = wire.GetPortfolioForecastRequest(sites=names, zone=zone)
    wanted = _wanted(start, end)
    if wanted is not None:
        request.horizon_interval.CopyFrom(interval_to_wire(wanted))
    hub = connection_of(context)
    forecast = hub.call(hub.baseline.GetPortfolioForecast, request)
    count = len(forecast.sites)
    title = f"{count} {'site' if count == 1 else 'sites'} together, {_day(forecast.p50)}"
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


def _show(hub: HubConnection, forecast: wire.Forecast, plot: Path | None, *, as_json: bool) -> None:
    title = f"Forecast of {last_part(forecast.site)}, {_day(forecast.p50)}"
    _draw(plot, title, (forecast.p10, forecast.p50, forecast.p90), (hub, forecast.site))
    if as_json:
        typer.echo(to_json(forecast))
        return
    table = _hourly(title, (forecast.p10, forecast.p50, forecast.p90))
    made = instant(instant_from_wire(forecast.create_time))
    table.caption = "\n".join([f"made {made}, {_kind_name(forecast)}, {forecast.method}", *forecast.notes])
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
    metered_kw = None if metered is None else _metered(*metered, _span(parts[1]))
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


def _wanted(start: str, end: str) -> Interval | None:
    if bool(start) != bool(end):
        raise typer.BadParameter("--start and --end go together")
    return span(utc_instant(start), utc_instant(end)) if start else None


def _kind(text: str) -> wire.Forecast.Kind.ValueType:
    if text and text not in KINDS:
        raise typer.BadParameter(f"--kind {text!r} is none of {', '.join(KINDS)}")
    return wire.Forecast.Kind.Value(f"KIND_{text.upper() or 'UNSPECIFIED'}")


def _kind_name(forecast: wire.Forecast) -> str:
    return state_name(wire.Forecast.Kind, forecast.kind).removeprefix("KIND_").lower().replace("_", " ")


def _span(part: telemetry_pb2.PowerSeries) -> Interval:
    start = instant_from_wire(part.start_time)
    return Interval(start, start + len(part.net_power_kw) * part.sample_interval.ToTimedelta())


def _day(part: telemetry_pb2.PowerSeries) -> str:
    covered = _span(part)
    return f"{covered.start:%Y-%m-%d %H:%M} to {covered.end:%Y-%m-%d %H:%M} UTC"
