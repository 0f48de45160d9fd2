"""`vpp settle meter`: bring in what revenue meters showed, and see what was brought in."""

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from vpp.cli.arguments import full_name
from vpp.cli.baseline.options import Column, NaiveZone, Stamp, Unit, meter_format
from vpp.cli.connection import HubConnection, connection_of
from vpp.cli.output import AsJson, fields_table, instant, last_part, make_table, show, to_json
from vpp.cli.settle.choices import period_option
from vpp.cli.wire_values import instant_from_wire
from vpp.v1 import portfolio_pb2, telemetry_pb2

if TYPE_CHECKING:
    from vpp.cli.settle.meter_file import MeterFile

MOST_IN_A_SERIES = 3600
MOST_READINGS = 400_000
"""What one message may hold; ten years of hours, nine months of minutes."""
MOST_RUNS = 2000
"""Stretches of one quality that one message may hold."""

QUALITIES = {int(code): code for code in telemetry_pb2.MeterQuality.values()}

meter_app = typer.Typer(
    no_args_is_help=True,
    help="Readings of revenue meters, which settlement takes in place of the site's own.",
)
Site = Annotated[str, typer.Option(help="The site, as an id or sites/ID.")]


@meter_app.command("import")
def import_file(  # noqa: PLR0913  one argument per option
    context: typer.Context,
    *,
    file: Annotated[Path, typer.Argument(help="CSV, gzipped or not, or Parquet.", metavar="FILE")],
    site: Site,
    device: Annotated[
        str, typer.Option(help="Resource of the site that the meter stands before: its output.", metavar="ID")
    ] = "",
    period: Annotated[
        str, typer.Option(help="Refuse readings of another civil month at the site.", metavar="YYYY-MM")
    ] = "",
    column: Column = None,
    unit: Unit = None,
    stamp: Stamp = None,
    naive_zone: NaiveZone = None,
    accept_difference: Annotated[
        bool, typer.Option(help="Keep readings also where their energy is far from that of the site's own.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring in a revenue meter's file as a new version; all of it is kept, or nothing."""
    from vpp.cli.settle.meter_file import read_meter_file  # noqa: PLC0415  pandas, once it is needed

    site_name = full_name("sites", site)
    found = read_meter_file(
        file, last_part(site_name), meter_format=meter_format(column, unit, stamp), naive_zone=naive_zone
    )
    hub = connection_of(context)
    if period:
        _check_period(hub, site_name, found, period_option(period))
    runs = list(_runs(found))
    if len(found.power_kw) > MOST_READINGS or not runs:
        raise typer.BadParameter(
            f"{file} holds {len(found.power_kw)} intervals, {sum(map(_size, runs))} of them read; expected "
            f"1 to {MOST_READINGS:,}, import it in parts"
        )
    if len(runs) > MOST_RUNS:
        raise typer.BadParameter(
            f"{file} has {len(runs)} stretches between gaps and changes of quality, expected at most "
            f"{MOST_RUNS:,}; import it in parts"
        )
    request = telemetry_pb2.ImportReadingsRequest(
        site=site_name,
        device=f"{site_name}/resources/{last_part(device)}" if device else "",
        runs=runs,
        source_name=file.name,
        accept_difference=accept_difference,
    )
    answer = hub.call(hub.telemetry.ImportReadings, request)
    if as_json:
        typer.echo(to_json(answer))
        return
    console = Console()
    console.print(import_table(answer))
    for note in (*found.notes, *answer.notes):
        console.print(f"- {escape(note)}")


@meter_app.command("list")
def list_files(context: typer.Context, *, site: Site, as_json: AsJson = False) -> None:
    """List what was brought in of a site's meters, by meter and version."""
    hub = connection_of(context)
    request = telemetry_pb2.ListReadingImportsRequest(site=full_name("sites", site))
    imports = list(hub.call(hub.telemetry.ListReadingImports, request).reading_imports)
    table = make_table(
        "Imports", "meter", ">version", "from", "to", ">readings", "file", "imported by", "imported at"
    )
    for one in imports:
        table.add_row(
            _meter(one),
            str(one.version_number),
            _at(one.interval.start_time),
            _at(one.interval.end_time),
            str(one.reading_count),
            escape(one.source_name),
            escape(one.imported_by),
            _at(one.import_time),
        )
    show(as_json, imports, table)


def import_table(answer: telemetry_pb2.ImportReadingsResponse) -> Table:
    """Say what became of an import."""
    one = answer.reading_import
    return fields_table(
        "Imported" if answer.new else "Nothing new: these are the newest readings already",
        [
            ("site", last_part(one.site)),
            ("meter", _meter(one)),
            ("version", str(one.version_number)),
            ("from", _at(one.interval.start_time)),
            ("to", _at(one.interval.end_time)),
            ("intervals", f"{one.sample_interval.ToTimedelta()} each, {one.reading_count} read"),
            ("sha256", one.sha256),
        ],
    )


def _meter(one: telemetry_pb2.ReadingImport) -> str:
    return last_part(one.device) if one.device else "point of connection"


def _at(stamp: Timestamp) -> str:
    return instant(instant_from_wire(stamp))


def _size(run: telemetry_pb2.MeterRun) -> int:
    return len(run.power_series.net_power_kw)


def _runs(found: "MeterFile") -> Iterator[telemetry_pb2.MeterRun]:
    """Cut readings where their quality changes, where there are none, and where a series is full."""
    import numpy as np  # noqa: PLC0415  loads slowly, and other commands do without it

    quality = found.quality
    edges = [0, *(np.flatnonzero(np.diff(quality)) + 1).tolist(), len(quality)]
    for first, end in pairwise(edges):
        if quality[first] == telemetry_pb2.METER_QUALITY_MISSING:
            continue
        for begin in range(first, end, MOST_IN_A_SERIES):
            run = telemetry_pb2.MeterRun(quality=QUALITIES[int(quality[first])])
            series = run.power_series
            series.start_time.FromDatetime(found.start_at + begin * found.step)
            series.sample_interval.FromTimedelta(found.step)
            series.net_power_kw.extend(found.power_kw[begin : min(begin + MOST_IN_A_SERIES, end)].tolist())
            yield run


def _check_period(hub: HubConnection, site_name: str, found: "MeterFile", period: str) -> None:
    """Refuse readings of other days than were expected.

    Raises:
        BadParameter: Some lie outside of the civil month at the site.
    """
    from zoneinfo import ZoneInfo  # noqa: PLC0415  read once it is needed

    zone = ZoneInfo(hub.call(hub.portfolio.GetSite, portfolio_pb2.GetSiteRequest(name=site_name)).time_zone)
    last_start = found.end_at - found.step
    for at in (found.start_at, last_start):
        local: datetime = at.astimezone(zone)
        if f"{local:%Y-%m}" != period:
            raise typer.BadParameter(
                f"readings run from {found.start_at.astimezone(zone).isoformat()} to "
                f"{found.end_at.astimezone(zone).isoformat()}, expected {period} at the site"
            )
