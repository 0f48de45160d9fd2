"""`vpp agent report`: what a site can really do, and how well it can be seen, measured and steered."""

import json
from pathlib import Path
from typing import Annotated

import typer

from vpp.cli.agent.options import SiteConfig
from vpp.cli.arguments import utc_instant
from vpp.cli.output import AsJson


def show_site_report(
    *,
    config: SiteConfig,
    since: Annotated[
        str | None,
        typer.Option(help="From when on, UTC; everything that is kept if absent.", metavar="INSTANT"),
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Until when, UTC; the newest reading if absent.", metavar="INSTANT")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            file_okay=False, help="Write report.md, report.json, CSV and pictures into this folder instead."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Report a site's grade, its flexibility in four numbers, its room, and what was promised and came.

    From the site's own files alone, whether its agent runs or not; no device is asked anything. The report
    names resources and events, never jobs or tenants.
    """
    from vpp.agent.local_files import read_local_files  # noqa: PLC0415  the command line starts faster without
    from vpp.agent.settings import load_settings  # noqa: PLC0415  as above
    from vpp.agent.site_report import site_report  # noqa: PLC0415  as above
    from vpp.agent.site_status import status_path  # noqa: PLC0415  as above
    from vpp.cli.agent.meter_files import kept_history  # noqa: PLC0415  as above
    from vpp.cli.agent.report_document import report_document  # noqa: PLC0415  as above
    from vpp.cli.agent.report_text import show_report  # noqa: PLC0415  as above
    from vpp.cli.agent.status_file import read_status  # noqa: PLC0415  as above

    settings = load_settings(config)
    now = settings.build_clock().now()
    report = site_report(
        settings,
        read_local_files(settings, read_status(status_path(settings.journal_path)), now),
        kept_history(settings, now),
        now=now,
        since=None if since is None else utc_instant(since),
        until=None if until is None else utc_instant(until),
    )
    if out is not None:
        from vpp.cli.agent.report_folder import write_report  # noqa: PLC0415  as above

        for name in write_report(report, out):
            typer.echo(out / name)
    elif as_json:
        typer.echo(json.dumps(report_document(report), indent=2, ensure_ascii=False))
    else:
        show_report(report)
