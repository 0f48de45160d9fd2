"""`vpp agent`: run site agents, each with the simulated plant that its configuration describes."""

from pathlib import Path
from typing import Annotated

import typer


def run_agent(
    *,
    config: Annotated[
        list[Path],
        typer.Option(
            exists=True,
            dir_okay=False,
            readable=True,
            help="A site's settings, TOML; repeat to run more sites.",
        ),
    ],
) -> None:
    """Run one agent per configuration in this process until SIGTERM or SIGINT."""
    from vpp.agent.main import run  # noqa: PLC0415  the operator's commands start faster without the agent
    from vpp.cli.simulated_driver import simulated_driver  # noqa: PLC0415  as above

    raise typer.Exit(run(config, simulated_driver))
