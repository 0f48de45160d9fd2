"""Options that several commands of `vpp agent` share."""

from pathlib import Path
from typing import Annotated

import typer

SiteConfig = Annotated[
    Path,
    typer.Option("--config", exists=True, dir_okay=False, readable=True, help="The site's settings, TOML."),
]
Wait = Annotated[
    float,
    typer.Option("--wait", min=0.0, help="How long to wait for the agent's answer, s.", metavar="SECONDS"),
]
