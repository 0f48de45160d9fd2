from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser

import pytest

from vpp.cli.settle import printed_statement
from vpp.cli.settle.printed_event import AroundEnergy
from vpp.cli.settle.printed_statement import (
    PageFacts,
    counted_text,
    facts_of,
    price_text,
    read_summary,
    render_page,
)
from vpp.foundation.interval import Interval
from vpp.portfolio.money_rules import PayRule
from vpp.settlement.entry import EntryKey
from vpp.settlement.line_code import LineCode
from vpp.settlement.payment_terms import DueRule, PaymentMethod, PaymentTerms, TaxRate
from vpp.settlement.run_type import RunType
from vpp.settlement.statement import Statement
from vpp.settlement.statement_head import StatementHead
from vpp.settlement.statement_line import StatementLine, line_taken_back
from vpp.settlement.statement_names import StatementNames
from vpp.settlement.summary_file import render_summary_csv
from vpp.telemetry.quality import MeterQuality

START = datetime(2026, 3, 2, 17, tzinfo=UTC)
HOUR = timedelta(hours=1)
ODD = '<script>alert("x")</script>'


def statement(version: int = 1, sites: int = 2, intervals: int = 2) -> Statement:
    previous = f"acme-2026-03-v{version - 1}" if version > 1 else ""
    head = StatementHead(
        f"acme-2026-03-v{version}", "acme", "2026-03", version, RunType.INITIAL, "GBP", previous
    )
    lines = [
        _line(head, site, n, 1 + site * intervals + n) for site in range(sites) for n in range(intervals)
    ]
    manual = EntryKey("", "", Interval(START, START + HOUR), LineCode.ADJ_MANUAL, "adj-2026-03-1")
    adjusted = line_taken_back(manual, len(lines) + 1, head, booked_before=Decimal(0))
    lines.append(adjusted._replace(amount=Decimal("-0.50"), delta_amount=Decimal("-0.50"), note=ODD))
    return Statement(
        head.statement_id, "acme", "2026-03", version, RunType.INITIAL, "GBP", tuple(lines), previous
    )


def _line(head: StatementHead, site: int, n: int, line_no: int) -> StatementLine:
    key = EntryKey(
        "evening", f"site-{site}", Interval(START + n * HOUR, START + (n + 1) * HOUR), LineCode.ENERGY
    )
    return line_taken_back(key, line_no, head, booked_before=Decimal(0))._replace(
        product_id="peak",
        direction="load_down",
        tz="Europe/London",
        target_kw=Decimal(100),
        baseline_kwh=Decimal("1500.000"),
        metered_kwh=Decimal("1400.000"),
        delivered_kwh=Decimal("100.000"),
        payable_kwh=Decimal("90.000"),
        quality=MeterQuality.OK,
        price=Decimal("84.500000"),
        price_unit="GBP/MWh",
        price_basis=PayRule.AS_CLEAR,
        amount=Decimal("1234.50"),
        delta_amount=Decimal("10.00"),
        emission_factor_kg_per_kwh=Decimal("0.177"),
        co2_kg=Decimal("17.700"),
        ef_source="factors of 2025",
        note="",
    )


