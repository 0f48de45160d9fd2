"""`vpp operator`: its groups of commands."""

import typer

from vpp.cli.desk.auction import auction_app
from vpp.cli.desk.baselines import baselines_app
from vpp.cli.desk.event import event_app
from vpp.cli.desk.event_looks import list_looks
from vpp.cli.desk.forecasts import forecasts_app
from vpp.cli.desk.results import awards_app, clearing_app, sites_app
from vpp.cli.desk.statements import dispute_app, statements_app
from vpp.cli.exit_codes import EXIT_CODES_HELP
from vpp.cli.hub_options import remember_hub

operator_app = typer.Typer(
    no_args_is_help=True,
    help="Open auctions, call emergencies, watch events, fetch results.",
    epilog=EXIT_CODES_HELP,
    callback=remember_hub,
)
operator_app.add_typer(auction_app, name="auction")
event_app.command("looks")(list_looks)
operator_app.add_typer(event_app, name="event")
operator_app.add_typer(baselines_app, name="baselines")
operator_app.add_typer(forecasts_app, name="forecasts")
operator_app.add_typer(clearing_app, name="clearing")
operator_app.add_typer(awards_app, name="awards")
operator_app.add_typer(statements_app, name="statements")
operator_app.add_typer(dispute_app, name="dispute")
operator_app.add_typer(sites_app, name="sites")
