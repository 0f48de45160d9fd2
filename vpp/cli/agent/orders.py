"""What people at the site tell its agent: veto, allow, confirm, decline, mode.

Orders travel as files in a private folder beside the agent's journal; the agent opens no port.
"""

from typing import Annotated

import typer

from vpp.agent.local_order import OrderKind
from vpp.agent.mode import Mode
from vpp.cli.agent.leaving import leave
from vpp.cli.agent.options import SiteConfig, Wait

DEFAULT_WAIT_S = 5.0

Resource = Annotated[str | None, typer.Option("--resource", help="One flexible resource.", metavar="ID")]
Event = Annotated[
    str | None,
    typer.Option("--event", help="Events: a name, or a pattern such as 'events/test-*'.", metavar="PATTERN"),
]


def _subject(resource: str | None, event: str | None) -> str:
    if resource is not None and event is not None:
        raise typer.BadParameter("give --resource or --event, or neither for the whole site")
    if resource is not None:
        return f"resources/{resource}"
    if event is None:
        return "site"
    return event if "/" in event else f"events/{event}"


def veto(
    *, config: SiteConfig, resource: Resource = None, event: Event = None, wait: Wait = DEFAULT_WAIT_S
) -> None:
    """Say no: to everything, to events, or to the use of a resource. What runs ends at once."""
    leave(config, OrderKind.VETO, _subject(resource, event), wait)


def allow(
    *, config: SiteConfig, resource: Resource = None, event: Event = None, wait: Wait = DEFAULT_WAIT_S
) -> None:
    """Take a veto back. What it has ended stays ended."""
    leave(config, OrderKind.ALLOW, _subject(resource, event), wait)


def confirm(
    name: Annotated[
        str, typer.Argument(help="What waits: instructions/…, events/…, auctions/… or products/….")
    ],
    *,
    config: SiteConfig,
    wait: Wait = DEFAULT_WAIT_S,
) -> None:
    """Say yes to what waits for a person; `vpp agent status` lists it."""
    leave(config, OrderKind.CONFIRM, name, wait)


def decline(
    name: Annotated[
        str, typer.Argument(help="What waits: instructions/…, events/…, auctions/… or products/….")
    ],
    *,
    config: SiteConfig,
    wait: Wait = DEFAULT_WAIT_S,
) -> None:
    """Say no to what waits for a person."""
    leave(config, OrderKind.DECLINE, name, wait)


def mode(
    name: Annotated[Mode, typer.Argument(help="Who decides from now on.")],
    *,
    config: SiteConfig,
    wait: Wait = DEFAULT_WAIT_S,
) -> None:
    """Say who decides: a person for all that is new, a person for instructions, or the agent."""
    leave(config, OrderKind.MODE, name.value, wait)
