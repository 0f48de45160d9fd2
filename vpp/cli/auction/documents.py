"""Books and results as values, read from files; complaints name the file."""

from pathlib import Path

from vpp.auction.book import Book
from vpp.auction.book_json import book_from_document
from vpp.auction.clearing_json import clearing_from_document
from vpp.auction.result import Clearing
from vpp.cli.auction.files import read_document
from vpp.foundation.errors import InvalidInput


def read_book(path: Path) -> Book:
    """Read a book.

    Raises:
        NotFound: There is no such file.
        InvalidInput: It does not hold a book; the message names file and field.
    """
    document = read_document(path, "book")
    try:
        return book_from_document(document)
    except InvalidInput as error:
        raise InvalidInput(f"{path} is no book: {error}", **error.metadata) from error


def read_result(path: Path) -> Clearing:
    """Read the result of a clearing.

    Raises:
        NotFound: There is no such file.
        InvalidInput: It does not hold a result; the message names file and field.
    """
    document = read_document(path, "result")
    try:
        return clearing_from_document(document)
    except InvalidInput as error:
        raise InvalidInput(f"{path} is no result of a clearing: {error}", **error.metadata) from error
