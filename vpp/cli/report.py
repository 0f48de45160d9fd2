"""The demo's report: one HTML file that needs nothing else and reads on a phone."""

from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from vpp.cli.charts.style import Chart


@dataclass(frozen=True, slots=True)
class Headline:
    """One figure worth knowing.

    Attributes:
        label: What it is.
        value: The figure with its unit.
    """

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One check and its figures.

    Attributes:
        name: What must hold.
        held: Whether it does.
        figures: The numbers that prove it.
    """

    name: str
    held: bool
    figures: str


@dataclass(frozen=True, slots=True)
class TableSection:
    """One table of the report.

    Attributes:
        title: What it shows.
        header: Names of the columns.
        rows: Cells, as many per row as there are columns.
    """

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class ReportContents:
    """Everything that the report shows.

    Attributes:
        title: Heading of the page.
        lead: One sentence under it.
        headlines: Figures worth knowing.
        checks: Checks with their figures.
        main_charts: Charts in full width.
        site_charts: One chart per site, in a grid.
        tables: Tables at the end.
    """

    title: str
    lead: str
    headlines: Sequence[Headline]
    checks: Sequence[CheckRow]
    main_charts: Sequence[Chart]
    site_charts: Sequence[Chart]
    tables: Sequence[TableSection]


def render_report(contents: ReportContents) -> str:
    """Write the report as one HTML document.

    Args:
        contents: What it shows; every text is escaped, only the charts' own SVG is not.

    Returns:
        HTML without scripts and without references to anything outside itself.
    """
    environment = Environment(
        loader=PackageLoader("vpp.cli", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.jinja").render(report=contents)
