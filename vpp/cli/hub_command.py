"""`vpp hub`: run a hub until it is told to stop."""

from pathlib import Path
from typing import Annotated

import typer


def run_hub(
    *,
    config: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, readable=True, help="The hub's settings, TOML.")
    ],
) -> None:
    """Run the hub until SIGTERM or SIGINT; it finishes what it has begun and closes its sessions."""
    from vpp.hub.main import run  # noqa: PLC0415  the operator's commands start faster without the hub

    raise typer.Exit(run(config))
