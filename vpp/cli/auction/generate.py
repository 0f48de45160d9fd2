"""`vpp auction generate`: write a realistic random book."""

from collections import Counter
from pathlib import Path

from rich.console import Console

from vpp.auction.book_json import book_to_document
from vpp.auction.generated_book import BookMix, generate_book
from vpp.cli.auction.files import check_targets, to_bytes, write_all
from vpp.cli.auction.intervals import length
from vpp.cli.auction.kinds import kind_of
from vpp.cli.auction.progress import working
from vpp.cli.output import power_range


def generate_file(out: Path, *, bid_count: int, interval_count: int, mix: BookMix, seed: int) -> None:
    """Write a random book and say what is in it.

    Args:
        out: File of the book; replaced if it is there.
        bid_count: Number of bids.
        interval_count: Number of delivery intervals.
        mix: Kinds of bids.
        seed: The same seed gives the same book.

    Raises:
        InvalidInput: The file cannot be written.
    """
    check_targets({"--out": out}, inputs={})
    with working(f"Generating {bid_count:,} bids x {interval_count} intervals"):
        book = generate_book(bid_count=bid_count, interval_count=interval_count, mix=mix, seed=seed)
        write_all({out: to_bytes(book_to_document(book))})
    kinds = Counter(kind_of(bid, book.direction).label for bid in book.bids)
    named = ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common())
    console = Console(highlight=False)
    console.print(
        f"Wrote {out}: {len(book.bids):,} bids ({named}), "
        f"{len({bid.zone for bid in book.bids})} zones, {interval_count} intervals of {length(book.step)}, "
        f"target {power_range(book.target_kw)}.",
        soft_wrap=True,
        markup=False,
    )
    console.print(f"Clear it:  vpp auction clear {out} --out RESULT.json", soft_wrap=True, markup=False)