class Words(HTMLParser):
    """Collects what a page says and what it is made of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text: list[str] = []
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"src", "href", "xlink:href"}]

    def handle_data(self, data: str) -> None:
        self.text.append(data.strip())


def facts(**more: object) -> PageFacts:
    manifest: Mapping[str, object] = {
        "party_name": f"北方 & Söhne {ODD}",
        "site_names": {"site-0": "東京第一", "site-1": "=HYPERLINK(0)"},
        "run_label": "RECALC_2",
        "created_at": "2026-04-09T09:00:00Z",
        "code_version": "1.2.3",
    }
    return facts_of(manifest, sha256="ab12", signature="signed with key 0123", **more)


def test_the_page_says_what_the_statement_says() -> None:
    found = Words(render_page(statement(version=3), facts()))
    text = " ".join(found.text)
    for words in (
        f"北方 & Söhne {ODD}",
        "2026-03, version 3, RECALC_2",
        "acme-2026-03-v3",
        "acme-2026-03-v2",
        "4,937.50",  # four lines less the adjustment
        "39.50",  # their changes
        "東京第一",
        "payment for delivered energy",
        "Mon 02 Mar 2026, 17:00 to 19:00, peak, less load",
        "Not about a single event",
        "84.50 /MWh",
        "an estimate, not a certificate",
        "0.177",
        "SHA-256 ab12",
        "signed with key 0123",
    ):
        assert words in text


def test_no_text_becomes_markup_and_nothing_is_fetched() -> None:
    found = Words(render_page(statement(), facts()))
    assert "script" not in found.tags
    assert all(link.startswith("#") for link in found.links)
    assert found.tags.count("svg") == 1


def test_the_same_statement_gives_the_same_page() -> None:
    assert render_page(statement(), facts()) == render_page(statement(), facts())


def test_a_first_version_has_no_changes_to_show() -> None:
    assert "Change" not in Words(render_page(statement(version=1), facts())).text
    assert "Change" in Words(render_page(statement(version=2), facts())).text


def test_tax_and_due_date_come_from_the_summary() -> None:
    one = statement()
    terms = PaymentTerms(
        rates=(TaxRate(Decimal("0.1"), "JP-10", frozenset({LineCode.ENERGY})),),
        due=DueRule(months_after_period=1),
        invoice_registration_no="T1234567890123",
        self_billing=True,
    )
    summary = render_summary_csv(
        one.head, one.tally, terms, written_on=START.date(), names=StatementNames("x")
    )
    text = " ".join(Words(render_page(one, facts(summary=read_summary(summary)))).text)
    for words in (
        "JP-10",
        "493.80",
        "5,431.30",
        "without tax",
        "2026-04-30",
        "T1234567890123",
        "Self-billing",
    ):
        assert words in text
    assert "Tax, as configured" not in Words(render_page(one, facts())).text


def test_who_owes_whom_is_said_in_words() -> None:
    one = statement()
    mirrored = replace(one, lines=tuple(line._replace(amount=-line.amount) for line in one.lines))
    for given, words in ((one, "The party is paid, GBP"), (mirrored, "The party pays, GBP")):
        text = Words(render_page(given, facts())).text
        tile = next(word for word in text[text.index(words) + 1 :] if word)
        assert tile == "4,937.50"
        assert ("-4,937.50" in text) == (given is mirrored)  # in the sums below, with its sign


def test_way_of_payment_is_told_without_tax_as_well() -> None:
    one = statement()
    terms = PaymentTerms(payment_method=PaymentMethod.BILL_CREDIT, due=DueRule(months_after_period=1))
    summary = render_summary_csv(one.head, one.tally, terms, written_on=START.date())
    text = " ".join(Words(render_page(one, facts(summary=read_summary(summary, one)))).text)
    assert "No tax is configured. Paid by credit on the bill. Due 2026-04-30." in text
    assert "The summary is not at hand" in " ".join(Words(render_page(one, facts())).text)


def test_each_line_says_what_its_price_is_for() -> None:
    energy, *_ = statement().lines
    short = energy._replace(
        line_code=LineCode.PENALTY, payable_kwh=None, penalty_basis_kwh=Decimal("1055.000")
    )
    ready = energy._replace(
        line_code=LineCode.AVAILABILITY, payable_kwh=None, availability_kw_h=Decimal("50.000")
    )
    fee = energy._replace(line_code=LineCode.AGG_FEE, payable_kwh=None)
    found = [counted_text(line) for line in (energy, short, ready, fee)]
    assert found == ["90.000 kWh", "1,055.000 kWh short", "50.000 kW·h", ""]


def test_an_event_past_midnight_and_a_changed_clock_is_dated() -> None:
    """London's clocks went forward on 29 March 2026 at 01:00 UTC."""
    one, *_ = statement().lines
    late = datetime(2026, 3, 28, 23, tzinfo=UTC)
    line = one._replace(
        interval_start_utc=late, interval_end_utc=late + 2 * HOUR, local_start="2026-03-28T23:00:00+00:00"
    )
    text = Words(render_page(replace(statement(), lines=(line,)), facts())).text
    assert "Sat 28 Mar 2026, 23:00+00:00 to Sun 29 Mar, 02:00+01:00, peak, less load" in text


def test_energy_around_an_event_stands_beside_it() -> None:
    around = {("evening", "site-0"): AroundEnergy(Decimal("-3.250"), Decimal("41.125"))}
    text = Words(render_page(statement(), facts(around=around, product_names={"peak": "Evening peak"}))).text
    assert {"Before kWh", "After kWh", "-3.250", "41.125"} <= set(text)
    assert any("Evening peak" in words for words in text)
    assert "After kWh" not in Words(render_page(statement(), facts())).text


def test_notes_stand_once_below_the_lines() -> None:
    one = statement()
    noted = tuple(line._replace(note="shared note") for line in one.lines[:-1])
    text = Words(render_page(replace(one, lines=noted), facts())).text
    assert [words for words in text if "shared note" in words] == ["(1): shared note"]
    assert text.count("(1)") == len(noted)


def test_long_statements_are_summed() -> None:
    many = statement(sites=70, intervals=22)
    text = Words(render_page(many, facts())).text
    assert "Lines" in text  # as a column of the sums
    assert "10 other sites" in text
    assert any("The 1541 lines behind these sums" in words for words in text)
    assert "Baseline kWh" not in text
    assert len(many.lines) > printed_statement.MOST_LINES


def test_an_empty_statement_is_a_page_too() -> None:
    head = StatementHead("hub-2026-03-v1", "hub", "2026-03", 1, RunType.INITIAL, "JPY")
    empty = Statement(head.statement_id, "hub", "2026-03", 1, RunType.INITIAL, "JPY", ())
    text = Words(render_page(empty, PageFacts())).text
    assert "hub" in text
    assert "2026-03, version 1, INITIAL" in text


@pytest.mark.parametrize(
    ("price", "unit", "text"),
    [
        ("84.500000", "GBP/MWh", "84.50 /MWh"),
        ("1234.123450", "GBP/kW.h", "1,234.12345 /kW.h"),
        ("0.1", "ratio", "0.10 ratio"),
        ("-7.000000", "GBP/MWh", "-7.00 /MWh"),
        (None, "", ""),
    ],
)
def test_prices_are_written_without_needless_zeros(price: str | None, unit: str, text: str) -> None:
    line = statement().lines[0]._replace(price=None if price is None else Decimal(price), price_unit=unit)
    assert price_text(line) == text


def test_without_a_summary_there_are_no_rows() -> None:
    assert read_summary(None) == []
