"""Leaving an order for a site's agent, and waiting for what it makes of it."""

import getpass
import secrets
from datetime import timedelta
from pathlib import Path

import typer

from vpp.agent.local_order import LocalOrder, OrderKind
from vpp.agent.order_folder import OrderFolder
from vpp.agent.process_lock import is_running
from vpp.agent.settings import AgentSettings, load_settings
from vpp.cli.exit_codes import ExitCode
from vpp.foundation.clock import stopwatch_s

POLL_S = 0.1


def new_order(  # noqa: PLR0913  an order is made of these
    settings: AgentSettings,
    kind: OrderKind,
    subject: str,
    *,
    kw: float = 0.0,
    duration: timedelta = timedelta(0),
    valid_for: timedelta | None = None,
) -> LocalOrder:
    """Make an order of the person at this terminal, now."""
    now = settings.build_clock().now()
    return LocalOrder(
        order_id=f"o{now:%Y%m%d%H%M%S%f}-{secrets.token_hex(4)}",
        kind=kind,
        subject=subject,
        made_at=now,
        expires_at=None if valid_for is None else now + valid_for,
        made_by=getpass.getuser()[:100],
        kw=kw,
        duration=duration,
    )


def leave(config: Path, kind: OrderKind, subject: str, wait_s: float) -> None:
    """Leave an order and say what became of it; exit code 1 if it is not followed.

    One that the agent has not seen by then stays, and is taken up when the agent runs.
    """
    settings = load_settings(config)
    folder = OrderFolder(settings.journal_path)
    order = new_order(settings, kind, subject)
    folder.leave(order)
    raise typer.Exit(told(folder, order, settings, wait_s))


def told(folder: OrderFolder, order: LocalOrder, settings: AgentSettings, wait_s: float) -> ExitCode:
    """Wait for the answer to an order, and print it."""
    from vpp.cli.agent.waiting import wait_for  # noqa: PLC0415  beside asyncio, which is slow to load

    began_s = stopwatch_s()
    answer = folder.answer_to(order.order_id)
    while answer is None and stopwatch_s() - began_s < wait_s:
        wait_for(POLL_S)
        answer = folder.answer_to(order.order_id)
    if answer is None:
        how = "is not running" if not is_running(settings.journal_path) else "has not looked yet"
        typer.echo(f"the agent of {settings.site_name} {how}; the order waits in {folder.path}")
        return ExitCode.OK
    if answer["problem"]:
        typer.echo(f"{settings.site_name} does not follow: {answer['problem']}", err=True)
        return ExitCode.NOT_SO
    typer.echo(f"{settings.site_name}: {answer['answer']}")
    return ExitCode.OK
