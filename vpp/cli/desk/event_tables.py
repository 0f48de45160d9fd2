"""Events, instructions and live reports, laid out for the terminal."""

from collections.abc import Sequence

from rich.console import Group
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from vpp.cli.output import (
    delivery,
    fields_table,
    instant,
    last_part,
    make_table,
    money,
    power,
    power_range,
    state_name,
)
from vpp.cli.wire_values import instant_from_wire
from vpp.v1 import event_pb2 as wire


def event_table(event: wire.Event) -> Table:
    """Lay out one event."""
    rows = [
        ("state", state_name(wire.Event.State, event.state)),
        ("product", event.product),
        ("zone", event.zone),
        ("delivery", delivery(event.delivery_interval)),
        ("target", power_range(event.target_reduction_kw)),
        ("awarded", power_range(event.awarded_reduction_kw)),
        ("cap per MWh", money(event.cap_price_per_mwh)),
        ("modification", str(event.modification_number)),
    ]
    if event.failure_reason:
        rows.append(("failed because", event.failure_reason))
    return fields_table(f"Event {last_part(event.name)}", rows)


def instruction_table(instructions: Sequence[wire.Instruction]) -> Table:
    """Lay out an event's instructions, one row per site."""
    table = make_table("Instructions", "site", "state", ">target", "reason", "in words")
    for instruction in instructions:
        reason = wire.Instruction.Reason.Name(instruction.reason).removeprefix("REASON_")
        table.add_row(
            last_part(instruction.site),
            state_name(wire.Instruction.State, instruction.state),
            power_range(instruction.target_reduction_kw),
            "" if reason == "UNSPECIFIED" else reason,
            instruction.reason_detail,
        )
    return table


def delivered_bar(delivered: float, target: float, *, width: int = 40) -> ProgressBar:
    """Draw what is delivered as a share of the target; more than all of it is a full bar."""
    return ProgressBar(
        total=max(target, 1e-9), completed=min(max(delivered, 0.0), max(target, 1e-9)), width=width
    )


def status_panel(report: wire.WatchEventResponse) -> Panel:
    """Lay out one live report of an event."""
    event = report.event
    answers = ", ".join(
        f"{count.instruction_count} {state_name(wire.Instruction.State, count.state)}"
        for count in report.instruction_counts
        if count.instruction_count
    )
    now_at = instant_from_wire(report.status_time)
    now = Table.grid(padding=(0, 2))
    now.add_row("now", f"{power(report.present_delivered_kw)} of {power(report.present_target_kw)}")
    now.add_row("", delivered_bar(report.present_delivered_kw, report.present_target_kw))
    now.add_row(
        "so far",
        f"{report.delivered_energy_kwh:,.0f} kWh of {report.target_energy_kwh:,.0f} kWh in metered intervals",
    )
    now.add_row("sites", answers or "no instructions yet")
    title = f"{last_part(event.name)}  {state_name(wire.Event.State, event.state)}"
    return Panel(
        Group(
            Text(f"{delivery(event.delivery_interval)}   hub time {instant(now_at)}"),
            now,
        ),
        title=title,
        expand=False,
    )
