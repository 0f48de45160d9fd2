"""`vpp settle diff`: what changed between two versions of a statement, line by line."""

import csv
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from vpp.cli.exit_codes import ExitCode
from vpp.cli.output import AsJson, make_table, to_json
from vpp.cli.settle.statement_source import statement_files
from vpp.foundation.free_text import harmless

if TYPE_CHECKING:
    from vpp.settlement.statement_diff import LineChange, StatementDiff

CSV_COLUMNS = (
    *("change", "line_code", "event_id", "site_id", "interval_start_utc", "line_no_before", "line_no_after"),
    *("amount_before", "amount_after", "delta_amount", "changed_cells", "note"),
)
_STYLES = {"added": "green", "changed": "yellow", "taken_back": "red"}


def diff(
    context: typer.Context,
    *,
    earlier: Annotated[
        str, typer.Argument(help="Earlier version: its CSV file, or its id at the hub.", metavar="V1")
    ],
    later: Annotated[
        str, typer.Argument(help="Later version: its CSV file, or its id at the hub.", metavar="V2")
    ],
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a later version of a statement changes; exit code 1 if its stated changes are wrong."""
    from vpp.settlement.statement_diff import diff_statements  # noqa: PLC0415  other commands start faster

    if as_csv and as_json:
        raise typer.BadParameter("--csv and --json exclude each other")
    found = diff_statements(statement_files(context, earlier).csv, statement_files(context, later).csv)
    if as_json:
        typer.echo(to_json(document(found)))
    elif as_csv:
        _print_csv(found)
    else:
        _print_table(found)
    for fault in found.faults:
        typer.echo(f"does not hold: {fault}", err=True)
    if found.faults:
        raise typer.Exit(ExitCode.NOT_SO)


def document(found: "StatementDiff") -> dict[str, Any]:
    """Write a comparison as what JSON can hold, amounts as text so that no reader rounds them."""
    return {
        "before": found.before_id,
        "after": found.after_id,
        "run_type": found.run_type,
        "currency": found.currency,
        "total_before": f"{found.total_before:f}",
        "total_after": f"{found.total_after:f}",
        "delta_amount": f"{found.delta_amount:f}",
        "delta_by_code": {code: f"{amount:f}" for code, amount in found.delta_by_code.items()},
        "line_count_before": found.line_count_before,
        "line_count_after": found.line_count_after,
        "changes": [
            {
                **_plain(change),
                "cells": [
                    {"column": cell.column, "before": cell.before, "after": cell.after}
                    for cell in change.cells
                ],
            }
            for change in found.changes
        ],
        "faults": list(found.faults),
    }


def _plain(change: "LineChange") -> dict[str, Any]:
    return {
        "change": change.kind.value,
        "line_code": change.line_code,
        "event_id": change.event_id,
        "site_id": change.site_id,
        "interval_start_utc": change.interval_start_utc,
        "line_no_before": change.line_no_before,
        "line_no_after": change.line_no_after,
        "amount_before": f"{change.amount_before:f}",
        "amount_after": f"{change.amount_after:f}",
        "delta_amount": f"{change.delta_amount:f}",
        "note": change.note,
    }


def _print_csv(found: "StatementDiff") -> None:
    from vpp.settlement.csv_cell import guarded  # noqa: PLC0415  as above

    writer = csv.writer(sys.stdout, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    for change in found.changes:
        row = {**_plain(change), "changed_cells": _cells_text(change)}
        texts = ("line_code", "event_id", "site_id", "interval_start_utc", "changed_cells", "note")
        row = {**row, **{text: guarded(row[text]) for text in texts}}
        writer.writerow(["" if row[column] is None else row[column] for column in CSV_COLUMNS])


def _print_table(found: "StatementDiff") -> None:
    console = Console(highlight=False)
    table = make_table(
        f"{found.before_id} to {found.after_id} ({found.run_type})",
        *("change", "line", "code", "event", "site", "start", ">before", ">after", ">change", "why"),
    )
    for change in found.changes:
        style = _STYLES[change.kind.value]
        table.add_row(
            f"[{style}]{change.kind.value.replace('_', ' ')}[/]",
            _line_numbers(change),
            escape(harmless(change.line_code)),
            escape(harmless(change.event_id)),
            escape(harmless(change.site_id)),
            escape(harmless(change.interval_start_utc)),
            "-" if change.line_no_before is None else f"{change.amount_before:,f}",
            "-" if change.line_no_after is None else f"{change.amount_after:,f}",
            signed(change.delta_amount),
            escape(harmless(_why(change))),
        )
    if found.changes:
        console.print(table)
    else:
        console.print(f"{found.after_id} changes no line of {found.before_id}.", markup=False)
    sums = make_table(f"Sums, {found.currency}", "", ">before", ">after", ">change")
    for code, delta in found.delta_by_code.items():
        sums.add_row(code, "", "", signed(delta))
    sums.add_row("total", f"{found.total_before:,f}", f"{found.total_after:,f}", signed(found.delta_amount))
    sums.add_row(
        "lines",
        f"{found.line_count_before:,}",
        f"{found.line_count_after:,}",
        f"{len(found.changes):,} differ",
    )
    console.print(sums)


def _line_numbers(change: "LineChange") -> str:
    numbers = (change.line_no_before, change.line_no_after)
    if numbers[0] == numbers[1]:
        return str(numbers[0])
    return " to ".join("-" if number is None else str(number) for number in numbers)


def _why(change: "LineChange") -> str:
    """Say what differs, or what the line itself says."""
    if change.kind.value == "changed":
        return _cells_text(change) or change.note
    return change.note


def _cells_text(change: "LineChange") -> str:
    """Say which cells differ, the amount aside, which has columns of its own."""
    return "; ".join(
        f"{cell.column}: {cell.before or '-'} to {cell.after or '-'}"
        for cell in change.cells
        if cell.column not in {"amount", "flow"}
    )


def signed(amount: Decimal) -> str:
    """Write a change with its sign.

    Example:
        >>> signed(Decimal("1250.50")), signed(Decimal("-3.00")), signed(Decimal("0.00"))
        ('+1,250.50', '-3.00', '0.00')
    """
    return f"{amount:+,f}" if amount else f"{amount:,f}"
