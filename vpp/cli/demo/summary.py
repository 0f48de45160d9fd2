"""What the demo leaves behind: files to look at, and a table to read first."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from vpp.cli.charts.style import Chart
from vpp.cli.demo.drawings import DemoCharts
from vpp.cli.demo.figures import DemoFigures, delivered_kwh, mean_price, target_kwh
from vpp.cli.demo.kinds import KindDelivery, kinds_section
from vpp.cli.demo.results import DemoResults
from vpp.cli.output import delivery, last_part, make_table, money, power_range, state_name
from vpp.cli.report import CheckRow, ReportContents, TableSection, render_report
from vpp.v1 import event_pb2


def write_outputs(  # noqa: PLR0913, PLR0917  what the day was
    out: Path,
    results: DemoResults,
    charts: DemoCharts,
    figures: DemoFigures,
    kinds: Sequence[KindDelivery],
    checks: Sequence[CheckRow],
) -> None:
    """Write charts, report, clearings and summary into a folder.

    Args:
        out: The folder; it exists.
        results: The day.
        charts: The day's charts.
        figures: The ten numbers.
        kinds: What each kind of resource promised and delivered.
        checks: Checks with their figures.
    """
    _write_pngs(out / "charts", [*charts.main, *charts.by_site])
    for event in results.events:
        document = json.loads(event.clearing.document_json)
        _write_json(out / f"clearing_{last_part(event.event.name)}.json", document)
    day = f"{results.events[0].delivery.start:%A %d %B %Y}"
    contents = ReportContents(
        title="One delivery day, end to end",
        lead=f"{day}: {len(results.sites)} compute centres, an auction and an emergency.",
        headlines=figures.headlines(),
        checks=checks,
        main_charts=charts.main,
        site_charts=charts.by_site,
        tables=[kinds_section(kinds), _event_section(results), _statement_section(results)],
    )
    (out / "report.html").write_text(render_report(contents), encoding="utf-8")
    _write_json(
        out / "summary.json",
        {
            "held": all(check.held for check in checks),
            "figures": figures.document(),
            "kinds": [asdict(each) for each in kinds],
            "checks": [
                {"name": check.name, "held": check.held, "figures": check.figures} for check in checks
            ],
        },
    )


def print_summary(
    console: Console,
    out: Path,
    figures: DemoFigures,
    kinds: Sequence[KindDelivery],
    checks: Sequence[CheckRow],
) -> None:
    """Print the numbers, the kinds of resource and the checks."""
    numbers = make_table("The day in numbers", "figure", ">value")
    for headline in figures.headlines():
        numbers.add_row(headline.label, headline.value)
    console.print(numbers)
    section = kinds_section(kinds)
    label, *columns = section.header
    by_kind = make_table(section.title, label, *(f">{column}" for column in columns))
    for row in section.rows:
        by_kind.add_row(*row)
    console.print(by_kind)
    table = make_table("Checks", "", "what must hold", "figures")
    for check in checks:
        table.add_row("[green]holds[/]" if check.held else "[red]FAILS[/]", check.name, check.figures)
    console.print(table)
    console.print(
        f"Report: {out / 'report.html'}   statements, charts and clearings beside it", highlight=False
    )


def _write_pngs(folder: Path, charts: Sequence[Chart]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for chart in charts:
        (folder / f"{chart.name}.png").write_bytes(chart.png)


def _write_json(path: Path, document: Mapping[str, Any]) -> None:
    path.write_text(
        json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def _event_section(results: DemoResults) -> TableSection:
    rows = [
        (
            last_part(event.event.name),
            state_name(event_pb2.Event.State, event.event.state),
            delivery(event.event.delivery_interval),
            power_range(event.event.target_reduction_kw),
            power_range(event.event.awarded_reduction_kw),
            f"{delivered_kwh(results, event):,.0f} of {target_kwh(event):,.0f} kWh",
            f"{mean_price(event):,.2f} {event.product.currency_code}/MWh",
            f"{len(event.bids)}, {len(event.awards)}",
            event.clearing.status,
        )
        for event in results.events
    ]
    header = (
        "event",
        "state",
        "delivery",
        "target",
        "awarded",
        "delivered",
        "price",
        "bids, awards",
        "clearing",
    )
    return TableSection("Events", header, rows)


def _statement_section(results: DemoResults) -> TableSection:
    rows = [
        (
            last_part(statement.party),
            statement.settlement_period,
            f"{statement.version_number}",
            f"{statement.line_count}",
            money(statement.total_amount),
            statement.csv_sha256[:12],
        )
        for statement in results.statements
    ]
    return TableSection(
        "Statements (positive is paid to the party)",
        ("party", "period", "version", "lines", "total", "SHA-256"),
        rows,
    )
