"""`vpp settle`: its commands; each module imports what loads slowly when it is asked for."""

import typer

from vpp.cli.exit_codes import EXIT_CODES_HELP
from vpp.cli.hub_options import remember_hub
from vpp.cli.settle.adjust import adjust_app
from vpp.cli.settle.bundle import bundle
from vpp.cli.settle.certificates import certificates_app
from vpp.cli.settle.correct import correct_app
from vpp.cli.settle.diff import diff
from vpp.cli.settle.dispute import dispute_app
from vpp.cli.settle.dr_days import dr_days
from vpp.cli.settle.explain import explain
from vpp.cli.settle.export import export
from vpp.cli.settle.list import list_balances, list_runs, list_statements
from vpp.cli.settle.meter import meter_app
from vpp.cli.settle.print import print_statement
from vpp.cli.settle.run import run
from vpp.cli.settle.verify import verify

settle_app = typer.Typer(
    no_args_is_help=True,
    help="Settle periods, check and explain statements, decide what is disputed.",
    epilog=EXIT_CODES_HELP,
    callback=remember_hub,
)
settle_app.command("run")(run)
settle_app.command("runs")(list_runs)
settle_app.command("list")(list_statements)
settle_app.command("balances")(list_balances)
settle_app.command("diff")(diff)
settle_app.command("verify")(verify)
settle_app.command("explain")(explain)
settle_app.command("bundle")(bundle)
settle_app.command("print")(print_statement)
settle_app.command("export")(export)
settle_app.command("dr-days")(dr_days)
settle_app.add_typer(dispute_app, name="dispute")
settle_app.add_typer(adjust_app, name="adjust")
settle_app.add_typer(correct_app, name="correct")
settle_app.add_typer(certificates_app, name="certificates")
settle_app.add_typer(meter_app, name="meter")
