"""`vpp operator event looks`: what the hub saw and did in the course of an event."""

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vpp.cli.arguments import full_name
from vpp.cli.connection import connection_of
from vpp.cli.desk.event import EventName
from vpp.cli.desk.event_live import look_table
from vpp.cli.output import AsJson, last_part, show
from vpp.cli.wire_values import instant_from_wire, span_from_wire
from vpp.v1 import event_pb2 as wire
from vpp.v1 import portfolio_pb2 as portfolio_wire

if TYPE_CHECKING:
    from vpp.cli.charts.event_course import EventCourse

COLUMNS = (
    "due_time",
    "look_time",
    "interval_start_time",
    "target_kw",
    "instructed_kw",
    "delivered_kw",
    "expected_kw",
    "metered_ratio",
)
BAND = (0.95, 1.05)
"""What the picture shades around the target."""


def list_looks(
    context: typer.Context,
    *,
    name: EventName,
    csv_file: Annotated[
        Path | None,
        typer.Option("--csv", help="Write every look's intervals to this file.", metavar="FILE"),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option("--picture", help="Draw the event's course into this PNG file.", metavar="FILE"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show each time the hub looked at an event: what it expected, and what it did."""
    hub, full = connection_of(context), full_name("events", name)
    looks = hub.every(hub.event.ListLooks, wire.ListLooksRequest(event=full), "looks")
    if csv_file is not None:
        write_csv(csv_file, looks)
    if picture is not None:
        if not looks:
            raise typer.BadParameter(f"{full} has not been looked at, so there is nothing to draw")
        from vpp.cli.charts.event_course import course_chart  # noqa: PLC0415  drawing takes long to import

        event = hub.call(hub.event.GetEvent, wire.GetEventRequest(name=full))
        product = hub.call(hub.portfolio.GetProduct, portfolio_wire.GetProductRequest(name=event.product))
        picture.write_bytes(course_chart(course_of(event, looks, product)).png)
    show(as_json, looks, look_table(looks))


def write_csv(path: Path, looks: Sequence[wire.Look]) -> None:
    """Write one row per look and delivery interval; times are UTC, ISO 8601."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for look in looks:
            for each in look.intervals:
                writer.writerow(
                    (
                        instant_from_wire(look.due_time).isoformat(),
                        instant_from_wire(look.look_time).isoformat(),
                        instant_from_wire(each.start_time).isoformat(),
                        repr(each.target_kw),
                        repr(each.instructed_kw),
                        repr(each.delivered_kw),
                        repr(each.expected_kw),
                        repr(each.metered_ratio),
                    )
                )


def course_of(
    event: wire.Event, looks: Sequence[wire.Look], product: portfolio_wire.Product
) -> "EventCourse":
    """Turn an event's looks into what its picture shows."""
    import numpy as np  # noqa: PLC0415  as the drawing

    from vpp.cli.charts.event_course import Action, EventCourse  # noqa: PLC0415  as the drawing

    newest = looks[-1].intervals
    actions = []
    for look in looks:
        sites: Counter[str] = Counter()
        for action in look.actions:
            kind = wire.TrackingAction.Kind.Name(action.kind).removeprefix("KIND_")
            sites[kind.lower().replace("_", " ")] += 1
        at = instant_from_wire(look.look_time)
        actions += [Action(at, kind, count) for kind, count in sorted(sites.items())]
    return EventCourse(
        name=last_part(event.name),
        start=instant_from_wire(event.delivery_interval.start_time),
        step=span_from_wire(product.settlement_interval),
        target_kw=np.array([each.target_kw for each in newest]),
        instructed_kw=np.array([each.instructed_kw for each in newest]),
        delivered_kw=np.array([each.delivered_kw if each.metered_ratio else np.nan for each in newest]),
        expected_kw=np.array([each.expected_kw for each in newest]),
        expected_at_start_kw=np.array([each.expected_kw for each in looks[0].intervals]),
        band=BAND,
        actions=actions,
    )
