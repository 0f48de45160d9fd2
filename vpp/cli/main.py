"""The `vpp` command: hub, agent, operator, auction, baseline, settle, keys and demo under one name."""

import sys
from collections.abc import Sequence

import grpc
import typer

from vpp.cli.access.app import access_app
from vpp.cli.agent.app import agent_app
from vpp.cli.auction.app import auction_app
from vpp.cli.audit.app import audit_app
from vpp.cli.baseline.app import baseline_app
from vpp.cli.certs.app import certs_app
from vpp.cli.db.app import db_app
from vpp.cli.demo.command import run_demo
from vpp.cli.desk.app import operator_app
from vpp.cli.exit_codes import EXIT_CODES_HELP
from vpp.cli.failures import describe, describe_own
from vpp.cli.fleet_command import run_fleet
from vpp.cli.hub_command import run_hub
from vpp.cli.keys_command import keys_app
from vpp.cli.product.app import product_app
from vpp.cli.settle.app import settle_app
from vpp.cli.token.app import token_app
from vpp.foundation.errors import VppError

app = typer.Typer(
    name="vpp",
    help="Demand response and virtual power plant for compute centres.",
    epilog=EXIT_CODES_HELP,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("hub")(run_hub)
app.add_typer(agent_app, name="agent")
app.add_typer(operator_app, name="operator")
app.add_typer(access_app, name="access")
app.add_typer(auction_app, name="auction")
app.add_typer(audit_app, name="audit")
app.add_typer(baseline_app, name="baseline")
app.add_typer(settle_app, name="settle")
app.add_typer(product_app, name="product")
app.add_typer(keys_app, name="keys")
app.add_typer(db_app, name="db")
app.add_typer(token_app, name="token")
app.add_typer(certs_app, name="certs")
app.command("fleet")(run_fleet)
app.command("demo")(run_demo)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and end the process with its exit code.

    Args:
        arguments: The command line after `vpp`; the process's own if absent.
    """
    try:
        app(args=None if arguments is None else list(arguments), prog_name="vpp")
    except grpc.RpcError as error:
        failure = describe(error)
        typer.echo(f"error: {failure.line}", err=True)
        sys.exit(failure.exit_code)
    except VppError as error:
        failure = describe_own(error)
        typer.echo(f"error: {failure.line}", err=True)
        sys.exit(failure.exit_code)


if __name__ == "__main__":
    main()
