"""`vpp product propose` and what follows: products change at a hub if two people agree."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from google.protobuf.message import Message
from rich.console import Console, Group
from rich.markup import escape
from rich.table import Table

from vpp.cli.arguments import full_name
from vpp.cli.connection import connection_of, new_request_id, read_file
from vpp.cli.output import AsJson, fields_table, instant, last_part, make_table, show, state_name
from vpp.cli.wire_values import instant_from_wire
from vpp.v1 import product_change_pb2 as wire

Name = Annotated[
    str, typer.Argument(help="Change of a product, as an id or productChanges/ID.", metavar="CHANGE")
]
Reason = Annotated[str, typer.Option(help="Why, in one line.")]


def propose(
    context: typer.Context,
    *,
    file: Annotated[
        Path,
        typer.Argument(
            exists=True, dir_okay=False, help="Product file with the next version.", metavar="FILE"
        ),
    ],
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Propose a product file's version to a hub; another person puts it in force."""
    hub = connection_of(context)
    document = read_file(file, "FILE").decode("utf-8", errors="replace")
    change = wire.ProductChange(document=document, reason=reason)
    request = wire.CreateProductChangeRequest(product_change=change, request_id=new_request_id())
    _print(hub.call(hub.product_change.CreateProductChange, request), as_json=as_json)


def adopt(context: typer.Context, *, name: Name, reason: Reason, as_json: AsJson = False) -> None:
    """Answer for a change that was found in a file of the hub; another person decides about it."""
    request = wire.AdoptProductChangeRequest(name=full_name("productChanges", name), reason=reason)
    _call(context, "AdoptProductChange", request, as_json=as_json)


def approve(context: typer.Context, *, name: Name, as_json: AsJson = False) -> None:
    """Put in force what another person proposed."""
    request = wire.ApproveProductChangeRequest(name=full_name("productChanges", name))
    _call(context, "ApproveProductChange", request, as_json=as_json)


def reject(context: typer.Context, *, name: Name, as_json: AsJson = False) -> None:
    """Refuse what another person proposed, or what was found in a file."""
    request = wire.RejectProductChangeRequest(name=full_name("productChanges", name))
    _call(context, "RejectProductChange", request, as_json=as_json)


def withdraw(context: typer.Context, *, name: Name, as_json: AsJson = False) -> None:
    """Take your own proposal back while it waits."""
    request = wire.WithdrawProductChangeRequest(name=full_name("productChanges", name))
    _call(context, "WithdrawProductChange", request, as_json=as_json)


def show_change(context: typer.Context, *, name: Name, as_json: AsJson = False) -> None:
    """Show a change and every field that it changes."""
    request = wire.GetProductChangeRequest(name=full_name("productChanges", name))
    _call(context, "GetProductChange", request, as_json=as_json)


def list_changes(
    context: typer.Context,
    *,
    product: Annotated[str, typer.Option(help="Only of this product, as an id or products/ID.")] = "",
    as_json: AsJson = False,
) -> None:
    """List the changes of products at a hub: what waits, what is in force, what was refused."""
    hub = connection_of(context)
    request = wire.ListProductChangesRequest(product=full_name("products", product) if product else "")
    changes = hub.every(hub.product_change.ListProductChanges, request, "product_changes")
    columns = ("change", "state", ">from", ">to", ">fields", "proposed by", "decided by", "reason")
    table = make_table("Changes of products", *columns)
    for one in changes:
        table.add_row(
            last_part(one.name),
            state_name(wire.ProductChange.State, one.state),
            str(one.from_version_number or "-"),
            str(one.version_number),
            str(len(one.differences)),
            one.proposed_by or "-",
            one.decided_by or "-",
            escape(one.reason),
        )
    show(as_json, changes, table)


def _call(context: typer.Context, method: str, request: Message, *, as_json: bool) -> None:
    hub = connection_of(context)
    call: Callable[..., Any] = getattr(hub.product_change, method)
    _print(hub.call(call, request), as_json=as_json)


def _print(change: wire.ProductChange, *, as_json: bool) -> None:
    if as_json or not change.differences:
        show(as_json, change, change_table(change))
        return
    Console(highlight=False).print(Group(change_table(change), differences_table(change)))


def change_table(change: wire.ProductChange) -> Table:
    """Lay a change out, field by field."""
    found = instant(instant_from_wire(change.create_time))
    rows = [
        ("state", state_name(wire.ProductChange.State, change.state)),
        ("product", last_part(change.product)),
        ("versions", f"{change.from_version_number or 'none'} to {change.version_number}"),
        ("reason", escape(change.reason)),
        ("proposed", f"{found} by {change.proposed_by}" if change.proposed_by else f"found {found}"),
    ]
    if change.HasField("decide_time"):
        decided = instant(instant_from_wire(change.decide_time))
        rows.append(("decided", f"{decided} by {change.decided_by}"))
    return fields_table(f"Change {last_part(change.name)}", rows)


def differences_table(change: wire.ProductChange) -> Table:
    """Lay out what a change changes."""
    before = f"v{change.from_version_number}"
    table = make_table(
        f"{len(change.differences)} fields differ", "field", before, f"v{change.version_number}"
    )
    for one in change.differences:
        table.add_row(escape(one.field), escape(one.before), escape(one.after))
    return table
