"""`vpp operator event`: call emergencies, order, follow, modify and cancel events."""

import enum
import itertools
from decimal import Decimal
from typing import Annotated

import typer
from google.protobuf.field_mask_pb2 import FieldMask
from google.type.interval_pb2 import Interval as WireInterval
from rich.console import Console
from rich.live import Live

from vpp.cli.arguments import full_name, interval_count, price, span, targets_kw, utc_instant
from vpp.cli.connection import HubConnection, connection_of, new_request_id
from vpp.cli.desk.auction import CapPrice, End, NewId, Product, Start, TargetKw, Zone
from vpp.cli.desk.directions import moved
from vpp.cli.desk.event_live import live_panel
from vpp.cli.desk.event_tables import event_table, instruction_table, purpose_name
from vpp.cli.output import AsJson, delivery, last_part, make_table, show, state_name, to_json
from vpp.cli.wire_values import (
    instant_to_wire,
    interval_from_wire,
    interval_to_wire,
    money_to_wire,
    span_from_wire,
)
from vpp.v1 import event_pb2 as wire
from vpp.v1 import portfolio_pb2 as portfolio_wire

event_app = typer.Typer(
    no_args_is_help=True, help="Call emergencies; order, follow, modify and cancel events."
)

EventName = Annotated[str, typer.Argument(help="Event, as an id or events/ID.", metavar="EVENT")]


@event_app.command("emergency")
def call_emergency(  # noqa: PLR0913  one argument per option
    context: typer.Context,
    *,
    product: Product,
    zone: Zone,
    start: Start,
    end: End,
    target_kw: TargetKw,
    cap_price: CapPrice,
    event_id: NewId = "",
    as_json: AsJson = False,
) -> None:
    """Call an emergency: standing bids are cleared and sites instructed at once."""
    interval, cap = span(utc_instant(start), utc_instant(end)), price(cap_price)
    hub = connection_of(context)
    rules = _product(hub, full_name("products", product))
    count = interval_count(interval, span_from_wire(rules.settlement_interval))
    event = wire.Event(
        product=rules.name,
        zone=zone,
        delivery_interval=interval_to_wire(interval),
        target_reduction_kw=targets_kw(target_kw, count),
        cap_price_per_mwh=money_to_wire(cap, rules.currency_code),
    )
    request = wire.CreateEventRequest(event=event, event_id=event_id, request_id=new_request_id())
    called = hub.call(hub.event.CreateEvent, request)
    show(as_json, called, event_table(called))


class OrderedPurpose(enum.StrEnum):
    """Why sites are ordered."""

    MANDATORY = "mandatory"
    TEST = "test"
    DRY_RUN = "dry-run"


@event_app.command("order")
def order_event(  # noqa: PLR0913  one argument per option
    context: typer.Context,
    *,
    purpose: Annotated[
        OrderedPurpose,
        typer.Option(
            help="mandatory: curtailment above all markets; test: devices move, to see what sites can do; "
            "dry-run: everything but the devices."
        ),
    ],
    product: Product,
    zone: Zone,
    start: Start,
    end: End,
    target_kw: TargetKw,
    site: Annotated[
        list[str] | None,
        typer.Option(
            help="A site that is meant, as an id or sites/ID; every active one of the zone if absent."
        ),
    ] = None,
    event_id: NewId = "",
    as_json: AsJson = False,
) -> None:
    """Order sites to deliver, without auction or pay: each gets a part in proportion to what it can move."""
    interval = span(utc_instant(start), utc_instant(end))
    hub = connection_of(context)
    rules = _product(hub, full_name("products", product))
    count = interval_count(interval, span_from_wire(rules.settlement_interval))
    event = wire.Event(
        product=rules.name,
        zone=zone,
        delivery_interval=interval_to_wire(interval),
        target_reduction_kw=targets_kw(target_kw, count),
        cap_price_per_mwh=money_to_wire(Decimal(0), rules.currency_code),
        purpose=wire.Event.Purpose.Value(f"PURPOSE_{purpose.name}"),
        sites=[full_name("sites", each) for each in site or ()],
    )
    request = wire.CreateEventRequest(event=event, event_id=event_id, request_id=new_request_id())
    ordered = hub.call(hub.event.CreateEvent, request)
    show(as_json, ordered, event_table(ordered))


