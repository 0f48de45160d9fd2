"""`vpp agent run`: the agents of one or several sites."""

from pathlib import Path
from typing import Annotated, Literal

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
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Command no device and agree to nothing; say what would have been done.",
        ),
    ] = False,
    log_format: Annotated[
        Literal["text", "json"],
        typer.Option(envvar="VPP_LOG_FORMAT", help="Lines for people, or one JSON object per line."),
    ] = "text",
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"],
        typer.Option(envvar="VPP_LOG_LEVEL", help="Least severity that is logged."),
    ] = "INFO",
    trace_endpoint: Annotated[
        str | None,
        typer.Option(
            envvar="VPP_TRACE_ENDPOINT",
            help="Collector that spans are sent to, OTLP over gRPC; needs the extra `tracing`.",
            metavar="URL",
        ),
    ] = None,
) -> None:
    """Run one agent per configuration in this process until SIGTERM or SIGINT.

    The agent opens no port: it calls the hub, and takes orders of the site from files.
    """
    # The other commands start faster without these.
    from vpp.agent.main import run  # noqa: PLC0415  as above
    from vpp.cli.site_driver import site_driver  # noqa: PLC0415  as above
    from vpp.foundation.log_format import log_to_stderr  # noqa: PLC0415  as above
    from vpp.foundation.tracing import follow_traces  # noqa: PLC0415  as above

    log_to_stderr(log_level, log_format)
    stop_tracing = follow_traces("vpp-agent", trace_endpoint)
    try:
        code = run(config, site_driver, moves_devices=not dry_run)
    finally:
        stop_tracing()
    raise typer.Exit(code)
