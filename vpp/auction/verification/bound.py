"""The bound that a certificate's duals prove, recomputed from the book alone.

For the linear relaxation "minimise cost * x where rows * x is at least, at most or equal to their
right-hand sides, and low <= x <= high", any duals y whose signs fit their rows prove

    cost >= sum of y * right-hand side + sum over columns of min(rc * low, rc * high),
    rc = cost of the column - sum of y * the column's entry in each row

Every bid's rows and columns are rebuilt here from its own terms, kind by kind, so that a model
that lost a row, a limit or a cost proves too much and is found out. Money is in thousandths of
the currency throughout.

A column without an upper limit of its own (unserved target, net positions, backlog) gets one that
no sensible award exceeds: what all bids together could add up to.
"""

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from vpp.auction.book import Book
from vpp.auction.result import Certificate
from vpp.auction.verification.book_arrays import BookArrays
from vpp.auction.verification.bound_blocks import bound_blocks
from vpp.auction.verification.bound_market import MarketDuals
from vpp.auction.verification.bound_reach import Reach
from vpp.auction.verification.bound_steps import bound_steps
from vpp.auction.verification.bound_stores import bound_stores
from vpp.auction.verification.bound_worth import Worth
from vpp.auction.verification.duals import Duals

_MICRO = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Proof:
    """What the duals of a certificate prove.

    Attributes:
        bound: No awards can cost less, in currency.
        unknown: Duals that were left out because the book has no such row, in words.
    """

    bound: float
    unknown: tuple[str, ...]


def certified_bound(book: Book, certificate: Certificate) -> Decimal:
    """Return the bound that a certificate's duals prove for a book.

    Args:
        book: The book; it has passed entry.
        certificate: The certificate; the bound that it states is not looked at.

    Returns:
        The bound in currency, rounded down to a micro-unit.

    Source:
        Weak duality of linear programming; design of the auction engine, section 2.
    """
    proof = recompute_bound(BookArrays(book), certificate)
    return Decimal(repr(proof.bound)).quantize(_MICRO, ROUND_FLOOR)


def recompute_bound(book: BookArrays, certificate: Certificate) -> Proof:
    """Return the bound that a certificate's duals prove, and what of them had to be left out.

    Args:
        book: The book.
        certificate: The certificate.

    Returns:
        The proof.
    """
    duals = Duals(certificate)
    market = MarketDuals.read(book, duals)
    worth = Worth.read(book, duals, market.bid_worth)
    groups = duals.table("group", {key: place for place, key in enumerate(book.groups)}, (), sense=-1)
    milli = market.bound(Reach(book)) + worth.limits + float(groups.sum())
    milli += bound_steps(book, duals, worth, groups)
    milli += bound_blocks(book, duals, worth, groups)
    milli += bound_stores(book, duals, worth)
    return Proof(milli / 1000, duals.unknown)
