"""A site's report as Markdown, and as a page in the terminal."""

from collections.abc import Sequence
from datetime import timedelta

from rich.console import Console

from vpp.agent.site_report import SiteReport
from vpp.cli.agent.report_tables import ReportTable, tables_of
from vpp.cli.output import instant, make_table
from vpp.flexibility.site_grade import GradeLetter, NotKnownYet

QUIET_DAYS = 10
STALE = timedelta(hours=2)
FEWEST_JUDGED = 3
LEAST_KEPT_RATIO = 0.75
"""A resource that keeps fewer of its promises is named: nine in ten are promised."""


def headline(report: SiteReport) -> str:
    """Return the site and its grade in one line."""
    if isinstance(report.letter, GradeLetter):
        return f"{report.display_name} ({report.site}): grade {report.letter.value}"
    return f"{report.display_name} ({report.site}): no grade yet, {report.letter.why}"


def remarks(report: SiteReport) -> list[str]:
    """Return what a reader must not miss."""
    found = list(report.release.warnings)
    if report.flexibility_at is None:
        found.append(
            "the agent has not run yet: what resources can do is from the configuration alone, and nothing "
            "is known of work, loads and raising consumption"
        )
    untried = [each.resource_id for each in report.resources if not each.promises]
    if untried:
        found.append(
            f"not tried yet: {', '.join(untried)}; what is promised of them is the configuration's word, try "
            "vpp agent test-dispatch"
        )
    for each in report.resources:
        kept = sum(1 for one in each.promises if one.is_kept)
        if len(each.promises) >= FEWEST_JUDGED and kept < LEAST_KEPT_RATIO * len(each.promises):
            more = (
                "" if each.is_learned else "; its promise is still the configuration's, lower delivery_ratio"
            )
            found.append(f"{each.resource_id} kept {kept} of {len(each.promises)} promises{more}")
    room = report.room
    if room is None:
        found.append(
            "nothing was metered in this span: no load and no room is known, and nothing bounds a bid"
        )
    elif report.down.numbers.magnitude_kw < room.nameplate_kw:
        found.append(
            f"bid no more than {report.down.numbers.magnitude_kw:,.0f} kW firm for an hour: the nameplates' "
            f"{room.nameplate_kw:,.0f} kW are not there to be shed"
        )
    if report.made_at - report.span.end > STALE:
        hours = (report.made_at - report.span.end) / timedelta(hours=1)
        found.append(f"this is how the site was {hours:,.0f} h ago: no later reading is shown")
    if report.span.duration < timedelta(days=QUIET_DAYS):
        found.append(f"{report.span.duration / timedelta(days=1):.1f} days of readings are few for quantiles")
    return found


def counted(count: int, noun: str) -> str:
    """Write a count with its verb.

    Example:
        >>> counted(1, "event"), counted(2, "event")
        ('1 event is', '2 events are')
    """
    return f"{count:,} {noun} is" if count == 1 else f"{count:,} {noun}s are"


def totals_text(report: SiteReport) -> str:
    """Return what was activated, in the span and in a year."""
    seen = report.seen
    text = (
        f"In this span {counted(seen.activation_count, 'event')} known, {seen.hours:,.1f} h together: "
        f"{seen.reduced_kwh:,.0f} kWh lowered, {seen.raised_kwh:,.0f} kWh raised."
    )
    if isinstance(report.year, NotKnownYet):
        return (
            f"{text} Yearly figures are not known yet: {report.year.why}; a part of a year is not scaled up."
        )
    year = report.year
    return (
        f"{text} In the last 365 days: {year.activation_count} events, {year.hours:,.1f} h, "
        f"{year.reduced_kwh:,.0f} kWh lowered, {year.raised_kwh:,.0f} kWh raised."
    )


def markdown(report: SiteReport, pictures: Sequence[tuple[str, str]]) -> str:
    """Write a report as Markdown.

    Args:
        report: The report.
        pictures: File name and title of each picture beside it.
    """
    span = f"{instant(report.span.start)} to {instant(report.span.end)}, made {instant(report.made_at)}"
    beside = " while the agent ran" if report.is_running else ""
    parts = [
        f"# {headline(report)}",
        f"{span}{beside}. All powers are changes at the point of connection.",
    ]
    found = remarks(report)
    if found:
        parts.append("\n".join(f"- **{each[0].upper()}{each[1:]}.**" for each in found))
    parts += [_markdown_table(table) for table in tables_of(report)]
    parts.append(f"## In a year\n\n{totals_text(report)}")
    parts += [f"## {title}\n\n![{title}]({name})" for name, title in pictures]
    return "\n\n".join(parts) + "\n"


def _markdown_table(table: ReportTable) -> str:
    names = [column.removeprefix(">") for column in table.columns]
    rules = ["---:" if column.startswith(">") else "---" for column in table.columns]
    lines = [f"| {' | '.join(names)} |", f"| {' | '.join(rules)} |"]
    lines += [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in table.rows]
    note = f"\n\n{table.note}" if table.note else ""
    return f"## {table.title}\n\n" + "\n".join(lines) + note


def show_report(report: SiteReport) -> None:
    """Print a report."""
    console = Console()
    console.print(headline(report), style="bold", markup=False)
    console.print(f"{instant(report.span.start)} to {instant(report.span.end)}", style="dim")
    for each in remarks(report):
        console.print(f"- {each}", style="yellow", markup=False)
    for table in tables_of(report):
        drawn = make_table(table.title, *table.columns)
        for row in table.rows:
            drawn.add_row(*row)
        console.print(drawn)
        if table.note:
            console.print(table.note, style="dim", markup=False)
    console.print(totals_text(report), markup=False)
