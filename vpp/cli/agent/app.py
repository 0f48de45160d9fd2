"""`vpp agent`: the commands of a site."""

import typer

from vpp.cli.agent.check import check_agent
from vpp.cli.agent.dry_run import dry_run
from vpp.cli.agent.migration import plan_migration
from vpp.cli.agent.orders import allow, confirm, decline, mode, veto
from vpp.cli.agent.report import show_site_report
from vpp.cli.agent.run import run_agent
from vpp.cli.agent.status import show_status
from vpp.cli.agent.trial import try_dispatch
from vpp.cli.exit_codes import EXIT_CODES_HELP

agent_app = typer.Typer(
    no_args_is_help=True,
    epilog=EXIT_CODES_HELP,
    help="A site's agent: run it, look at it, and say what it may do.",
)
agent_app.command("run")(run_agent)
agent_app.command("check")(check_agent)
agent_app.command("status")(show_status)
agent_app.command("veto")(veto)
agent_app.command("allow")(allow)
agent_app.command("confirm")(confirm)
agent_app.command("decline")(decline)
agent_app.command("mode")(mode)
agent_app.command("test-dispatch")(try_dispatch)
agent_app.command("dry-run")(dry_run)
agent_app.command("report")(show_site_report)
agent_app.command("migration")(plan_migration)
