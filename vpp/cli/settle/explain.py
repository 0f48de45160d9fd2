"""`vpp settle explain`: why one line of a statement is what it is, for people and as JSON."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from vpp.cli.exit_codes import ExitCode
from vpp.cli.output import AsJson, fields_table, make_table, to_json
from vpp.cli.settle.diff import signed
from vpp.cli.settle.statement_source import bundle_for, files_beside
from vpp.foundation.free_text import harmless

if TYPE_CHECKING:
    from vpp.settlement.explanation import BaselineFacts, ChangeFacts, Explanation, MeterFacts, Reading

_MOST_DAYS = 12


def explain(
    context: typer.Context,
    *,
    statement: Annotated[Path, typer.Argument(help="The statement's CSV file.", metavar="STATEMENT")],
    line: Annotated[int, typer.Option(min=1, help="Number of the line.", metavar="N")],
    bundle: Annotated[
        Path | None,
        typer.Option(help="Its bundle; with it neither hub nor database is needed.", metavar="FILE"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Explain a line: baseline days, readings, rule, the formula with its numbers, and what changed.

    The bundle is fetched from the hub where none is given. Exit code 1 if the statement says otherwise
    than its evidence.
    """
    from vpp.settlement.bundle import read_bundle  # noqa: PLC0415  other commands start faster
    from vpp.settlement.explanation import explain as explanation_of  # noqa: PLC0415  as above

    files = files_beside(statement)
    found = explanation_of(files.csv, read_bundle(bundle_for(context, files, bundle)), line)
    if as_json:
        typer.echo(to_json(document(found)))
    else:
        _print(found)
    if found.faults:
        raise typer.Exit(ExitCode.NOT_SO)


def document(found: "Explanation") -> dict[str, Any]:
    """Write an explanation as what JSON can hold, exact numbers as text."""
    from vpp.foundation.plain_values import to_plain  # noqa: PLC0415  as above

    plain = {
        name: to_plain(getattr(found, name))
        for name in (
            *("meaning", "payer", "payee", "site_name", "party_name", "product_name", "product_source"),
            *("unverified_fields", "baseline", "meter", "readings", "adjustment", "change", "faults"),
        )
    }
    before_kwh, after_kwh = found.around
    return {
        "line": {column: to_plain(value) for column, value in found.line._asdict().items()},
        **plain,
        "around": {"before_kwh": to_plain(before_kwh), "after_kwh": to_plain(after_kwh)},
        "steps": [{"name": step.name, "text": step.text} for step in found.steps],
    }


def _print(found: "Explanation") -> None:
    console, line = Console(highlight=False), found.line
    title = f"{line.statement_id}, line {line.line_no}: {line.line_code.name}"
    console.print(fields_table(title, list(_escaped(_line_rows(found)))))
    if found.adjustment is not None:
        console.print(fields_table("Adjustment", list(_escaped(_adjustment_rows(found)))))
    if found.baseline is not None:
        console.print(fields_table("Baseline", list(_escaped(_baseline_rows(found.baseline)))))
    if found.meter is not None:
        console.print(fields_table("Readings", list(_escaped(_meter_rows(found.meter, found.around)))))
    if found.readings:
        console.print(_readings_table(found.readings))
    if found.steps:
        console.print("[bold]How the amount is reckoned[/]")
        for number, step in enumerate(found.steps, start=1):
            console.print(f"  {number}. {step.name}: {harmless(step.text)}", markup=False, soft_wrap=True)
    console.print(fields_table("Change", list(_escaped(_change_rows(found.change, line.currency)))))
    if found.faults:
        console.print("[bold red]The statement's file says otherwise:[/]")
        for fault in found.faults:
            console.print(f"  - {harmless(fault.text)}", markup=False, soft_wrap=True)


