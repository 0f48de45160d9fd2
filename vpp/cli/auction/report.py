"""The report of a clearing: one HTML file that needs nothing else."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from jinja2 import Environment, PackageLoader, StrictUndefined

from vpp.auction.bid import Bid
from vpp.auction.book import Book
from vpp.auction.result import Award, Clearing
from vpp.cli.auction.intervals import joined_rows, length
from vpp.cli.auction.kinds import kind_of
from vpp.cli.auction.summary import Summary, margins_kw, paid_for_energy
from vpp.cli.auction.summary_rows import summary_rows
from vpp.cli.auction.wording import amount, energy, percent, share
from vpp.cli.report import Headline, TableSection

_MOST_AWARDS = 2000
_TRIFLE_KW = 1e-3

# Runs in the reader's browser; the page allows this script alone, by its hash.
_FILTER_SCRIPT = """
const words = document.getElementById("words"), reason = document.getElementById("reason");
const rows = [...document.querySelectorAll("#awards tbody tr")], shown = document.getElementById("shown");
const texts = rows.map(row => row.textContent.toLowerCase());
function filter() {
  const wanted = words.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let count = 0;
  rows.forEach((row, number) => {
    const fits = (!reason.value || row.dataset.reason === reason.value)
      && wanted.every(word => texts[number].includes(word));
    row.hidden = !fits;
    count += fits;
  });
  shown.textContent = count.toLocaleString("en");
}
words.addEventListener("input", filter);
reason.addEventListener("change", filter);
filter();
"""


@dataclass(frozen=True, slots=True)
class AwardRow:
    """One award in the report's table.

    Attributes:
        reason: Its code, by which the table is filtered.
        is_accepted: Whether something was bought.
        cells: What the row shows.
    """

    reason: str
    is_accepted: bool
    cells: Sequence[str]


@dataclass(frozen=True, slots=True)
class AuctionReport:
    """Everything that the report shows; every text is escaped.

    Attributes:
        title: Heading of the page.
        lead: One sentence under it.
        headlines: Figures worth knowing.
        picture: The sheet of drawings as a data URI.
        tables: Tables after it.
        reasons: Codes of reasons that occur, with their counts.
        award_header: Names of the awards' columns.
        awards: Awards.
        award_note: Which awards are left out; empty if none is.
    """

    title: str
    lead: str
    headlines: Sequence[Headline]
    picture: str
    tables: Sequence[TableSection]
    reasons: Sequence[tuple[str, int]]
    award_header: Sequence[str]
    awards: Sequence[AwardRow]
    award_note: str


def render(book: Book, clearing: Clearing, summary: Summary, picture: bytes) -> str:
    """Write the report.

    Args:
        book: The book.
        clearing: Its clearing.
        summary: The clearing in a few figures.
        picture: The sheet of drawings, PNG.

    Returns:
        HTML without references to anything outside itself; its only script filters the table.
    """
    environment = Environment(
        loader=PackageLoader("vpp.cli", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    digest = base64.b64encode(hashlib.sha256(_FILTER_SCRIPT.encode()).digest()).decode()
    return environment.get_template("auction_report.html.jinja").render(
        report=report_contents(book, clearing, summary, picture),
        script=_FILTER_SCRIPT,
        script_hash=f"sha256-{digest}",
    )


def report_contents(book: Book, clearing: Clearing, summary: Summary, picture: bytes) -> AuctionReport:
    """Gather what the report shows."""
    bids = {bid.bid_id: bid for bid in book.bids}
    awards = sorted(clearing.awards, key=lambda award: (not award.reason.is_accepted, award.bid_id))
    left_out = len(awards) - _MOST_AWARDS
    note = (
        f"The first {_MOST_AWARDS:,} of {len(awards):,}, accepted bids first; the result's JSON file has all."
    )
    return AuctionReport(
        title=f"Auction {clearing.auction_id}",
        lead=(
            f"{len(book.bids):,} bids for {book.delivery_interval_count} intervals of {length(book.step)} "
            f"from {book.start:%Y-%m-%d %H:%M} UTC, and {book.recovery_interval_count} after them in which "
            "rebound may fall."
        ),
        headlines=_headlines(clearing, summary),
        picture=f"data:image/png;base64,{base64.b64encode(picture).decode()}",
        tables=[
            TableSection("Summary", ("figure", "value"), summary_rows(clearing, summary)),
            _price_table(clearing),
            _shortfall_table(clearing),
            _make_whole_table(clearing),
            _paradox_table(clearing),
            TableSection(
                "Reasons",
                ("reason", "bids"),
                [(reason.value, f"{count:,}") for reason, count in summary.reasons],
            ),
        ],
        reasons=[(reason.value, count) for reason, count in summary.reasons],
        award_header=(
            "bid",
            "site",
            "kind",
            "zone",
            "reason",
            "why",
            "bought",
            "most",
            "comes back",
            "paid",
            "make-whole",
            "would have won at",
        ),
        awards=[_award_row(book, clearing, award, bids[award.bid_id]) for award in awards[:_MOST_AWARDS]],
        award_note=note if left_out > 0 else "",
    )


def _headlines(clearing: Clearing, summary: Summary) -> list[Headline]:
    currency = clearing.currency
    served_kwh = summary.target_kwh - summary.unserved_kwh
    return [
        Headline("cost", amount(clearing.objective, currency)),
        Headline("proven gap", percent(clearing.gap_ratio)),
        Headline("target served", share(served_kwh / summary.target_kwh) if summary.target_kwh else "-"),
        Headline("unserved", energy(summary.shortfall_kwh) if summary.shortfall_kwh else "none"),
        Headline("mean price per MWh", amount(summary.prices[1], currency) if summary.prices else "-"),
        Headline("paid to bids", amount(summary.paid, currency)),
        Headline("make-whole", amount(summary.make_whole, currency)),
        Headline("bids accepted", f"{summary.accepted_count:,} of {len(clearing.awards):,}"),
    ]


def _price_table(clearing: Clearing) -> TableSection:
    zones = [zone.price_per_mwh for zone in clearing.zone_prices]
    margins = margins_kw(clearing)
    cells = []
    for t, target_kw in enumerate(clearing.target_kw):
        short_kw = clearing.shortfall_kw[t]
        span = [prices[t] for prices in zones]
        cells.append(
            (
                f"{target_kw:,.0f}",
                f"{margins[t]:,.0f}" if margins[t] > _TRIFLE_KW else "",
                f"{target_kw + margins[t] - short_kw:,.0f}",
                f"{short_kw:,.0f}" if short_kw > _TRIFLE_KW else "",
                f"{clearing.price_per_mwh[t]:,.2f}",
                f"{min(span):,.2f} to {max(span):,.2f}" if span and min(span) != max(span) else "",
                clearing.price_rule[t].value.replace("_", " "),
            )
        )
    header = (
        "interval, UTC",
        "target kW",
        "margin kW",
        "served kW",
        "unserved kW",
        _per_mwh("price", clearing),
    )
    return TableSection(
        "Prices by interval", (*header, "zones", "rule"), joined_rows(clearing.start, clearing.step, cells)
    )


def _shortfall_table(clearing: Clearing) -> TableSection:
    rows = []
    for where, short_kw in (("all zones", clearing.shortfall_kw), *clearing.local_shortfall_kw):
        cells = [(f"{kw:,.1f}" if kw > _TRIFLE_KW else "",) for kw in short_kw]
        rows += [(where, *row) for row in joined_rows(clearing.start, clearing.step, cells, skip_empty=True)]
    return TableSection("Unserved target and margin", ("where", "interval, UTC", "kW"), rows)


def _make_whole_table(clearing: Clearing) -> TableSection:
    made_whole = sorted(clearing.made_whole.items(), key=lambda item: (-item[1], item[0]))
    return TableSection(
        "Make-whole amounts",
        ("bid", f"amount {clearing.currency}".strip()),
        [(bid_id, f"{paid:,.2f}") for bid_id, paid in made_whole],
    )


def _paradox_table(clearing: Clearing) -> TableSection:
    rejected = set(clearing.paradoxically_rejected)
    return TableSection(
        "Paradoxically rejected: the prices would have paid them, their size did not fit",
        ("bid", "would have won at", "why"),
        [
            (award.bid_id, _price(award.winning_price_per_mwh), award.detail)
            for award in clearing.awards
            if award.bid_id in rejected
        ],
    )


def _award_row(book: Book, clearing: Clearing, award: Award, bid: Bid) -> AwardRow:
    hours = clearing.step.total_seconds() / 3600
    is_accepted = award.reason.is_accepted
    bought_kwh, back_kwh = sum(award.reduction_kw) * hours, sum(award.rebound_kw) * hours
    paid = paid_for_energy(clearing, award.reduction_kw, award.price_per_mwh)
    return AwardRow(
        award.reason.value,
        is_accepted,
        (
            award.bid_id,
            f"{award.site_id} {award.resource_id}",
            kind_of(bid, book.direction).label,
            bid.zone,
            award.reason.value.removeprefix("ACCEPTED_").removeprefix("REJECTED_").replace("_", " ").lower(),
            award.detail,
            energy(bought_kwh) if is_accepted else "",
            f"{max(award.reduction_kw, default=0.0):,.0f} kW" if is_accepted else "",
            energy(back_kwh) if back_kwh else "",
            f"{paid:,.2f}" if is_accepted else "",
            f"{award.make_whole:,.2f}" if award.make_whole else "",
            _price(award.winning_price_per_mwh),
        ),
    )


def _price(price: Decimal | None) -> str:
    return "" if price is None else f"{price:,.2f}"


def _per_mwh(what: str, clearing: Clearing) -> str:
    return f"{what} {clearing.currency}/MWh" if clearing.currency else f"{what} per MWh"
