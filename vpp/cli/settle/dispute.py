"""`vpp settle dispute`: object to lines of a statement, and decide about objections."""

import enum
from collections.abc import Callable
from typing import Annotated, Any

import typer
from google.protobuf.message import Message
from rich.markup import escape
from rich.table import Table

from vpp.cli.arguments import full_name
from vpp.cli.connection import connection_of, new_request_id
from vpp.cli.output import AsJson, fields_table, instant, last_part, make_table, show, state_name
from vpp.cli.settle.choices import Period, period_option
from vpp.cli.wire_values import instant_from_wire
from vpp.v1 import settlement_pb2 as wire

dispute_app = typer.Typer(
    no_args_is_help=True, help="Object to lines of statements; decide about objections."
)

NAMED_LINES = 8
"""How many line numbers stand in a cell of the list."""

Name = Annotated[str, typer.Argument(help="Dispute, as an id or disputes/ID.", metavar="DISPUTE")]
Resolution = Annotated[str, typer.Option(help="Why, in words; the other party reads it.")]


class StateChoice(enum.Enum):
    """Where a dispute is in its life."""

    OPEN = "open"
    UPHELD = "upheld"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


@dispute_app.command("raise")
def raise_dispute(
    context: typer.Context,
    *,
    statement: Annotated[str, typer.Argument(help="Statement, as an id or statements/ID.")],
    description: Annotated[str, typer.Option(help="What is wrong, in words.")],
    line: Annotated[
        list[int] | None, typer.Option(min=1, help="Line objected to; repeat for more. None means all.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Object to a statement of your party, or to lines of it, while its window is open."""
    hub = connection_of(context)
    dispute = wire.Dispute(
        statement=full_name("statements", statement), line_number=line or [], description=description
    )
    request = wire.CreateDisputeRequest(dispute=dispute, request_id=new_request_id())
    _print(hub.call(hub.settlement.CreateDispute, request), as_json=as_json)


@dispute_app.command("list")
def list_disputes(
    context: typer.Context,
    *,
    period: Period = "",
    state: Annotated[StateChoice | None, typer.Option(help="Only those in this state.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the disputes you may see."""
    hub = connection_of(context)
    request = wire.ListDisputesRequest(
        settlement_period=period_option(period) if period else "",
        state=wire.Dispute.STATE_UNSPECIFIED
        if state is None
        else wire.Dispute.State.Value(f"STATE_{state.name}"),
    )
    disputes = hub.every(hub.settlement.ListDisputes, request, "disputes")
    table = make_table("Disputes", "dispute", "state", "party", "lines", "raised", "description", "answer")
    for one in disputes:
        table.add_row(
            last_part(one.name),
            state_name(wire.Dispute.State, one.state),
            last_part(one.party),
            _lines(one, NAMED_LINES),
            instant(instant_from_wire(one.create_time)),
            escape(one.description),
            escape(one.resolution),
        )
    show(as_json, disputes, table)


@dispute_app.command("show")
def show_dispute(context: typer.Context, *, name: Name, as_json: AsJson = False) -> None:
    """Show a dispute, what was decided and what answers it."""
    hub = connection_of(context)
    request = wire.GetDisputeRequest(name=full_name("disputes", name))
    _print(hub.call(hub.settlement.GetDispute, request), as_json=as_json)


@dispute_app.command("uphold")
def uphold_dispute(
    context: typer.Context,
    *,
    name: Name,
    resolution: Resolution,
    measure_again: Annotated[
        bool,
        typer.Option(
            "--measure-again",
            help="Measure the disputed sites and events again from what is known now; without it, propose "
            "an adjustment.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Accept a dispute; what changes follows in the period's next version."""
    request = wire.UpholdDisputeRequest(
        name=full_name("disputes", name), resolution=resolution, measure_again=measure_again
    )
    _decide(context, "UpholdDispute", request, as_json=as_json)


@dispute_app.command("reject")
def reject_dispute(
    context: typer.Context, *, name: Name, resolution: Resolution, as_json: AsJson = False
) -> None:
    """Reject a dispute with a reason."""
    request = wire.RejectDisputeRequest(name=full_name("disputes", name), resolution=resolution)
    _decide(context, "RejectDispute", request, as_json=as_json)


@dispute_app.command("withdraw")
def withdraw_dispute(context: typer.Context, *, name: Name, as_json: AsJson = False) -> None:
    """Take a dispute of your party back while it is open."""
    request = wire.WithdrawDisputeRequest(name=full_name("disputes", name))
    _decide(context, "WithdrawDispute", request, as_json=as_json)


def _decide(context: typer.Context, method: str, request: Message, *, as_json: bool) -> None:
    hub = connection_of(context)
    decide: Callable[..., Any] = getattr(hub.settlement, method)
    _print(hub.call(decide, request), as_json=as_json)


def _print(dispute: wire.Dispute, *, as_json: bool) -> None:
    show(as_json, dispute, dispute_table(dispute))


def dispute_table(dispute: wire.Dispute) -> Table:
    """Lay a dispute out, field by field."""
    rows = [
        ("state", state_name(wire.Dispute.State, dispute.state)),
        ("statement", last_part(dispute.statement)),
        ("party", last_part(dispute.party)),
        ("lines", _lines(dispute)),
        ("description", escape(dispute.description)),
        ("raised", f"{instant(instant_from_wire(dispute.create_time))} by {dispute.raised_by or '-'}"),
    ]
    if dispute.HasField("decide_time"):
        rows += [
            ("decided", f"{instant(instant_from_wire(dispute.decide_time))} by {dispute.decided_by}"),
            ("answer", escape(dispute.resolution)),
        ]
    if dispute.state == wire.Dispute.STATE_UPHELD:
        measured = "measured again with the next version" if dispute.measure_again else "by an adjustment"
        rows.append(("follows", measured))
    if dispute.adjustments:
        rows.append(("adjustments", ", ".join(last_part(name) for name in dispute.adjustments)))
    return fields_table(f"Dispute {last_part(dispute.name)}", rows)


def _lines(dispute: wire.Dispute, most: int = 10_000) -> str:
    numbers = [str(number) for number in dispute.line_number]
    rest = f" and {len(numbers) - most} more" if len(numbers) > most else ""
    return (", ".join(numbers[:most]) or "all") + rest
