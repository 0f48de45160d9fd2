"""`vpp operator forecasts`: what sites are expected to use, one by one and together."""

from pathlib import Path
from typing import Annotated

import typer

from vpp.cli.arguments import full_name, span, utc_instant
from vpp.cli.connection import connection_of, new_request_id
from vpp.cli.desk.forecast_span import covered_span, kind_name
from vpp.cli.output import (
    AsJson,
    instant,
    last_part,
    make_table,
    power_range,
    show,
)
from vpp.cli.wire_values import instant_from_wire, instant_to_wire, interval_to_wire
from vpp.foundation.interval import Interval
from vpp.v1 import baseline_pb2 as wire

forecasts_app = typer.Typer(no_args_is_help=True, help="See what sites are expected to use.")
SiteName = Annotated[str, typer.Argument(help="Site, as an id or sites/ID.", metavar="SITE")]
Kind = Annotated[str, typer.Option(help="Only forecasts of this kind: day_ahead, intraday or on_request.")]
Start = Annotated[str, typer.Option(help="Start of the span, UTC, such as 2026-11-24T17:00Z.")]
End = Annotated[str, typer.Option(help="End of the span, exclusive, UTC.")]
Plot = Annotated[Path | None, typer.Option(help="Draw it into this PNG file.", metavar="FILE.png")]
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
        covered = covered_span(forecast.p50)
        table.add_row(
            instant(instant_from_wire(forecast.create_time)),
            kind_name(forecast),
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
    forecast = hub.call(hub.baseline.GetForecast, request)
    from vpp.cli.desk.forecast_views import show_forecast_of  # noqa: PLC0415  pandas loads slowly

    show_forecast_of(hub, forecast, plot, as_json=as_json)


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
    forecast = hub.call(hub.baseline.CreateForecast, request)
    from vpp.cli.desk.forecast_views import show_forecast_of  # noqa: PLC0415  pandas loads slowly

    show_forecast_of(hub, forecast, plot, as_json=as_json)


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
    from vpp.cli.desk.forecast_views import show_portfolio_forecast  # noqa: PLC0415  pandas loads slowly

    show_portfolio_forecast(forecast, plot, as_json=as_json)


def _wanted(start: str, end: str) -> Interval | None:
    if bool(start) != bool(end):
        raise typer.BadParameter("--start and --end go together")
    return span(utc_instant(start), utc_instant(end)) if start else None


def _kind(text: str) -> wire.Forecast.Kind.ValueType:
    if text and text not in KINDS:
        raise typer.BadParameter(f"--kind {text!r} is none of {', '.join(KINDS)}")
    return wire.Forecast.Kind.Value(f"KIND_{text.upper() or 'UNSPECIFIED'}")
