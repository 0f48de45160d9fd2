"""A site's report as files: text, figures and pictures."""

import json
from pathlib import Path

from vpp.agent.site_report import SiteReport
from vpp.cli.agent.report_document import report_document
from vpp.cli.agent.report_drawings import draw_report
from vpp.cli.agent.report_tables import csv_files
from vpp.cli.agent.report_text import markdown


def write_report(report: SiteReport, folder: Path) -> list[str]:
    """Write a report into a folder, which is made if it is missing; return the files' names.

    Raises:
        OSError: It cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    charts = draw_report(report)
    pictures = [(f"{chart.name}.png", chart.title) for chart in charts]
    texts = {
        "report.md": markdown(report, pictures),
        "report.json": json.dumps(report_document(report), indent=2, ensure_ascii=False) + "\n",
        **csv_files(report),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    for chart in charts:
        (folder / f"{chart.name}.png").write_bytes(chart.png)
    return [*texts, *(name for name, _ in pictures)]