def _escaped(rows: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Leave out what is empty, and let no name be taken for markup or steer the terminal."""
    return ((name, escape(harmless(value))) for name, value in rows if value)


def _line_rows(found: "Explanation") -> Iterator[tuple[str, str]]:
    line = found.line
    yield "what for", found.meaning
    yield "paid by", found.payer
    yield "paid to", found.payee
    whose = "charged to" if line.amount < 0 else "paid to"
    yield "amount", f"{line.amount:,f} {line.currency}, {whose} {line.party_id}"
    yield "period", f"{line.settlement_period}, version {line.version}, {line.run_type.name}"
    yield "site", _with_name(line.site_id, found.site_name)
    yield "owner", found.party_name
    yield "event", line.event_id
    start, end = line.interval_start_utc, line.interval_end_utc
    until = f"{end:%H:%M}Z" if start.date() == end.date() else f"{end:%Y-%m-%d %H:%M}Z"
    yield "interval", f"{start:%Y-%m-%d %H:%M}Z to {until}"
    yield "local time", f"{line.local_start} {line.tz}" if line.tz else ""
    product = f"{line.product_id} version {line.product_version}" if line.product_id else ""
    yield "product", _with_name(product, found.product_name)
    yield "product's source", found.product_source
    yield "unverified", ", ".join(found.unverified_fields)
    yield "award", line.award_id
    yield "instruction", line.dispatch_id
    yield "price", "" if line.price is None else f"{line.price:f} {line.price_unit}"
    yield "price set", line.price_basis.value if line.price_basis else ""
    yield "note", line.note


def _with_name(identifier: str, display_name: str) -> str:
    return f"{identifier} ({display_name})" if identifier and display_name else identifier


def _adjustment_rows(found: "Explanation") -> Iterator[tuple[str, str]]:
    adjustment = found.adjustment
    if adjustment is None:
        return
    yield "id", adjustment.adjustment_id
    yield "reason", adjustment.reason
    yield "dispute", adjustment.dispute_id
    yield "proposed by", adjustment.proposed_by
    decided_at = "" if adjustment.decided_at is None else f" at {adjustment.decided_at.isoformat()}"
    yield "approved by", f"{adjustment.decided_by}{decided_at}"


def _baseline_rows(baseline: "BaselineFacts") -> Iterator[tuple[str, str]]:
    yield "rule", _with_name(baseline.rule_id, baseline.rule_name)
    yield "rule's source", baseline.source
    if baseline.is_verified is False:
        yield "unverified", "the rule has values that were checked against no source"
    yield "rule's SHA-256", baseline.rule_digest
    days = [day.isoformat() for day in baseline.days_used]
    more = f" and {len(days) - _MOST_DAYS} more" if len(days) > _MOST_DAYS else ""
    yield "days used", ", ".join(days[:_MOST_DAYS]) + more
    yield "loss factor", "" if baseline.loss_ratio == 1.0 else f"{baseline.loss_ratio:g}"
    yield "readings' SHA-256", baseline.data_version
    yield "notes", "; ".join(baseline.notes)


def _meter_rows(
    meter: "MeterFacts", around: tuple[Decimal | None, Decimal | None]
) -> Iterator[tuple[str, str]]:
    yield "meter", f"{meter.meter_id}, {meter.source.replace('_', ' ')}"
    yield "newest batch", f"{meter.data_version}" + (f", received {meter.read_at}" if meter.read_at else "")
    yield "noticed", "; ".join(meter.flags)
    before_kwh, after_kwh = around
    yield "before the event", "" if before_kwh is None else f"{before_kwh:+f} kWh against baseline, not paid"
    yield "after the event", "" if after_kwh is None else f"{after_kwh:+f} kWh against baseline, not paid"


def _readings_table(readings: "tuple[Reading, ...]") -> object:
    has_device = any(reading.device_kw is not None for reading in readings)
    has_others = any(reading.elsewhere_kw for reading in readings)
    columns = ["", "local start", ">raw kW", ">baseline kW", ">metered kW"]
    columns += [">other events kW"] if has_others else []
    columns += [">device kW"] if has_device else []
    table = make_table("Intervals of the event", *columns, "quality", ">sold kW", ">instructed kW")
    for reading in readings:
        powers = [reading.baseline_raw_kw, reading.baseline_kw, reading.metered_kw]
        powers += [reading.elsewhere_kw] if has_others else []
        powers += [reading.device_kw] if has_device else []
        table.add_row(
            "this" if reading.is_explained else "",
            reading.local_start,
            *["gap" if power_kw is None else f"{power_kw:,.3f}" for power_kw in powers],
            reading.quality,
            f"{reading.award_kw:,.3f}",
            f"{reading.target_kw:,.3f}",
            style="bold" if reading.is_explained else None,
        )
    return table


def _change_rows(change: "ChangeFacts", currency: str) -> Iterator[tuple[str, str]]:
    yield "version before", change.previous or "none"
    yield "stood booked", f"{change.booked_before:,f} {currency}"
    yield "now", f"{change.amount:,f} {currency}"
    yield "change", f"{signed(change.delta)} {currency}"
    yield "why", change.reason
    for cell in change.cells:
        yield cell.column, f"{cell.before or '-'} to {cell.after or '-'}"
