"""`vpp operator clearing`, `awards` and `sites`: what the hub decided, and for whom."""

from typing import Annotated

import typer
from rich.table import Table

from vpp.cli.arguments import full_name
from vpp.cli.connection import connection_of
from vpp.cli.desk.event import EventName
from vpp.cli.desk.site_scores import list_scores
from vpp.cli.output import (
    AsJson,
    fields_table,
    last_part,
    make_table,
    money,
    power,
    power_range,
    show,
    state_name,
)
from vpp.v1 import auction_pb2 as wire
from vpp.v1 import portfolio_pb2 as portfolio_wire

clearing_app = typer.Typer(no_args_is_help=True, help="See how events were cleared.")
awards_app = typer.Typer(no_args_is_help=True, help="See what was bought.")
sites_app = typer.Typer(no_args_is_help=True, help="See who takes part.")


@clearing_app.command("show")
def show_clearing(context: typer.Context, *, name: EventName, as_json: AsJson = False) -> None:
    """Show prices, shortfall and the proof of the result."""
    hub = connection_of(context)
    clearing = hub.call(hub.auction.GetClearing, wire.GetClearingRequest(event=full_name("events", name)))
    show(as_json, clearing, clearing_table(clearing))


@awards_app.command("list")
def list_awards(
    context: typer.Context,
    *,
    event: Annotated[str, typer.Option(help="Only this event's, as an id or events/ID.")] = "",
    as_json: AsJson = False,
) -> None:
    """List awards."""
    hub = connection_of(context)
    request = wire.ListAwardsRequest(event=full_name("events", event) if event else "")
    awards = hub.every(hub.auction.ListAwards, request, "awards")
    table = make_table("Awards", "award", "state", "resource", ">awarded", ">price per MWh", "reason")
    for award in awards:
        prices = sorted({money(price) for price in award.price_per_mwh})
        table.add_row(
            last_part(award.name),
            state_name(wire.Award.State, award.state),
            award.resource.removeprefix("sites/").replace("/resources/", " "),
            power_range(award.reduction_kw),
            " to ".join(prices[:: max(1, len(prices) - 1)]),
            award.reason,
        )
    show(as_json, awards, table)


sites_app.command("scores")(list_scores)


@sites_app.command("list")
def list_sites(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the sites you may see."""
    hub = connection_of(context)
    sites = hub.every(hub.portfolio.ListSites, portfolio_wire.ListSitesRequest(), "sites")
    table = make_table("Sites", "site", "name", "party", "zone", "time zone", ">import limit")
    for site in sites:
        table.add_row(
            last_part(site.name),
            site.display_name,
            last_part(site.party),
            site.zone,
            site.time_zone,
            power(site.import_limit_kw),
        )
    show(as_json, sites, table)


def clearing_table(clearing: wire.Clearing) -> Table:
    """Lay out how an event was cleared."""
    prices = [money(price) for price in clearing.clearing_price_per_mwh]
    return fields_table(
        f"Clearing of {last_part(clearing.event)}",
        [
            ("status", clearing.status),
            ("price per MWh", prices[0] if len(set(prices)) == 1 else ", ".join(prices)),
            ("shortfall", power_range(clearing.shortfall_kw)),
            ("cost", money(clearing.objective_amount)),
            ("no answer below", money(clearing.bound_amount)),
            ("gap", f"{clearing.gap_ratio:.2%}"),
            ("solver", f"{clearing.solver}, {clearing.solve_duration.ToTimedelta().total_seconds():.2f} s"),
            ("book", clearing.input_hash),
        ],
    )
