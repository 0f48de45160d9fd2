"""Every promise of a clearing, checked one after another."""

from collections.abc import Iterator

from vpp.auction.book import Book
from vpp.auction.result import Clearing
from vpp.auction.verification import (
    bid_checks,
    family_checks,
    market_checks,
    money_checks,
    quality_checks,
    reason_checks,
    rebound_checks,
    run_checks,
    store_checks,
)
from vpp.auction.verification.award_arrays import AwardArrays
from vpp.auction.verification.book_arrays import BookArrays
from vpp.auction.verification.net_positions import NetPositions
from vpp.foundation.errors import BrokenPromise


def verify(book: Book, clearing: Clearing) -> None:
    """Refuse a clearing that breaks a promise.

    Args:
        book: The book.
        clearing: Its clearing.

    Raises:
        BrokenPromise: Some invariant does not hold; the message names all that do not.

    Source:
        Design of the auction engine, section 8, invariants.
    """
    broken = findings(book, clearing)
    if broken:
        raise BrokenPromise(
            f"clearing of {clearing.auction_id} breaks its promise: {'; '.join(broken)}",
            auction_id=clearing.auction_id,
            broken=str(len(broken)),
        )


def findings(book: Book, clearing: Clearing) -> tuple[str, ...]:
    """Return every promise that a clearing breaks, in words and numbers.

    Args:
        book: The book; it has passed entry.
        clearing: Its clearing, perhaps read from a file.

    Returns:
        One sentence per broken promise; none if all hold. If the clearing is not one of this
        book, or holds numbers that are none, only that is said.

    Source:
        Design of the auction engine, section 8, invariants.
    """
    arrays = BookArrays(book)
    strange = tuple(quality_checks.identity(arrays, clearing))
    if strange:
        return strange
    awards = AwardArrays(arrays, clearing)
    strange = tuple(quality_checks.finite(awards))
    return strange or tuple(_broken(awards))


def _broken(awards: AwardArrays) -> Iterator[str]:
    for of_awards in (
        bid_checks.within_bids,
        bid_checks.blocks_in_one_ratio,
        bid_checks.energy_limits,
        family_checks.links_and_groups,
        rebound_checks.rebounds,
        store_checks.stores,
        run_checks.run_limits,
    ):
        yield from of_awards(awards)
    nets = NetPositions(awards)
    for of_nets in (
        market_checks.balance,
        market_checks.limits,
        market_checks.local_targets,
        market_checks.security,
        market_checks.margin,
    ):
        yield from of_nets(awards, nets)
    money = money_checks.Money(awards)
    for of_money in (money_checks.families, money_checks.totals, money_checks.prices):
        yield from of_money(awards, money)
    for of_result in (reason_checks.reasons, quality_checks.quality, quality_checks.certificate):
        yield from of_result(awards)
