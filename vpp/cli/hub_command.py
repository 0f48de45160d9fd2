"""`vpp hub`: run a hub until it is told to stop."""

from pathlib import Path
from typing import Annotated

import typer


def run_hub(
    *,
    config: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, readable=True, help="The hub's settings, TOML.")
    ],
    after_restore: Annotated[
        bool,
        typer.Option(
            "--after-restore",
            help="Go on from a database that was restored from a backup: agents and parties may know what "
            "it has forgotten. Say it once, after you have compared.",
        ),
    ] = False,
    sealing_key_lost: Annotated[
        list[str] | None,
        typer.Option(
            help="Go on without a sealing key of which no copy is left: the bids that it alone opens are "
            "refused, and can be entered anew. Say it once; more than once for several keys.",
            metavar="KEY_ID",
        ),
    ] = None,
    show_settings: Annotated[
        bool, typer.Option("--show-settings", help="Print the settings, secrets masked, and do not run.")
    ] = False,
) -> None:
    """Run the hub until SIGTERM or SIGINT; it finishes what it has begun and closes its sessions."""
    from vpp.hub.main import run  # noqa: PLC0415  the operator's commands start faster without the hub

    if show_settings:
        from vpp.foundation.redaction import redacted  # noqa: PLC0415  as above
        from vpp.hub.load_settings import load_settings  # noqa: PLC0415  as above

        # Masked by type, and what no type says (a collector's address with a password in it) as in logs.
        typer.echo(redacted(load_settings(config).model_dump_json(indent=2)))
        return
    raise typer.Exit(
        run(config, after_restore=after_restore, lost_sealing_keys=frozenset(sealing_key_lost or ()))
    )
