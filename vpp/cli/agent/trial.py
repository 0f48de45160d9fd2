"""`vpp agent test-dispatch`: try what a resource does when it is commanded, and learn from it."""

from datetime import timedelta
from typing import Annotated

import typer

from vpp.agent.local_order import OrderKind
from vpp.agent.order_folder import OrderFolder
from vpp.agent.process_lock import is_running
from vpp.agent.settings import AgentSettings, load_settings
from vpp.agent.site_status import status_path
from vpp.cli.agent.leaving import new_order, told
from vpp.cli.agent.options import SiteConfig
from vpp.cli.agent.status_file import read_status
from vpp.cli.agent.waiting import wait_for
from vpp.cli.exit_codes import ExitCode

ANSWER_WAIT_S = 10.0
POLL_S = 1.0
VALID_STEPS = 3
VALID_LEAST = timedelta(minutes=2)
"""An order that nobody has taken up by then must not move a device some day."""


def try_dispatch(  # noqa: PLR0913  one argument per option
    *,
    config: SiteConfig,
    resource: Annotated[str | None, typer.Option(help="The flexible resource to try.", metavar="ID")] = None,
    kw: Annotated[
        float | None, typer.Option(help="Reduction, kW; negative to raise consumption.", metavar="KW")
    ] = None,
    minutes: Annotated[float | None, typer.Option(help="How long.", min=0.0, metavar="MINUTES")] = None,
    stop: Annotated[bool, typer.Option("--stop", help="End the test that runs.")] = False,
    follow: Annotated[bool, typer.Option("--follow/--no-follow", help="Wait for the result.")] = True,
) -> None:
    """Command one resource for a while, measure the site at its meter, keep the result for bids.

    The running agent does it, at its next control step, and only while nothing is promised: a delivery
    ends the test. Nothing is told to the hub.
    """
    settings = load_settings(config)
    if not is_running(settings.journal_path):
        typer.echo(f"the agent of {settings.site_name} is not running: start it with vpp agent run", err=True)
        raise typer.Exit(ExitCode.NOT_SO)
    folder = OrderFolder(settings.journal_path)
    valid_for = max(VALID_LEAST, VALID_STEPS * settings.control_step)
    if stop:
        order = new_order(settings, OrderKind.STOP_TEST, "test", valid_for=valid_for)
    elif resource is None or kw is None or minutes is None:
        raise typer.BadParameter("give --resource, --kw and --minutes, or --stop")
    else:
        order = new_order(
            settings,
            OrderKind.TEST,
            resource,
            kw=kw,
            duration=timedelta(minutes=minutes),
            valid_for=valid_for,
        )
    folder.leave(order)
    code = told(folder, order, settings, ANSWER_WAIT_S)
    if folder.answer_to(order.order_id) is None:
        folder.withdraw(order.order_id)
        raise typer.Exit(ExitCode.NOT_SO)
    if code is not ExitCode.OK or stop or not follow:
        raise typer.Exit(code)
    raise typer.Exit(_followed(settings, order.order_id))


def _followed(settings: AgentSettings, test_id: str) -> ExitCode:
    """Print the course of a test until it is over."""
    last = ""
    while is_running(settings.journal_path):
        status = read_status(status_path(settings.journal_path)) or {}
        for test in status.get("tests", []):
            if test["test_id"] != test_id:
                continue
            if test["state"] != last:
                last = test["state"]
                typer.echo(f"{test['resource_id']}: {last}{': ' + test['detail'] if test['detail'] else ''}")
            if last == "done":
                return ExitCode.OK
            if last == "stopped":
                return ExitCode.NOT_SO
        wait_for(POLL_S)
    typer.echo("the agent has ended", err=True)
    return ExitCode.NOT_SO
