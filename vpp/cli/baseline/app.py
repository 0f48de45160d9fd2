"""`vpp baseline`: its commands and their options; the work is imported when it is asked for."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from vpp.cli.baseline import options
from vpp.cli.baseline.backtest_choices import BacktestKind, DayPick
from vpp.cli.baseline.site_facts import SiteFacts
from vpp.cli.baseline.stamps import option_date, option_instant, option_span
from vpp.cli.exit_codes import EXIT_CODES_HELP, ExitCode
from vpp.cli.output import AsJson
from vpp.foundation.direction import Direction

baseline_app = typer.Typer(
    no_args_is_help=True,
    help="Baselines, forecasts and backtests from meter files; needs no hub.",
    epilog=EXIT_CODES_HELP,
)


@baseline_app.command("list")
def list_(*, rules: options.RulesFolder = None, as_json: AsJson = False) -> None:
    """List the baseline rules: where they hold, what they do, and whether their values were checked."""
    from vpp.cli.baseline.list_rules import list_rules  # noqa: PLC0415  other commands start faster without it

    list_rules(rules, as_json=as_json)


@baseline_app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="The rule's id.", metavar="NAME")],
    *,
    rules: options.RulesFolder = None,
    as_json: AsJson = False,
) -> None:
    """Show one rule: every value, and where it comes from."""
    from vpp.cli.baseline.show_rule import show_rule  # noqa: PLC0415  other commands start faster without it

    show_rule(rules, name, as_json=as_json)


@baseline_app.command("compute")
def compute(  # noqa: PLR0913  one argument per option
    *,
    method: Annotated[str, typer.Option(help="The rule's id; see `vpp baseline list`.", metavar="NAME")],
    meter: options.MeterFiles,
    event: Annotated[str, typer.Option(help="The event, two instants with offset.", metavar="START/END")],
    out: Annotated[Path, typer.Option(help="File for the intervals, CSV.", metavar="FILE")],
    notice: Annotated[
        str | None, typer.Option(help="When the sites were told, with offset.", metavar="TIME")
    ] = None,
    past_events: options.PastEvents = None,
    rebound_minutes: options.ReboundMinutes = 0.0,
    exclude: options.ExcludedDays = None,
    temperature: options.Temperature = None,
    holidays: options.Holidays = None,
    time_zone: options.TimeZone = "UTC",
    sites: options.SitesFile = None,
    site: options.WantedSites = None,
    plan: options.PlanFile = None,
    device: Annotated[
        Path | None,
        typer.Option(
            help="Output of storage and generation behind the meter, positive, as a meter file.",
            metavar="FILE",
        ),
    ] = None,
    control: Annotated[
        Path | None, typer.Option(help="Sites that were not called, as a meter file.", metavar="FILE")
    ] = None,
    peak_hours: Annotated[
        Path | None,
        typer.Option(
            help="The like period's peak hours, CSV: start_time, end_time, highest first.", metavar="FILE"
        ),
    ] = None,
    contract_kw: Annotated[
        float | None, typer.Option(min=0, help="Contract capacity, kW.", metavar="KW")
    ] = None,
    export_limit_kw: Annotated[
        float | None, typer.Option(min=0, help="Largest export, kW.", metavar="KW")
    ] = None,
    nominated_kw: Annotated[
        float | None,
        typer.Option(min=0, help="A level the site nominated, such as its peak load contribution, kW."),
    ] = None,
    direction: Annotated[
        Direction,
        typer.Option(help="Which way the event asks consumption to move; signs of gaming depend on it."),
    ] = Direction.LOAD_DOWN,
    column: options.Column = None,
    unit: options.Unit = None,
    stamp: options.Stamp = None,
    naive_zone: options.NaiveZone = None,
    plot: Annotated[
        Path | None, typer.Option(help="File for a drawing of the event, PNG.", metavar="FILE")
    ] = None,
    rules: options.RulesFolder = None,
    as_json: AsJson = False,
) -> None:
    """Compute what sites would have used in an event; exit code 1 if no site has a baseline."""
    from vpp.cli.baseline.compute import ComputeTask, compute_files  # noqa: PLC0415  others start faster
    from vpp.cli.baseline.site_inputs import InputFiles  # noqa: PLC0415  as above

    files = InputFiles(
        meters=tuple(meter),
        common=SiteFacts(time_zone, holidays, contract_kw, export_limit_kw, nominated_kw),
        wanted=tuple(site or ()),
        meter_format=options.meter_format(column, unit, stamp),
        naive_zone=naive_zone,
        past_events=past_events,
        rebound=timedelta(minutes=rebound_minutes),
        excluded=frozenset(option_date("--exclude", text) for text in exclude or ()),
        temperature=temperature,
        plan=plan,
        device=device,
        control=control,
        peak_hours=peak_hours,
        sites=sites,
    )
    task = ComputeTask(
        method=method,
        event=option_span("--event", event),
        notice_at=None if notice is None else option_instant("--notice", notice),
        files=files,
        out=out,
        plot=plot,
        rules=rules,
        direction=direction,
    )
    if not compute_files(task, as_json=as_json):
        raise typer.Exit(ExitCode.NOT_SO)


@baseline_app.command("backtest")
def backtest(  # noqa: PLR0913  one argument per option
    *,
    meter: options.MeterFiles,
    out: Annotated[
        Path, typer.Option(help="Folder for scores, summary and drawings; made if missing.", metavar="DIR")
    ],
    methods: Annotated[
        str | None,
        typer.Option(
            help="Rules and forecast mixes, commas between; a small choice of them if absent.",
            metavar="A,B,C",
        ),
    ] = None,
    kind: Annotated[
        BacktestKind,
        typer.Option(help="Whole days forecast the evening before, or placebo events as if settled."),
    ] = BacktestKind.DAY_AHEAD,
    days: Annotated[
        int | None,
        typer.Option(
            min=1, max=366, help="Days tested; 20 day-ahead, 60 for settlement if absent.", metavar="N"
        ),
    ] = None,
    pick: Annotated[
        DayPick, typer.Option(help="Day-ahead: the last days in a row, or days spread over the history.")
    ] = DayPick.LAST,
    window: Annotated[
        list[str] | None,
        typer.Option(
            help="Settlement: when placebo events lie, such as 14:00-18:00; repeatable.", metavar="FROM-TO"
        ),
    ] = None,
    notice_minutes: Annotated[
        float | None,
        typer.Option(
            min=0, max=10_080, help="Settlement: how long before the start notice is given.", metavar="MIN"
        ),
    ] = None,
    past_events: options.PastEvents = None,
    rebound_minutes: options.ReboundMinutes = 0.0,
    exclude: options.ExcludedDays = None,
    temperature: options.Temperature = None,
    holidays: options.Holidays = None,
    time_zone: options.TimeZone = "UTC",
    sites: options.SitesFile = None,
    site: options.WantedSites = None,
    plan: options.PlanFile = None,
    column: options.Column = None,
    unit: options.Unit = None,
    stamp: options.Stamp = None,
    naive_zone: options.NaiveZone = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Processes; one per processor if absent.", metavar="N")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Work on a Dask cluster instead, by its address.", metavar="ADDRESS")
    ] = None,
    rules: options.RulesFolder = None,
    as_json: AsJson = False,
) -> None:
    """Test methods on the past of many series; writes scores.csv, summary.json and drawings."""
    from vpp.cli.baseline.backtest import BacktestTask, backtest_files  # noqa: PLC0415  others start faster
    from vpp.cli.baseline.backtest_setup import placebo_windows  # noqa: PLC0415  as above
    from vpp.cli.baseline.site_inputs import InputFiles  # noqa: PLC0415  as above

    files = InputFiles(
        meters=tuple(meter),
        common=SiteFacts(time_zone, holidays),
        wanted=tuple(site or ()),
        meter_format=options.meter_format(column, unit, stamp),
        naive_zone=naive_zone,
        past_events=past_events,
        rebound=timedelta(minutes=rebound_minutes),
        excluded=frozenset(option_date("--exclude", text) for text in exclude or ()),
        temperature=temperature,
        plan=plan,
        sites=sites,
    )
    task = BacktestTask(
        kind=kind,
        methods=None if methods is None else tuple(name.strip() for name in methods.split(",")),
        day_count=days,
        pick=pick,
        windows=placebo_windows(window or ()),
        notice=None if notice_minutes is None else timedelta(minutes=notice_minutes),
        files=files,
        out=out,
        workers=workers,
        scheduler=scheduler,
        rules=rules,
    )
    if not backtest_files(task, as_json=as_json):
        raise typer.Exit(ExitCode.NOT_SO)
