"""`vpp agent check`: all that is wrong with a site's configuration, in one go."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from vpp.cli.exit_codes import ExitCode
from vpp.cli.output import AsJson


def check_agent(
    *,
    config: Annotated[
        list[Path],
        typer.Option(help="A site's settings, TOML; repeat to check more sites beside each other."),
    ],
    devices: Annotated[
        bool, typer.Option("--devices", help="Also read every meter and device once; command none.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say all that is wrong with configurations; exit code 0 if nothing is, 1 otherwise.

    Keys, units, ranges, limits that contradict each other, files, drivers, and what several sites must
    not share. No agent is started and no device is commanded.
    """
    from vpp.agent.site_check import check_file, problems_together  # noqa: PLC0415  as below
    from vpp.cli.agent.driver_check import (  # noqa: PLC0415  the command line starts faster without
        driver_problems,
        endpoints_of,
        unreachable,
    )

    checks = [check_file(path, driver_problems) for path in config]
    together = problems_together(checks, endpoints_of)
    found: dict[str, list[str]] = {str(each.path): list(each.problems) for each in checks}
    for each in checks:
        if devices and each.settings is not None and not each.problems:
            found[str(each.path)] += unreachable(each.settings)
    notes = {str(each.path): list(each.notes) for each in checks}
    _print(found, together, notes, as_json=as_json)
    is_sound = not together and not any(found.values())
    raise typer.Exit(ExitCode.OK if is_sound else ExitCode.NOT_SO)


def _print(
    found: Mapping[str, list[str]], together: list[str], notes: Mapping[str, list[str]], *, as_json: bool
) -> None:
    if as_json:
        document: dict[str, Any] = {"configurations": found, "together": together, "notes": notes}
        typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    for path, problems in found.items():
        typer.echo(f"{path}: {'nothing is wrong' if not problems else f'{len(problems)} wrong'}")
        for problem in problems:
            typer.echo(f"  - {problem}")
        for note in notes[path]:
            typer.echo(f"  note: {note}")
    if together:
        typer.echo("beside each other:")
        for problem in together:
            typer.echo(f"  - {problem}")
