"""`vpp agent migration`: what load could move to other sites, and what that brings."""

import json
from datetime import timedelta
from typing import Annotated, Any

import typer
from rich.console import Console

from vpp.cli.agent.options import SiteConfig
from vpp.cli.exit_codes import ExitCode
from vpp.cli.output import AsJson, make_table, power


def plan_migration(  # noqa: PLR0913  options of the command line
    *,
    config: SiteConfig,
    minutes: Annotated[
        float, typer.Option(help="How long the work would run elsewhere.", min=1.0, metavar="MINUTES")
    ] = 60.0,
    auction: Annotated[
        str, typer.Option(help="Also make the bids: auctions/ID in which this site's leg is sold.")
    ] = "",
    receiver_auction: Annotated[
        str,
        typer.Option(help="auctions/ID of the receivers' legs; without it one linked bid states both."),
    ] = "",
    interval_minutes: Annotated[
        float, typer.Option(help="Delivery interval of the bids.", min=1.0, metavar="MINUTES")
    ] = 15.0,
    delivery_ratio: Annotated[
        float, typer.Option(help="Share of the move that is done nine times in ten.", min=0.01, max=1.0)
    ] = 1.0,
    as_json: AsJson = False,
) -> None:
    """Plan a move by the configuration's [migration]: both legs, their cost, what they earn, carbon.

    Nothing is sent and nothing moves: an operator of both sites decides. Exit code 1 if nothing pays.
    """
    from vpp.agent.migration_bids import MoveTerms  # noqa: PLC0415  the command line starts faster without
    from vpp.agent.migration_document import (  # noqa: PLC0415  as above
        migration_bids,
        migration_document,
        planned_migration,
    )
    from vpp.agent.settings import load_settings  # noqa: PLC0415  as above

    settings = load_settings(config)
    plan = planned_migration(settings, timedelta(minutes=minutes))
    found = migration_document(plan)
    if auction:
        if minutes % interval_minutes:
            raise typer.BadParameter(f"{minutes:g} min are no whole number of {interval_minutes:g} min")
        count = round(minutes / interval_minutes)
        terms = MoveTerms(count, settings.bidding.currency, delivery_ratio)
        found["bids"] = migration_bids(plan.shifts, auction, receiver_auction, terms)
    if as_json or auction:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        _print(found, settings.bidding.currency)
    raise typer.Exit(ExitCode.OK if plan.shifts else ExitCode.NOT_SO)


def _print(found: dict[str, Any], currency: str) -> None:
    console = Console()
    table = make_table("Moves", "to", ">less here", ">more there", ">cost", ">net benefit", ">CO2 avoided")
    for shift in found["shifts"]:
        here, there = shift["donor"], shift["receiver"]
        table.add_row(
            f"{there['site_id']} ({there['zone']})",
            f"{power(here['power_kw'])} {here['energy_kwh']:,.1f} kWh",
            f"{power(there['power_kw'])} {there['energy_kwh']:,.1f} kWh",
            f"{float(shift['cost']):,.2f} {currency}",
            f"{float(shift['net_benefit']):,.2f} {currency}",
            f"{float(shift['avoided_kg']):,.1f} kg",
        )
    console.print(table)
    console.print(f"{power(found['staying_it_kw'])} of IT load stays here")
    for site_id, why in found["obstacles"].items():
        console.print(f"{site_id} takes nothing: {why.replace('_', ' ')}")
