"""Counts bids at what their sites have shown, where that is less than what they say."""

from collections.abc import Sequence
from dataclasses import replace

from vpp.auction.bid import Bid
from vpp.dispatch.reliability import ReliabilityChoices, reliability_of
from vpp.workflows.ports import UnitOfWork


def derated(uow: UnitOfWork, bids: Sequence[Bid], choices: ReliabilityChoices) -> list[Bid]:
    """Return bids with the lower of two delivery ratios: the bid's own, and its site's.

    The site's comes from its scores in tests and in events of the market, which are data: whoever reads
    them finds the same ratio. A site that has shown nothing yet is taken at its word.

    Args:
        uow: Knows scores; its present instant is the one they are weighed at.
        bids: Bids as they were entered.
        choices: How much the past counts.
    """
    since = uow.now - choices.horizon
    shown = uow.scores.shown_since(since, {bid.site_id for bid in bids})
    ratios = {site_id: reliability_of(one, uow.now, choices).ratio for site_id, one in shown.items()}
    return [
        replace(bid, delivery_ratio=ratios[bid.site_id])
        if ratios.get(bid.site_id, 1.0) < bid.delivery_ratio
        else bid
        for bid in bids
    ]


def derating_note(counted_ratio: float, bid: Bid) -> str:
    """Say in a bid's outcome why it counted for less than it says; empty if it did not.

    Args:
        counted_ratio: Delivery ratio in the book that was cleared.
        bid: The bid as it was entered.

    Example:
        >>> from vpp.auction.bid import StepOffer
        >>> from datetime import datetime
        >>> derating_note(0.625, Bid("b", "north", "ups", "Z", datetime.min, 0.9, StepOffer(())))
        'counted at 0.625 of its reduction, as the site has delivered lately; the bid says 0.9'
    """
    if counted_ratio >= bid.delivery_ratio:
        return ""
    return (
        f"counted at {counted_ratio:.4g} of its reduction, as the site has delivered lately; the bid says "
        f"{bid.delivery_ratio:.4g}"
    )
