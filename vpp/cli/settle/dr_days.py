"""`vpp settle dr-days`: the days on which sites took part, for a year's report."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vpp.cli.arguments import full_name
from vpp.cli.connection import connection_of, read_file
from vpp.cli.exit_codes import ExitCode
from vpp.cli.settle.statement_source import files_of_hub
from vpp.cli.settle.written_file import keep_apart, write_file
from vpp.v1 import settlement_pb2 as wire

if TYPE_CHECKING:
    from vpp.settlement.statement import Statement


def dr_days(  # noqa: PLR0913  one argument per option
    context: typer.Context,
    *,
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Statement CSV files; the hub's statements if none is named.", metavar="[FILE]..."
        ),
    ] = None,
    year: Annotated[
        int, typer.Option(min=2000, max=2999, help="Calendar year in which the report's year begins.")
    ],
    first_month: Annotated[
        int, typer.Option(min=1, max=12, help="Month in which it begins; 4 for Japan's fiscal year.")
    ] = 1,
    party: Annotated[str, typer.Option(help="Only this party's, as an id or parties/ID.")] = "",
    site: Annotated[str, typer.Option(help="Only this site, as an id or sites/ID.")] = "",
    out: Annotated[
        Path | None, typer.Option(help="File to write; printed if absent.", metavar="FILE")
    ] = None,
) -> None:
    """List the civil days on which sites were called: hours, delivery and direction, as CSV.

    Of several versions of a statement the latest counts. Exit code 1 if there is no such day.
    """
    from vpp.settlement.dr_days import dr_days as days_of  # noqa: PLC0415  other commands start faster
    from vpp.settlement.dr_days import render_dr_days  # noqa: PLC0415  as above

    if out is not None:
        keep_apart(out, files or [])
    site_id = full_name("sites", site).removeprefix("sites/") if site else ""
    first_day, day_after = date(year, first_month, 1), date(year + 1, first_month, 1)
    if files:
        wanted = full_name("parties", party).removeprefix("parties/") if party else ""
        statements = [each for each in _of_files(files) if wanted in {"", each.party_id}]
    else:
        statements = list(_of_hub(context, party, first_day, day_after))
    days = days_of(statements, first_day, day_after, site_id=site_id)
    content = render_dr_days(days)
    if out is None:
        typer.echo(content.decode(), nl=False)
    else:
        write_file(out, content)
        dates = {day.day for day in days}
        typer.echo(f"{out}: {len(dates)} days from {first_day} to before {day_after}")
    if not days:
        raise typer.Exit(ExitCode.NOT_SO)


def _of_files(files: list[Path]) -> Iterator["Statement"]:
    """Read statements that have a line; the summary of one is refused like any other file."""
    from vpp.settlement.statement_file import parse_csv  # noqa: PLC0415  as above

    for file in files:
        yield parse_csv(read_file(file, "FILE"))


def _of_hub(context: typer.Context, party: str, first_day: date, day_after: date) -> Iterator["Statement"]:
    """Fetch the latest version of every statement whose period may hold a day of the year."""
    from vpp.settlement.statement_file import parse_csv  # noqa: PLC0415  as above

    hub = connection_of(context)
    request = wire.ListStatementsRequest(party=full_name("parties", party) if party else "")
    eve = first_day - timedelta(days=1)  # whose month has events that go past its last midnight
    latest: dict[tuple[str, str, str], wire.Statement] = {}
    for found in hub.every(hub.settlement.ListStatements, request, "statements"):
        key = (found.party, found.settlement_period, found.total_amount.currency_code)
        is_near = f"{eve:%Y-%m}" <= found.settlement_period <= f"{day_after:%Y-%m}"
        if is_near and (key not in latest or latest[key].version_number < found.version_number):
            latest[key] = found
    for found in latest.values():
        if found.line_count:
            yield parse_csv(files_of_hub(hub, found.name).csv)
