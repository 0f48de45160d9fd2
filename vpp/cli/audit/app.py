"""`vpp audit`: its commands; each module imports what loads slowly when it is asked for."""

import typer

from vpp.cli.audit.export import export
from vpp.cli.audit.heads import heads
from vpp.cli.audit.replay import replay
from vpp.cli.audit.verify import verify
from vpp.cli.exit_codes import EXIT_CODES_HELP
from vpp.cli.hub_options import remember_hub

audit_app = typer.Typer(
    no_args_is_help=True,
    help="Keep and check the record of what was done: chains of hashes with signed heads.",
    epilog=EXIT_CODES_HELP,
    callback=remember_hub,
)
audit_app.command("export")(export)
audit_app.command("heads")(heads)
audit_app.command("verify")(verify)
audit_app.command("replay")(replay)
