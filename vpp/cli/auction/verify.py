"""`vpp auction verify`: check a result against its book by plain arithmetic."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from vpp.auction.book import Book
from vpp.auction.entry import check_book
from vpp.auction.opened_bids import OpenedBids, check_openings
from vpp.auction.result import Clearing
from vpp.auction.verification import certified_bound, findings
from vpp.cli.auction.documents import read_book, read_result
from vpp.cli.auction.files import read_document
from vpp.cli.auction.progress import working
from vpp.cli.auction.wording import amount, counted, percent
from vpp.cli.output import make_table, show


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check of a result found.

    Attributes:
        violations: What does not hold, in words; empty if everything does.
        certified: The bound computed anew from the certificate; None without a certificate.
        gap_ratio: Distance from cost to that bound as a share of the cost; None without it.
        committed: Bids that are what they were committed to before the gate.
    """

    violations: tuple[str, ...]
    certified: Decimal | None
    gap_ratio: float | None
    committed: int = 0


def verify_files(book_file: Path, result_file: Path, *, as_json: bool) -> bool:
    """Check a result and print what was checked.

    Returns:
        Whether everything holds.

    Raises:
        NotFound: A file is missing.
        InvalidInput: A file does not hold what it should, or no auction would take the book.
    """
    with working(f"Reading {book_file} and {result_file}"):
        document = read_document(book_file, "book")
        book = read_book(book_file)
        check_book(book)
        clearing = read_result(result_file)
    with working(f"Checking {len(book.bids):,} bids"):
        opened = check_openings(document.get("bids", ()), book)
        verdict = check(book, clearing, opened)
    show(as_json, _document(clearing, verdict), _checks_table(book, clearing, verdict))
    if not as_json:
        _print_verdict(Console(highlight=False), verdict.violations)
    return not verdict.violations


def check(book: Book, clearing: Clearing, opened: OpenedBids | None = None) -> Verdict:
    """Check a result against its book: no model, no solver, sums and comparisons only.

    Args:
        book: The book.
        clearing: The result.
        opened: What was found of the bids' commitments; None if there are none.
    """
    violations = findings(book, clearing) + (opened.violations if opened else ())
    committed = opened.count if opened else 0
    if clearing.certificate is None:
        return Verdict(violations, None, None, committed)
    certified = certified_bound(book, clearing.certificate)
    distance = clearing.objective - certified
    share = distance / abs(clearing.objective) if clearing.objective else distance
    return Verdict(violations, certified, max(0.0, float(share)), committed)


def _checks_table(book: Book, clearing: Clearing, verdict: Verdict) -> Table:
    accepted = sum(award.reason.is_accepted for award in clearing.awards)
    bids, intervals = len(book.bids), book.horizon_interval_count
    made_whole = counted(len(clearing.made_whole), "bid")
    table = make_table(f"What was checked of {clearing.auction_id}", "promise", "figures")
    rows: Sequence[tuple[str, str]] = (
        (
            "feasibility: awards within bids, energy, stores, runs, links, groups, limits, target",
            f"{accepted:,} accepted of {bids:,} bids over {intervals} intervals",
        ),
        (
            "money: no bid paid below its price, make-whole, cost",
            f"cost {amount(clearing.objective, book.currency)}, {made_whole} made whole",
        ),
        (
            "reasons: one for every bid, and it fits the award",
            counted(len({award.reason for award in clearing.awards}), "different reason"),
        ),
        ("bound: computed anew from the certificate", _bound_words(clearing, verdict)),
        (
            "commitments: each bid is what was committed to before the gate",
            f"{verdict.committed:,} of {bids:,} bids have one that fits"
            if verdict.committed
            else "the book's file has none",
        ),
    )
    for promise, figures in rows:
        table.add_row(promise, escape(figures))
    return table


def _bound_words(clearing: Clearing, verdict: Verdict) -> str:
    stated = "none stated" if clearing.bound is None else amount(clearing.bound, clearing.currency)
    if verdict.certified is None:
        return f"{stated}; the result has no certificate to check it by"
    anew = amount(verdict.certified, clearing.currency)
    anew += f" by arithmetic alone, gap {percent(verdict.gap_ratio)}"
    return f"{anew}; stated {stated}, gap {percent(clearing.gap_ratio)}"


def _print_verdict(console: Console, violations: tuple[str, ...]) -> None:
    if not violations:
        console.print("[bold green]Everything holds.[/]")
        return
    console.print(f"[bold red]Does not hold: {counted(len(violations), 'violation')}.[/]")
    for violation in violations:
        console.print(f"  - {violation}", markup=False, soft_wrap=True)


def _document(clearing: Clearing, verdict: Verdict) -> dict[str, Any]:
    return {
        "auction_id": clearing.auction_id,
        "holds": not verdict.violations,
        "violations": list(verdict.violations),
        "committed_bid_count": verdict.committed,
        "objective": str(clearing.objective),
        "stated_bound": None if clearing.bound is None else str(clearing.bound),
        "certified_bound": None if verdict.certified is None else str(verdict.certified),
        "certified_gap_ratio": verdict.gap_ratio,
    }
