import re
from html.parser import HTMLParser

import pandas as pd

from vpp.cli.charts.load import load_chart
from vpp.cli.report import CheckRow, Headline, ReportContents, TableSection, render_report

DAY = pd.date_range("2026-03-02", periods=96, freq="15min", tz="UTC")


def report(headline: str = "24") -> str:
    chart = load_chart("load", "All <sites> & more", pd.Series(5.0, index=DAY), [])
    return render_report(
        ReportContents(
            title="One day",
            lead="As it was",
            headlines=[Headline("sites", headline)],
            checks=[
                CheckRow(name="money in equals money out", held=True, figures="1 in, 1 out"),
                CheckRow(name="band", held=False, figures="0.5"),
            ],
            main_charts=[chart],
            site_charts=[chart],
            tables=[TableSection("Events", ("event", "state"), [("evening", "SETTLED")])],
        )
    )


class References(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.scripts = 0
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        for name, value in attrs:
            if name in {"src", "href", "xlink:href"} and value and not value.startswith("#"):
                self.outside.append(value)


def test_the_page_needs_nothing_but_itself() -> None:
    page = report()
    references = References()
    references.feed(page)
    assert (references.scripts, references.outside) == (0, [])
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)


def test_texts_are_escaped() -> None:
    page = report("<script>alert(1)</script>")
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_checks_say_whether_they_hold() -> None:
    page = report()
    assert page.count("holds</b>") == 1
    assert page.count("FAILS</b>") == 1


def test_it_reads_on_a_phone_in_light_and_dark() -> None:
    page = report()
    assert 'name="viewport"' in page
    assert "prefers-color-scheme: dark" in page
