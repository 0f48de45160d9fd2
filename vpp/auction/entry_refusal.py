"""The words in which a bid, or a book, is refused at entry."""

import re

from vpp.auction.bid import Bid
from vpp.auction.book import Book
from vpp.foundation.errors import InvalidInput

CURRENCY = re.compile("[A-Z]{3}")
"""An ISO 4217 code, by its form."""

CURRENCY_EXPECTED = "three capital letters such as EUR, or none"


def refused(bid: Bid, field: str, value: object, expected: str) -> InvalidInput:
    """Return the error that refuses a bid.

    Args:
        bid: The bid.
        field: Name of the field that breaks a rule.
        value: What it holds.
        expected: What it should have held.

    Returns:
        The error; bid, field, value and expectation are also in its metadata.
    """
    message = f"{field} of bid {bid.bid_id} is {value}, expected {expected}"
    return InvalidInput(message, bid_id=bid.bid_id, field=field, value=str(value), expected=expected)


def refused_book(book: Book, field: str, value: object, expected: str) -> InvalidInput:
    """Return the error that refuses a book for a field that is no bid's.

    Args:
        book: The book.
        field: Name of the field that breaks a rule.
        value: What it holds.
        expected: What it should have held.

    Returns:
        The error; auction, field, value and expectation are also in its metadata.
    """
    message = f"{field} of {book.auction_id} is {value}, expected {expected}"
    return InvalidInput(message, auction_id=book.auction_id, field=field, value=str(value), expected=expected)