@event_app.command("show")
def show_event(context: typer.Context, *, name: EventName, as_json: AsJson = False) -> None:
    """Show one event with what every site answered."""
    hub, full = connection_of(context), full_name("events", name)
    event = hub.call(hub.event.GetEvent, wire.GetEventRequest(name=full))
    request = wire.ListInstructionsRequest(event=full)
    instructions = hub.every(hub.event.ListInstructions, request, "instructions")
    if as_json:
        typer.echo(to_json({"event": event, "instructions": instructions}))
    else:
        Console().print(event_table(event), instruction_table(instructions))


@event_app.command("list")
def list_events(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List events, latest delivery first."""
    hub = connection_of(context)
    events = hub.every(hub.event.ListEvents, wire.ListEventsRequest(), "events")
    table = make_table(
        "Events", "event", "purpose", "state", "product", "zone", "delivery", ">target", ">awarded"
    )
    for event in events:
        table.add_row(
            last_part(event.name),
            purpose_name(event.purpose),
            state_name(wire.Event.State, event.state),
            last_part(event.product),
            event.zone,
            delivery(event.delivery_interval),
            moved(event.target_reduction_kw, event.direction),
            moved(event.awarded_reduction_kw, event.direction),
        )
    show(as_json, events, table)


@event_app.command("watch")
def watch_event(
    context: typer.Context,
    *,
    name: EventName,
    count: Annotated[
        int, typer.Option(min=0, help="Stop after this many reports; 0 follows until the event is settled.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Follow an event live: a panel that changes with every report, or one JSON document per report."""
    hub = connection_of(context)
    request = wire.WatchEventRequest(name=full_name("events", name))
    reports = itertools.islice(hub.stream(hub.event.WatchEvent, request), count or None)
    if as_json:
        for report in reports:
            typer.echo(to_json(report))
        return
    with Live(console=Console(), auto_refresh=False) as live:
        for report in reports:
            live.update(live_panel(report), refresh=True)


@event_app.command("cancel")
def cancel_event(context: typer.Context, *, name: EventName, as_json: AsJson = False) -> None:
    """Cancel an event that has not ended; what was delivered before stays owed."""
    hub = connection_of(context)
    request = wire.CancelEventRequest(name=full_name("events", name), request_id=new_request_id())
    cancelled = hub.call(hub.event.CancelEvent, request)
    show(as_json, cancelled, event_table(cancelled))


@event_app.command("modify")
def modify_event(
    context: typer.Context,
    *,
    name: EventName,
    target_kw: Annotated[
        str | None,
        typer.Option(help="New target, kW: one number, or one per settlement interval with commas."),
    ] = None,
    end: Annotated[
        str | None, typer.Option(help="New end of delivery, UTC; earlier than the old one.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Lower an event's target or end it earlier; every site is instructed anew."""
    if target_kw is None and end is None:
        raise typer.BadParameter("nothing to modify, expected --target-kw, --end or both")
    new_end = None if end is None else utc_instant(end)
    hub = connection_of(context)
    event = hub.call(hub.event.GetEvent, wire.GetEventRequest(name=full_name("events", name)))
    paths = []
    interval = interval_from_wire(event.delivery_interval)
    if new_end is not None:
        interval = span(interval.start, new_end)
        event.delivery_interval.CopyFrom(
            WireInterval(start_time=event.delivery_interval.start_time, end_time=instant_to_wire(new_end))
        )
        paths.append("delivery_interval")
    step = span_from_wire(_product(hub, event.product).settlement_interval)
    intervals = interval_count(interval, step)
    wanted_kw = (
        event.target_reduction_kw[:intervals] if target_kw is None else targets_kw(target_kw, intervals)
    )
    if list(wanted_kw) != list(event.target_reduction_kw):
        del event.target_reduction_kw[:]
        event.target_reduction_kw.extend(wanted_kw)
        paths.append("target_reduction_kw")
    request = wire.UpdateEventRequest(
        event=event, update_mask=FieldMask(paths=paths), request_id=new_request_id()
    )
    modified = hub.call(hub.event.UpdateEvent, request)
    show(as_json, modified, event_table(modified))


def _product(hub: HubConnection, name: str) -> portfolio_wire.Product:
    return hub.call(hub.portfolio.GetProduct, portfolio_wire.GetProductRequest(name=name))
