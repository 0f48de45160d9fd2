"""Options that several `vpp baseline` commands share, and what they mean together."""

from pathlib import Path
from typing import Annotated

import typer

from vpp.telemetry.meter_format import MeterFormat, StampSide

_UNITS = {"net_power_kw": "kW", "energy_kwh": "kWh"}

RulesFolder = Annotated[
    Path | None,
    typer.Option("--rules", help="Folder of rules; those that come with vpp if absent.", metavar="DIR"),
]
MeterFiles = Annotated[
    list[Path],
    typer.Option(
        "--meter",
        help="Meter readings, CSV or Parquet: start_time with offset, one of net_power_kw and energy_kwh, "
        "and site if there are several. May be given several times.",
        metavar="FILE",
    ),
]
TimeZone = Annotated[str, typer.Option("--time-zone", help="The sites' civil time.", metavar="TZ")]
Holidays = Annotated[
    str | None,
    typer.Option("--holidays", help="Whose public holidays the sites keep, such as GB-ENG.", metavar="CC"),
]
SitesFile = Annotated[
    Path | None,
    typer.Option(
        "--sites",
        help="What differs between sites, CSV: site and any of time_zone, holidays, contract_kw, "
        "export_limit_kw, nominated_kw.",
        metavar="FILE",
    ),
]
WantedSites = Annotated[
    list[str] | None,
    typer.Option("--site", help="Take this site of the files; may be given several times.", metavar="ID"),
]
PastEvents = Annotated[
    Path | None,
    typer.Option(
        "--past-events",
        help="Other events, CSV: start_time, end_time and, if wanted, rebound_minutes and site.",
        metavar="FILE",
    ),
]
ReboundMinutes = Annotated[
    float,
    typer.Option(
        "--rebound-minutes",
        min=0,
        max=10_080,
        help="Rebound of past events that state none: readings hidden after each.",
        metavar="MIN",
    ),
]
Temperature = Annotated[
    Path | None,
    typer.Option(
        "--temperature", help="Outdoor temperature, CSV: start_time, temperature_c.", metavar="FILE"
    ),
]
PlanFile = Annotated[
    Path | None,
    typer.Option("--plan", help="The load that sites plan, as a meter file.", metavar="FILE"),
]
ExcludedDays = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude", help="A day that stands for no other, such as an outage's; repeatable.", metavar="DATE"
    ),
]
Column = Annotated[
    str | None,
    typer.Option("--column", help="Column of the readings, if it has another name.", metavar="NAME"),
]
Unit = Annotated[
    str | None,
    typer.Option("--unit", help="Unit of that column: kW, MWh per interval, ...", metavar="UNIT"),
]
Stamp = Annotated[
    StampSide | None, typer.Option("--stamp", help="Which end of its interval a stamp names; needs --column.")
]
NaiveZone = Annotated[
    str | None,
    typer.Option("--naive-zone", help="Zone of stamps without an offset; refused if absent.", metavar="TZ"),
]


def meter_format(column: str | None, unit: str | None, stamp: StampSide | None) -> MeterFormat | None:
    """Put together how meter files are to be read.

    Returns:
        The format; None if nothing was said.

    Raises:
        BadParameter: A unit or a side is given without a column, or a column without a known unit.

    Example:
        >>> meter_format("load", "MW", None).unit
        'MW'
    """
    if column is None:
        if unit is not None or stamp is not None:
            raise typer.BadParameter("--unit and --stamp go with --column, which is missing")
        return None
    known = unit or _UNITS.get(column)
    if known is None:
        raise typer.BadParameter(f"--column {column} has no unit of its own; give one with --unit")
    return MeterFormat(column, known, stamp=stamp or StampSide.START)
