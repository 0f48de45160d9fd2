"""Why a bid was accepted or not."""

from dataclasses import dataclass

from vpp.auction.result import BidReason


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a bid was accepted or not.

    Attributes:
        reason: The code.
        detail: The same in words, with the numbers that prove it.
        figures: Those numbers, by name.
        winning_price: Effective price at or below which it would have been worth taking; None
            where no price would have won.
    """

    reason: BidReason
    detail: str
    figures: tuple[tuple[str, float], ...] = ()
    winning_price: float | None = None
