"""`vpp settle adjust`: propose amounts that no rule gives, and decide about another person's."""

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any

import typer
from google.protobuf.message import Message
from rich.markup import escape
from rich.table import Table

from vpp.cli.arguments import full_name, price
from vpp.cli.connection import connection_of, new_request_id
from vpp.cli.output import AsJson, fields_table, instant, last_part, make_table, money, show, state_name
from vpp.cli.settle.choices import PERIOD, Period, period_option
from vpp.cli.wire_values import instant_from_wire, money_to_wire
from vpp.v1 import settlement_pb2 as wire

adjust_app = typer.Typer(
    no_args_is_help=True, help="Amounts that no rule gives: one person proposes, another decides."
)

_NANO = Decimal("1e-9")
_BEYOND = Decimal(10) ** 12

Name = Annotated[str, typer.Argument(help="Adjustment, as an id or adjustments/ID.", metavar="ADJUSTMENT")]


@adjust_app.command("propose")
def propose(  # noqa: PLR0913  one argument per option
    context: typer.Context,
    *,
    period: Annotated[str, typer.Option(help="Settlement period that it belongs to.", metavar=PERIOD)],
    payer: Annotated[str, typer.Option(help="Party that pays, as an id or parties/ID.")],
    payee: Annotated[str, typer.Option(help="Party that is paid, as an id or parties/ID.")],
    amount: Annotated[str, typer.Option(help="How much, above 0; a whole number of minor units.")],
    currency: Annotated[str, typer.Option(help="ISO 4217 code.", metavar="CODE")],
    reason: Annotated[str, typer.Option(help="Why, in one line; stands on the statements.")],
    event: Annotated[str, typer.Option(help="Event that it is about.")] = "",
    site: Annotated[str, typer.Option(help="Site that it is about; its owner pays or is paid.")] = "",
    dispute: Annotated[str, typer.Option(help="Dispute that it answers.")] = "",
    as_json: AsJson = False,
) -> None:
    """Propose an amount; another person has to agree before it is booked."""
    adjustment = wire.Adjustment(
        settlement_period=period_option(period),
        payer=full_name("parties", payer),
        payee=full_name("parties", payee),
        adjustment_amount=money_to_wire(_exact(amount), currency),
        reason=reason,
        event=full_name("events", event) if event else "",
        site=full_name("sites", site) if site else "",
        dispute=full_name("disputes", dispute) if dispute else "",
    )
    hub = connection_of(context)
    request = wire.CreateAdjustmentRequest(adjustment=adjustment, request_id=new_request_id())
    _print(hub.call(hub.settlement.CreateAdjustment, request), as_json=as_json)


@adjust_app.command("approve")
def approve(context: typer.Context, *, name: Name, as_json: AsJson = False) -> None:
    """Agree to what another person proposed; it is booked with the period's next version."""
    request = wire.ApproveAdjustmentRequest(name=full_name("adjustments", name))
    _decide(context, "ApproveAdjustment", request, as_json=as_json)


@adjust_app.command("reject")
def reject(context: typer.Context, *, name: Name, as_json: AsJson = False) -> None:
    """Refuse what another person proposed."""
    request = wire.RejectAdjustmentRequest(name=full_name("adjustments", name))
    _decide(context, "RejectAdjustment", request, as_json=as_json)


@adjust_app.command("withdraw")
def withdraw(context: typer.Context, *, name: Name, as_json: AsJson = False) -> None:
    """Take your own proposal back while it waits."""
    request = wire.WithdrawAdjustmentRequest(name=full_name("adjustments", name))
    _decide(context, "WithdrawAdjustment", request, as_json=as_json)


@adjust_app.command("show")
def show_adjustment(context: typer.Context, *, name: Name, as_json: AsJson = False) -> None:
    """Show an adjustment."""
    request = wire.GetAdjustmentRequest(name=full_name("adjustments", name))
    _decide(context, "GetAdjustment", request, as_json=as_json)


@adjust_app.command("list")
def list_adjustments(
    context: typer.Context,
    *,
    period: Period = "",
    as_json: AsJson = False,
) -> None:
    """List the adjustments you may see."""
    hub = connection_of(context)
    request = wire.ListAdjustmentsRequest(settlement_period=period_option(period) if period else "")
    adjustments = hub.every(hub.settlement.ListAdjustments, request, "adjustments")
    table = make_table(
        "Adjustments",
        "adjustment",
        "state",
        "payer",
        "payee",
        ">amount",
        "proposed by",
        "decided by",
        "reason",
    )
    for one in adjustments:
        table.add_row(
            last_part(one.name),
            state_name(wire.Adjustment.State, one.state),
            last_part(one.payer),
            last_part(one.payee),
            money(one.adjustment_amount),
            one.proposed_by,
            one.decided_by or "-",
            escape(one.reason),
        )
    show(as_json, adjustments, table)


def _exact(text: str) -> Decimal:
    """Read an amount that the wire holds to the last digit, so that nothing is cut off unseen.

    Raises:
        BadParameter: It is no finite number, has more than nine decimals, or is beyond all adjustments.

    Example:
        >>> _exact("12.50")
        Decimal('12.50')
    """
    amount = price(text)
    if abs(amount) >= _BEYOND or amount != amount.quantize(_NANO):
        raise typer.BadParameter(f"--amount {text!r} is not a whole number of minor units below {_BEYOND:,}")
    return amount


def _decide(context: typer.Context, method: str, request: Message, *, as_json: bool) -> None:
    hub = connection_of(context)
    decide: Callable[..., Any] = getattr(hub.settlement, method)
    _print(hub.call(decide, request), as_json=as_json)


def _print(adjustment: wire.Adjustment, *, as_json: bool) -> None:
    show(as_json, adjustment, adjustment_table(adjustment))


def adjustment_table(adjustment: wire.Adjustment) -> Table:
    """Lay an adjustment out, field by field."""
    about = (adjustment.event, adjustment.site, adjustment.dispute)
    rows = [
        ("state", state_name(wire.Adjustment.State, adjustment.state)),
        ("period", adjustment.settlement_period),
        ("payer", last_part(adjustment.payer)),
        ("payee", last_part(adjustment.payee)),
        ("amount", money(adjustment.adjustment_amount)),
        ("reason", escape(adjustment.reason)),
        ("about", ", ".join(name for name in about if name) or "-"),
        ("proposed", f"{instant(instant_from_wire(adjustment.create_time))} by {adjustment.proposed_by}"),
    ]
    if adjustment.HasField("decide_time"):
        decided = instant(instant_from_wire(adjustment.decide_time))
        rows.append(("decided", f"{decided} by {adjustment.decided_by}"))
    return fields_table(f"Adjustment {last_part(adjustment.name)}", rows)
