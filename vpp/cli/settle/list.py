"""`vpp settle list`, `runs` and `balances`: what was settled, by whom, and what stands on the accounts."""

from typing import Annotated

import typer

from vpp.cli.arguments import full_name, utc_instant
from vpp.cli.connection import connection_of
from vpp.cli.output import AsJson, instant, last_part, make_table, money, show, state_name
from vpp.cli.settle.choices import AsOf, Period, period_option
from vpp.cli.wire_values import instant_from_wire, instant_to_wire
from vpp.v1 import settlement_pb2 as wire

Party = Annotated[str, typer.Option("--party", help="Only this party's, as an id or parties/ID.")]


def list_statements(
    context: typer.Context,
    *,
    period: Period = "",
    party: Party = "",
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """List statements, each version with its run, its change and until when it may be disputed."""
    request = wire.ListStatementsRequest(
        party=full_name("parties", party) if party else "",
        settlement_period=period_option(period) if period else "",
    )
    if as_of is not None:
        request.as_of_time.CopyFrom(instant_to_wire(utc_instant(as_of)))
    hub = connection_of(context)
    statements = hub.every(hub.settlement.ListStatements, request, "statements")
    table = make_table(
        "Statements",
        "statement",
        "run",
        "why",
        ">lines",
        ">total",
        ">change",
        "written",
        "changes disputable until",
    )
    for statement in statements:
        deadline = ""
        if statement.HasField("dispute_deadline_time"):
            deadline = instant(instant_from_wire(statement.dispute_deadline_time))
        table.add_row(
            last_part(statement.name),
            last_part(statement.settlement_run),
            state_name(wire.Statement.RunType, statement.run_type),
            f"{statement.line_count:,}",
            money(statement.total_amount),
            money(statement.delta_amount),
            instant(instant_from_wire(statement.create_time)),
            deadline,
        )
    show(as_json, statements, table)


def list_runs(context: typer.Context, *, period: Period = "", as_json: AsJson = False) -> None:
    """List settlement runs: why each was made, by whom, and what it wrote."""
    request = wire.ListSettlementRunsRequest(settlement_period=period_option(period) if period else "")
    hub = connection_of(context)
    runs = hub.every(hub.settlement.ListSettlementRuns, request, "settlement_runs")
    table = make_table(
        "Settlement runs", "run", "why", "made", "readings as of", "by", ">entries", ">statements", "evidence"
    )
    for run in runs:
        table.add_row(
            last_part(run.name),
            state_name(wire.Statement.RunType, run.run_type),
            instant(instant_from_wire(run.create_time)),
            instant(instant_from_wire(run.as_of_time)),
            run.actor,
            f"{run.entry_count:,}",
            f"{len(run.statements):,}",
            run.evidence_sha256[:12],
        )
    show(as_json, runs, table)


def list_balances(
    context: typer.Context, *, period: Period = "", as_of: AsOf = None, as_json: AsJson = False
) -> None:
    """List what stands on the accounts you may see: received less paid, as booked by an instant."""
    request = wire.ListBalancesRequest(settlement_period=period_option(period) if period else "")
    if as_of is not None:
        request.as_of_time.CopyFrom(instant_to_wire(utc_instant(as_of)))
    hub = connection_of(context)
    balances = hub.every(hub.settlement.ListBalances, request, "balances")
    title = "Balances" if as_of is None else f"Balances as of {as_of}"
    table = make_table(title, "account", "party", "what for", "site", ">balance")
    for balance in balances:
        table.add_row(
            balance.account,
            last_part(balance.party),
            balance.kind,
            last_part(balance.site),
            money(balance.balance_amount),
        )
    show(as_json, balances, table)
