"""`vpp settle correct`: settle an event under another version of its product, if two people agree."""

from collections.abc import Callable
from typing import Annotated, Any

import typer
from google.protobuf.message import Message
from rich.markup import escape
from rich.table import Table

from vpp.cli.arguments import full_name
from vpp.cli.connection import connection_of, new_request_id
from vpp.cli.output import AsJson, fields_table, instant, last_part, make_table, show, state_name
from vpp.cli.wire_values import instant_from_wire
from vpp.v1 import settlement_pb2 as wire

correct_app = typer.Typer(
    no_args_is_help=True,
    help="Settle an event under another version of its product: one person proposes, another decides.",
)

Name = Annotated[
    str, typer.Argument(help="Rule correction, as an id or ruleCorrections/ID.", metavar="CORRECTION")
]


@correct_app.command("propose")
def propose(
    context: typer.Context,
    *,
    event: Annotated[str, typer.Argument(help="Event, as an id or events/ID.")],
    to_version: Annotated[int, typer.Option(min=1, help="Version of its product that is to apply.")],
    reason: Annotated[str, typer.Option(help="Why, in one line.")],
    as_json: AsJson = False,
) -> None:
    """Propose another version of an event's product; it may change what delivery is worth."""
    hub = connection_of(context)
    correction = wire.RuleCorrection(
        event=full_name("events", event), to_version_number=to_version, reason=reason
    )
    request = wire.CreateRuleCorrectionRequest(rule_correction=correction, request_id=new_request_id())
    _print(hub.call(hub.settlement.CreateRuleCorrection, request), as_json=as_json)


@correct_app.command("approve")
def approve(context: typer.Context, *, name: Name, as_json: AsJson = False) -> None:
    """Agree to what another person proposed; it counts from the period's next version on."""
    request = wire.ApproveRuleCorrectionRequest(name=full_name("ruleCorrections", name))
    _decide(context, "ApproveRuleCorrection", request, as_json=as_json)


@correct_app.command("reject")
def reject(context: typer.Context, *, name: Name, as_json: AsJson = False) -> None:
    """Refuse what another person proposed."""
    request = wire.RejectRuleCorrectionRequest(name=full_name("ruleCorrections", name))
    _decide(context, "RejectRuleCorrection", request, as_json=as_json)


@correct_app.command("withdraw")
def withdraw(context: typer.Context, *, name: Name, as_json: AsJson = False) -> None:
    """Take your own proposal back while it waits."""
    request = wire.WithdrawRuleCorrectionRequest(name=full_name("ruleCorrections", name))
    _decide(context, "WithdrawRuleCorrection", request, as_json=as_json)


@correct_app.command("show")
def show_correction(context: typer.Context, *, name: Name, as_json: AsJson = False) -> None:
    """Show a rule correction."""
    request = wire.GetRuleCorrectionRequest(name=full_name("ruleCorrections", name))
    _decide(context, "GetRuleCorrection", request, as_json=as_json)


@correct_app.command("list")
def list_corrections(
    context: typer.Context,
    *,
    event: Annotated[str, typer.Option(help="Only of this event, as an id or events/ID.")] = "",
    as_json: AsJson = False,
) -> None:
    """List rule corrections."""
    hub = connection_of(context)
    request = wire.ListRuleCorrectionsRequest(event=full_name("events", event) if event else "")
    corrections = hub.every(hub.settlement.ListRuleCorrections, request, "rule_corrections")
    table = make_table(
        "Rule corrections",
        "correction",
        "state",
        "product",
        ">from",
        ">to",
        "proposed by",
        "decided by",
        "reason",
    )
    for one in corrections:
        table.add_row(
            last_part(one.name),
            state_name(wire.Adjustment.State, one.state),
            last_part(one.product),
            str(one.from_version_number),
            str(one.to_version_number),
            one.proposed_by,
            one.decided_by or "-",
            escape(one.reason),
        )
    show(as_json, corrections, table)


def _decide(context: typer.Context, method: str, request: Message, *, as_json: bool) -> None:
    hub = connection_of(context)
    decide: Callable[..., Any] = getattr(hub.settlement, method)
    _print(hub.call(decide, request), as_json=as_json)


def _print(correction: wire.RuleCorrection, *, as_json: bool) -> None:
    show(as_json, correction, correction_table(correction))


def correction_table(correction: wire.RuleCorrection) -> Table:
    """Lay a rule correction out, field by field."""
    rows = [
        ("state", state_name(wire.Adjustment.State, correction.state)),
        ("event", last_part(correction.event)),
        ("product", last_part(correction.product)),
        ("versions", f"{correction.from_version_number} to {correction.to_version_number}"),
        ("reason", escape(correction.reason)),
        ("proposed", f"{instant(instant_from_wire(correction.create_time))} by {correction.proposed_by}"),
    ]
    if correction.HasField("decide_time"):
        decided = instant(instant_from_wire(correction.decide_time))
        rows.append(("decided", f"{decided} by {correction.decided_by}"))
    return fields_table(f"Rule correction {last_part(correction.name)}", rows)
