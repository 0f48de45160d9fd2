"""`vpp settle run`: settle a period, with its progress, what it changes and what wants looking at."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from vpp.cli.arguments import utc_instant
from vpp.cli.connection import connection_of
from vpp.cli.exit_codes import ExitCode
from vpp.cli.output import AsJson, instant, last_part, make_table, money, state_name, to_json
from vpp.cli.settle.choices import PERIOD, RunKind, period_option
from vpp.cli.wire_values import instant_from_wire, instant_to_wire
from vpp.v1 import settlement_pb2 as wire

_STAGES = {
    "gather": "Gathering what was delivered",
    "reckon": "Reckoning what is owed",
    "write": "Writing statements",
    "keep": "Keeping everything",
}


def run(  # noqa: PLR0913  one argument per option
    context: typer.Context,
    *,
    period: Annotated[str, typer.Option(help="Settlement period.", metavar=PERIOD)],
    as_of: Annotated[
        str | None,
        typer.Option(help="Leave out readings received later; an instant in UTC.", metavar="TIME"),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would change; nothing is kept.")
    ] = False,
    kind: Annotated[
        RunKind | None,
        typer.Option("--type", help="Why it is made; the hub chooses if absent.", case_sensitive=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Settle a period: writes the next version of every statement that changes.

    Exit code 1 if it has to wait, for example for an event that is still under way. A run that finds
    nothing changed writes nothing, and ends with 0.
    """
    request = wire.RunSettlementRequest(
        settlement_period=period_option(period),
        validate_only=dry_run,
        run_type=kind.wire_value if kind is not None else wire.Statement.RUN_TYPE_UNSPECIFIED,
    )
    if as_of is not None:
        request.as_of_time.CopyFrom(instant_to_wire(utc_instant(as_of)))
    hub = connection_of(context)
    result = wire.RunSettlementResponse.Result()
    with _showing(f"Settling {period}") as show_progress:
        for message in hub.stream(hub.settlement.RunSettlement, request):
            if message.HasField("progress"):
                show_progress(message.progress)
            else:
                result = message.result
    if as_json:
        typer.echo(to_json(result))
    else:
        _print(result, period, is_dry=dry_run)
    if result.waiting_reason:
        raise typer.Exit(ExitCode.NOT_SO)


@contextmanager
def _showing(text: str) -> Iterator[Callable[[wire.RunSettlementResponse.Progress], None]]:
    """Show how far a run is, on stderr, so that output can be piped; nothing where nobody watches."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _progress: None
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task(text, total=None)

        def show(progress: wire.RunSettlementResponse.Progress) -> None:
            bars.update(
                task,
                description=_STAGES.get(progress.stage, progress.stage),
                completed=progress.done_count,
                total=progress.total_count or None,
            )

        yield show


def _print(result: wire.RunSettlementResponse.Result, period: str, *, is_dry: bool) -> None:
    console = Console(highlight=False)
    if result.waiting_reason:
        console.print(f"[yellow]{period} waits:[/] {escape(result.waiting_reason)}")
    elif not result.changes:
        console.print(f"Nothing changes in {period}: nothing was booked, nothing written.")
    else:
        console.print(_changes_table(result, period, is_dry=is_dry))
        console.print(_ending(result, is_dry=is_dry))
    if result.notes:
        console.print("[bold]To look at[/]")
        for note in result.notes:
            console.print(f"  - {note}", markup=False, soft_wrap=True)


def _changes_table(result: wire.RunSettlementResponse.Result, period: str, *, is_dry: bool) -> object:
    title = f"What would change in {period}" if is_dry else f"What changed in {period}"
    table = make_table(title, "party", ">version", ">lines changed", ">total", ">change")
    for change in result.changes:
        table.add_row(
            last_part(change.party),
            str(change.version_number),
            f"{change.changed_line_count:,}",
            money(change.total_amount),
            money(change.delta_amount),
        )
    return table


def _ending(result: wire.RunSettlementResponse.Result, *, is_dry: bool) -> str:
    if is_dry or not result.HasField("settlement_run"):
        return "Dry run: nothing was kept."
    run = result.settlement_run
    as_of = instant(instant_from_wire(run.as_of_time))
    return (
        f"{last_part(run.name)}, {state_name(wire.Statement.RunType, run.run_type)}: {run.entry_count:,} "
        f"entries booked, {len(run.statements):,} statements written, readings as of {as_of}."
    )
