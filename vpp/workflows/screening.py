"""Which stored bids can stand in a book, so that one that cannot never holds up the others."""

from collections import Counter
from dataclasses import replace

from vpp.auction.bid import Bid
from vpp.auction.book import Book
from vpp.auction.entry import check_book
from vpp.foundation.errors import InvalidInput


def check_alone(book: Book, bid: Bid) -> None:
    """Refuse a bid that could not stand in a book even if it were the only one.

    Args:
        book: The book, whose own bids do not matter.
        bid: The bid; its group and its parent are not looked at.

    Raises:
        InvalidInput: A field breaks a rule of the book; names it, its value and what was expected.
    """
    check_book(replace(book, bids=(replace(bid, exclusive_group=None, parent_bid_id=None),)))


def screened(book: Book) -> tuple[Book, dict[str, str]]:
    """Leave out the bids that cannot stand in a book, and say why.

    Bids are checked when they are entered; what can still go wrong is that they are stored since
    older rules, that a parent is gone, or that a call has other limits than was thought. A group of
    which one bid is left is no group any more.

    Args:
        book: The book as it was collected.

    Returns:
        The book without them, and why each was left out, by bid id.

    Raises:
        InvalidInput: The book's own fields break a rule.
    """
    left_out: dict[str, str] = {}
    book = _related(book, left_out)
    if _refusal(book) is None:
        return book, left_out
    check_book(replace(book, bids=()))
    for bid in book.bids:
        try:
            check_alone(book, bid)
        except InvalidInput as refusal:
            left_out[bid.bid_id] = str(refusal)
    book = _related(_without(book, left_out), left_out)
    while (between := _refusal(book)) is not None:
        # What is left lies between bids: each pass leaves out one more.
        left_out[between.metadata["bid_id"]] = str(between)
        book = _related(_without(book, left_out), left_out)
    return book, left_out


def _refusal(book: Book) -> InvalidInput | None:
    try:
        check_book(book)
    except InvalidInput as refusal:
        return refusal
    return None


def _without(book: Book, left_out: dict[str, str]) -> Book:
    return replace(book, bids=tuple(bid for bid in book.bids if bid.bid_id not in left_out))


def _related(book: Book, left_out: dict[str, str]) -> Book:
    """Leave out children without their parent, and groups of one."""
    bids = book.bids
    while True:
        present = {bid.bid_id for bid in bids}
        orphans = {
            bid.bid_id: f"its parent bids/{bid.parent_bid_id} is not in the book"
            for bid in bids
            if bid.parent_bid_id is not None and bid.parent_bid_id not in present
        }
        if not orphans:
            break
        left_out |= orphans
        bids = tuple(bid for bid in bids if bid.bid_id not in orphans)
    sizes = Counter((bid.site_id, bid.exclusive_group) for bid in bids)
    return replace(
        book,
        bids=tuple(
            replace(bid, exclusive_group=None)
            if bid.exclusive_group is not None and sizes[bid.site_id, bid.exclusive_group] == 1
            else bid
            for bid in bids
        ),
    )
