"""The demo from first process to last check."""

import asyncio
import shutil
import signal
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import grpc
from rich.console import Console

from vpp.cli.demo.agent_files import write_agents
from vpp.cli.demo.callers import Callers
from vpp.cli.demo.drawings import draw_charts
from vpp.cli.demo.figures import demo_figures
from vpp.cli.demo.findings import all_checks, read_lines, site_owner_parties
from vpp.cli.demo.fleet_loads import put_fleet_loads
from vpp.cli.demo.hub_files import clock_table, free_port, write_hub_files
from vpp.cli.demo.kinds import KindDelivery, deliveries_by_kind
from vpp.cli.demo.pace import measured_pace
from vpp.cli.demo.plan import EMERGENCY_ID, EVENING_ID, default_noon, make_plan
from vpp.cli.demo.processes import ProgramRun, stop_all, wait_for_file
from vpp.cli.demo.progress import Picture, Progress
from vpp.cli.demo.results import DemoResults, gather
from vpp.cli.demo.script import Cast, Performance, Script
from vpp.cli.demo.statement_lines import total
from vpp.cli.demo.summary import print_summary, write_outputs
from vpp.cli.exit_codes import ExitCode
from vpp.cli.failures import describe
from vpp.cli.report import CheckRow
from vpp.foundation.clock import AcceleratedClock, SystemClock, stopwatch_s
from vpp.foundation.errors import InvalidInput, VppError

_HUB_PATIENCE_S = 60.0
_MARKER = ".vpp-demo"
_OWN_FOLDERS = ("charts", "run", "statements")
_LOG_LINES = 12


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What `vpp demo` was asked for.

    Attributes:
        out: Folder for the results.
        fleet: Folder of a fleet to play instead; None for the cluster traces.
        site_count: How many sites take part.
        seed: Seed of everything that is drawn.
        speed_ratio: Multiplies the clock's speeds.
        keep: Keep database, journals and logs.
    """

    out: Path
    fleet: Path | None
    site_count: int
    seed: int
    speed_ratio: float
    keep: bool


def play_demo(options: DemoOptions) -> int:
    """Play the demo and return its exit code.

    Raises:
        InvalidInput: The folder for the results holds something else.
    """
    console = Console()
    run_folder = _clear(options.out)
    try:
        checks = asyncio.run(_play(options, run_folder, console))
    except asyncio.CancelledError:  # its programs have been stopped
        return ExitCode.NOT_SO
    except (VppError, grpc.RpcError) as error:
        reason = describe(error).line if isinstance(error, grpc.RpcError) else f"{error.reason}: {error}"
        console.print(f"[red]The demo broke off.[/] {reason}", highlight=False)
        _print_log(console, run_folder / "hub.log")
        return ExitCode.NOT_SO
    if not all(check.held for check in checks):
        console.print(
            f"Not every check holds. Logs, journals and the database are in {run_folder}", highlight=False
        )
        _print_log(console, run_folder / "hub.log")
        return ExitCode.NOT_SO
    if not options.keep:
        shutil.rmtree(run_folder)
    return ExitCode.OK


async def _play(options: DemoOptions, folder: Path, console: Console) -> list[CheckRow]:
    playing = asyncio.current_task()
    if playing is not None:  # else the programs would outlive a demo that is told to end
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, playing.cancel)
    begun_s = stopwatch_s()
    pace = measured_pace()
    if pace.slowness > 1.0:
        console.print(f"This machine is busy or slow: the clock runs at 1/{pace.slowness:.1f} of its speed.")
    plan = make_plan(default_noon(), options.speed_ratio / pace.slowness)
    # Until then the clock stands at its first instant, while the processes start.
    machine_start = SystemClock().now() + pace.start_allowance
    table, port = clock_table(plan, machine_start), free_port()
    address = f"127.0.0.1:{port}"
    agents = write_agents(folder, plan, table, address, site_count=options.site_count, seed=options.seed)
    if options.fleet is not None:
        put_fleet_loads(agents.sites, options.fleet, agents.history_start)
    files = write_hub_files(folder, table, port, agents, forecast_hour_utc=plan.forecast.hour)
    hub = ProgramRun("hub", ["hub", "--config", str(files.settings)], folder / "hub.log")
    cast = Cast(
        hub,
        agents.programs,
        agents.killed,
        agents.killed_site,
        agents.refusing_site,
        sorted(agents.folders),
        agents.journals,
    )
    clock = AcceleratedClock(machine_start, plan.speeds)
    callers = Callers(address, files.trust, agents.folders)
    try:
        hub.start()
        for program in agents.programs:
            program.start()
        await wait_for_file(files.port_file, hub, _HUB_PATIENCE_S)
        with Progress(console, Picture(clock.now())) as progress:
            progress.note(
                f"hub and {len(agents.programs)} agent programs started for {options.site_count} sites"
            )
            performance = await Script(plan, clock, cast, callers, progress).play()
            results = _with_standing_bids(
                gather(callers.auditor, plan.day, options.out / "statements"), performance
            )
    finally:
        callers.close()
        await stop_all([*agents.programs, hub])
    configs = {site.site_id: site.config for site in agents.sites}
    kinds = deliveries_by_kind(results.events, configs)
    return _conclude(options.out, results, kinds, cast, performance, begun_s, console)


def _conclude(  # noqa: PLR0913, PLR0917  what was played, and when it began
    out: Path,
    results: DemoResults,
    kinds: Sequence[KindDelivery],
    cast: Cast,
    performance: Performance,
    begun_s: float,
    console: Console,
) -> list[CheckRow]:
    lines = read_lines(results)
    owners = site_owner_parties(results)
    owner_lines = [line for part in lines.values() for line in part if line.party_id in owners]
    checks = all_checks(results, lines, cast, performance)
    charts = draw_charts(results, owner_lines, kinds)
    by_name = {event.event.name: event for event in results.events}
    figures = demo_figures(
        results,
        evening=by_name[f"events/{EVENING_ID}"],
        emergency=by_name[f"events/{EMERGENCY_ID}"],
        paid_to_sites=total(owner_lines),
        wall_s=stopwatch_s() - begun_s,
    )
    write_outputs(out, results, charts, figures, kinds, checks)
    print_summary(console, out, figures, kinds, checks)
    return checks


def _with_standing_bids(results: DemoResults, performance: Performance) -> DemoResults:
    """Give events without an auction the bids that stood when they were called."""
    events = [
        event
        if event.event.auction
        else replace(
            event, bids=[bid for bid in performance.standing_bids if bid.product == event.event.product]
        )
        for event in results.events
    ]
    return replace(results, events=events)


def _clear(out: Path) -> Path:
    """Make the folder for the results anew, and the run's folder in it.

    Raises:
        InvalidInput: It holds files that no demo wrote.
    """
    if out.exists() and any(out.iterdir()) and not (out / _MARKER).exists():
        raise InvalidInput(f"--out {out} holds files that no demo wrote; name an empty folder", out=str(out))
    for name in _OWN_FOLDERS:
        shutil.rmtree(out / name, ignore_errors=True)
    folder = out / "run"
    folder.mkdir(parents=True)
    (out / _MARKER).touch()
    return folder


def _print_log(console: Console, log: Path) -> None:
    """Print the end of a log."""
    if log.is_file():
        with log.open(encoding="utf-8", errors="replace") as file:
            last = deque(file, maxlen=_LOG_LINES)
        console.print(f"Last lines of {log}:", highlight=False)
        console.print("".join(last), highlight=False, markup=False)
