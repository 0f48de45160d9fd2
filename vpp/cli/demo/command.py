"""`vpp demo`: play one delivery day and check it."""

from pathlib import Path
from typing import Annotated

import typer


def run_demo(  # noqa: PLR0913  one argument per option
    *,
    out: Annotated[Path, typer.Option(help="Folder for the results; made if it is missing.")] = Path(
        "demo-output"
    ),
    fleet: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="Folder with sites.csv and fleet_load_15min.parquet to play instead.",
        ),
    ] = None,
    sites: Annotated[int, typer.Option(min=8, max=24, help="How many sites take part.")] = 24,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything that is drawn.")] = 1,
    speed: Annotated[float, typer.Option(min=0.05, max=4.0, help="Multiplies the clock's speeds.")] = 1.0,
    keep: Annotated[bool, typer.Option(help="Keep database, journals and logs in OUT/run.")] = False,
) -> None:
    """Play one day with real processes: forecasts, an auction, an emergency, a kill, a refusal, money.

    Exit code 0 only if every check that is printed holds.
    """
    from vpp.cli.demo.play import DemoOptions, play_demo  # noqa: PLC0415  other commands start faster without it

    raise typer.Exit(play_demo(DemoOptions(out, fleet, sites, seed, speed, keep)))
