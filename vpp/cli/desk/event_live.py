"""What an event delivers while it runs, laid out for the terminal."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from vpp.cli.desk.event_tables import delivered_bar
from vpp.cli.output import delivery, instant, last_part, make_table, power, state_name
from vpp.cli.wire_values import instant_from_wire
from vpp.v1 import event_pb2 as wire

NEWEST = 8
"""So many delivery intervals are shown, the newest ones."""
_STYLES = {
    wire.SiteCount.DELIVERY_ON_TARGET: "green",
    wire.SiteCount.DELIVERY_DONE: "green",
    wire.SiteCount.DELIVERY_UNDER: "red",
    wire.SiteCount.DELIVERY_SILENT: "red",
    wire.SiteCount.DELIVERY_OUT: "red",
    wire.SiteCount.DELIVERY_OVER: "yellow",
}


def live_panel(report: wire.WatchEventResponse) -> Panel:
    """Lay out one live report of an event: now, to the end, interval by interval, and the sites."""
    event = report.event
    now = Table.grid(padding=(0, 2))
    now.add_row("now", f"{power(report.present_delivered_kw)} of {power(report.present_target_kw)}")
    now.add_row("", delivered_bar(report.present_delivered_kw, report.present_target_kw))
    now.add_row(
        "so far",
        f"{report.delivered_energy_kwh:,.0f} kWh of {report.target_energy_kwh:,.0f} kWh in metered intervals",
    )
    if report.planned_energy_kwh:
        now.add_row(
            "at the end",
            f"{report.expected_energy_kwh:,.0f} kWh expected of {report.planned_energy_kwh:,.0f} kWh, "
            f"{report.expected_energy_kwh / report.planned_energy_kwh:.1%}",
        )
        now.add_row("reserve", f"{power(report.reserve_kw)} could still be called")
    now.add_row("answers", _answers(report))
    if report.site_counts:
        now.add_row("sites", _sites(report.site_counts))
    parts: list[RenderableType] = [
        Text(
            f"{delivery(event.delivery_interval)}   hub time {instant(instant_from_wire(report.status_time))}"
        ),
        now,
    ]
    if report.intervals:
        parts.append(_intervals(report.intervals[-NEWEST:]))
    title = f"{last_part(event.name)}  {state_name(wire.Event.State, event.state)}"
    return Panel(Group(*parts), title=title, expand=False)


def look_table(looks: Sequence[wire.Look]) -> Table:
    """Lay out the looks at an event, one row each."""
    table = make_table(
        "Looks", "due", ">modification", ">expected at end", ">reserve", "sites", "what was done"
    )
    for look in looks:
        share = (
            f"{look.expected_energy_kwh / look.planned_energy_kwh:.1%}" if look.planned_energy_kwh else "-"
        )
        table.add_row(
            f"{instant_from_wire(look.due_time):%H:%M:%S}Z",
            str(look.modification_number),
            share,
            power(look.reserve_kw),
            _sites(look.site_counts),
            "; ".join(_done(action) for action in look.actions),
        )
    return table


def _done(action: wire.TrackingAction) -> str:
    kind = wire.TrackingAction.Kind.Name(action.kind).removeprefix("KIND_").lower().replace("_", " ")
    site = last_part(action.site)
    if action.kind == wire.TrackingAction.KIND_HOLD:
        return f"{kind} {site} for {action.release_offset.ToTimedelta()}"
    low, high = min(action.change_kw, default=0.0), max(action.change_kw, default=0.0)
    return f"{kind} {site} {high if high >= -low else low:+,.0f} kW"


def _answers(report: wire.WatchEventResponse) -> str:
    answers = ", ".join(
        f"{count.instruction_count} {state_name(wire.Instruction.State, count.state)}"
        for count in report.instruction_counts
        if count.instruction_count
    )
    return answers or "no instructions yet"


def _sites(counts: Sequence[wire.SiteCount]) -> Text:
    text = Text()
    for count in counts:
        words = wire.SiteCount.Delivery.Name(count.delivery).removeprefix("DELIVERY_")
        words = words.lower().replace("_", " ")
        separator = ", " if text else ""
        text.append(separator).append(f"{count.site_count} {words}", style=_STYLES.get(count.delivery, ""))
    return text


def _intervals(intervals: Sequence[wire.IntervalDelivery]) -> Table:
    table = make_table("", "interval", ">target", ">told", ">delivered", ">expected", ">metered")
    for each in intervals:
        table.add_row(
            f"{instant_from_wire(each.start_time):%H:%M}Z",
            power(each.target_kw),
            power(each.instructed_kw),
            power(each.delivered_kw) if each.metered_ratio else "-",
            power(each.expected_kw),
            f"{each.metered_ratio:.0%}",
        )
    return table
