"""`vpp auction clear`: from a book on disk to a result, a report and a drawing."""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from vpp.auction.book import Book
from vpp.auction.clearing import clear
from vpp.auction.clearing_json import clearing_to_document
from vpp.auction.result import Clearing, ClearingStatus
from vpp.auction.rules import ClearingRules
from vpp.cli.auction.documents import read_book
from vpp.cli.auction.files import check_targets, to_bytes, write_all
from vpp.cli.auction.progress import working
from vpp.cli.auction.summary import Summary, summarise, summary_document
from vpp.cli.auction.summary_rows import summary_rows
from vpp.cli.output import fields_table, make_table, show

_SHOWN_MADE_WHOLE = 10


@dataclass(frozen=True, slots=True)
class ClearTask:
    """What to clear, and where the results go.

    Attributes:
        book: File of the book.
        rules: Rules to clear it by.
        out: File of the result.
        report: File of the HTML report; None for none.
        plot: File of the drawing, PNG; None for none.
    """

    book: Path
    rules: ClearingRules
    out: Path
    report: Path | None = None
    plot: Path | None = None


def clear_file(task: ClearTask, *, as_json: bool) -> None:
    """Clear a book, write all that was asked for, then print the summary.

    Nothing is written unless everything succeeded.

    Raises:
        NotFound: There is no such book.
        InvalidInput: The book cannot be read or cleared, or a target cannot be written.
        BrokenPromise: The result breaks an invariant; a defect of the engine.
    """
    targets = {
        option: path
        for option, path in (("--out", task.out), ("--report", task.report), ("--plot", task.plot))
        if path is not None
    }
    check_targets(targets, inputs={"BOOK": task.book})
    with working(f"Reading {task.book}"):
        book = read_book(task.book)
    with working(_clearing_words(book, task.rules)):
        clearing = clear(book, task.rules)
    with working("Writing results"):
        summary = summarise(clearing)
        contents = {task.out: to_bytes(clearing_to_document(clearing))}
        contents |= _drawn(task, book, clearing, summary)
        write_all(contents)
    show(as_json, summary_document(clearing, summary), _summary_table(clearing, summary))
    if not as_json:
        _print_more(task, clearing, list(targets.values()))


def _clearing_words(book: Book, rules: ClearingRules) -> str:
    seconds = rules.time_limit.total_seconds()
    return (
        f"Clearing {len(book.bids):,} bids x {book.delivery_interval_count} intervals with "
        f"{rules.solver.value}, searching for {seconds:g} s at most"
    )


def _drawn(task: ClearTask, book: Book, clearing: Clearing, summary: Summary) -> dict[Path, bytes]:
    if task.report is None and task.plot is None:
        return {}
    from vpp.cli.auction.drawing import draw  # noqa: PLC0415  starts faster where nothing is drawn
    from vpp.cli.auction.report import render  # noqa: PLC0415  as above

    picture = draw(book, clearing)
    drawn = {} if task.plot is None else {task.plot: picture}
    if task.report is not None:
        drawn[task.report] = render(book, clearing, summary, picture).encode()
    return drawn


def _summary_table(clearing: Clearing, summary: Summary) -> Table:
    rows = [(field, escape(value)) for field, value in summary_rows(clearing, summary)]
    return fields_table(f"Auction {clearing.auction_id}", rows)


def _print_more(task: ClearTask, clearing: Clearing, written: list[Path]) -> None:
    """Print whom make-whole amounts go to, and what to do next."""
    console = Console(highlight=False)
    made_whole = sorted(clearing.made_whole.items(), key=lambda item: (-item[1], item[0]))
    if made_whole:
        table = make_table(
            f"Largest make-whole amounts, {len(made_whole):,} in all",
            "bid",
            f">amount {escape(clearing.currency)}",
        )
        for bid_id, paid in made_whole[:_SHOWN_MADE_WHOLE]:
            table.add_row(bid_id, f"{paid:,.2f}")
        console.print(table)
    if clearing.status is not ClearingStatus.OPTIMAL:
        seconds = task.rules.time_limit.total_seconds()
        console.print(f"Time ran out: a --time-limit above {seconds:g} may find better.")
    console.print(f"Wrote {', '.join(map(str, written))}.", soft_wrap=True, markup=False)
    console.print(
        f"Check it:         vpp auction verify {task.book} {task.out}", soft_wrap=True, markup=False
    )
    console.print(f"Ask about a bid:  vpp auction explain {task.out} --bid ID", soft_wrap=True, markup=False)
