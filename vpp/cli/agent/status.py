"""`vpp agent status`: the site's own page in the terminal."""

import json
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.live import Live

from vpp.agent.process_lock import is_running
from vpp.agent.settings import AgentSettings, load_settings
from vpp.agent.site_status import status_path
from vpp.cli.agent.options import SiteConfig
from vpp.cli.agent.status_file import read_status
from vpp.cli.agent.status_page import page
from vpp.cli.agent.waiting import wait_for
from vpp.cli.exit_codes import ExitCode
from vpp.cli.output import AsJson

REFRESH_S = 1.0
LATE_STEPS = 3


def show_status(
    *,
    config: SiteConfig,
    watch: Annotated[bool, typer.Option("--watch", help="Go on showing it until Ctrl-C.")] = False,
    dry: Annotated[bool, typer.Option("--dry-run", help="Show the agent that runs with --dry-run.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show mode, link, meter, devices, plan and journal of a site's agent.

    Exit code 0 if the agent runs and its status is fresh, 1 otherwise.
    """
    settings = load_settings(config)
    file = settings.journal_path
    if dry:
        file = file.with_name(file.name + ".dry")
    path = status_path(file)
    status = read_status(path)
    if as_json:
        typer.echo(json.dumps(_judged(status, settings), indent=2, ensure_ascii=False))
        raise typer.Exit(_code(status, settings))
    console = Console()
    if not watch:
        console.print(page(_judged(status, settings)))
        raise typer.Exit(_code(status, settings))
    with Live(page(_judged(status, settings)), console=console, screen=False) as live:
        try:
            while True:
                wait_for(REFRESH_S)
                status = read_status(path)
                live.update(page(_judged(status, settings)))
        except KeyboardInterrupt:
            pass
    raise typer.Exit(_code(status, settings))


def _judged(status: dict[str, Any] | None, settings: AgentSettings) -> dict[str, Any]:
    """Return a status with what can only be said from outside: whether it is still true."""
    runs = is_running(settings.journal_path)
    if status is None:
        return {"site": settings.site_name, "runs": runs, "is_fresh": False, "age_s": None}
    age = settings.build_clock().now() - datetime.fromisoformat(status["at"])
    longest = LATE_STEPS * max(timedelta(seconds=status["control_interval_s"]), timedelta(seconds=10))
    is_fresh = runs and abs(age) <= longest  # one of the future was written before the clock was set back
    return {**status, "runs": runs, "is_fresh": is_fresh, "age_s": age.total_seconds()}


def _code(status: dict[str, Any] | None, settings: AgentSettings) -> ExitCode:
    return ExitCode.OK if _judged(status, settings)["is_fresh"] else ExitCode.NOT_SO
